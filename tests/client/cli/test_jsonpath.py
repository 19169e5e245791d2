import pytest

from fizz.client.cli.jsonpath import JsonPathError, evaluate

DATA = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "web", "labels": {"fizz.dev/service": "web"}},
            "spec": {"replicas": 2, "tags": ["a", "b", "c"]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Odd", "status": "False"}]},
        },
        {"metadata": {"name": "db"}, "spec": {"replicas": 1, "on": True}, "status": {"conditions": []}},
    ],
}


@pytest.mark.parametrize(
    ("template", "written"),
    [
        pytest.param("{.kind}", "List", id="field"),
        pytest.param(".kind", "List", id="without braces"),
        pytest.param("{$.kind}", "List", id="from the root"),
        pytest.param("{.items[*].metadata.name}", "web db", id="all"),
        pytest.param("{.items[0].metadata.name}", "web", id="index"),
        pytest.param("{.items[-1].metadata.name}", "db", id="from the end"),
        pytest.param("{.items[0].spec.tags[1:]}", "b c", id="slice"),
        pytest.param("{.items[0].metadata.labels['fizz.dev/service']}", "web", id="quoted"),
        pytest.param("{.items[?(@.spec.replicas>1)].metadata.name}", "web", id="greater"),
        pytest.param('{.items[?(@.metadata.name!="web")].spec.on}', "true", id="not equal"),
        pytest.param("{.items[?(@.spec.on)].metadata.name}", "db", id="has it"),
        pytest.param('{.items[0].status.conditions[?(@.type=="Ready")].status}', "True", id="condition"),
        pytest.param("{..replicas}", "2 1", id="deep"),
        pytest.param("{.items[0].spec.tags}", '["a","b","c"]', id="a list is JSON"),
        pytest.param("{.missing}", "", id="absent"),
        pytest.param("kind: {.kind}!", "kind: List!", id="text around"),
        pytest.param('{range .items[*]}{.metadata.name}={.spec.replicas}{"\\n"}{end}', "web=2\ndb=1\n", id="range"),
        pytest.param("{range .items[*]}[{range .spec.tags[*]}{@}{end}]{end}", "[abc][]", id="range in range"),
        pytest.param("{range .none[*]}x{end}", "", id="range over nothing"),
    ],
)
def test_a_template_is_filled_in(template: str, written: str) -> None:
    assert evaluate(template, DATA) == written


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{.items[", id="open bracket"),
        pytest.param("{.items", id="open brace"),
        pytest.param("{.items[?(nonsense)]}", id="filter"),
        pytest.param("{.items[]}", id="empty brackets"),
        pytest.param("{range .items[*]}x", id="range without end"),
        pytest.param("x{end}", id="end without range"),
        pytest.param('{.items[?(@.a=="x)]}', id="open quote"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(template: str) -> None:
    with pytest.raises(JsonPathError):
        evaluate(template, DATA)
