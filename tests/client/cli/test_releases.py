import base64
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fizz.client.cli.failures import Failure
from fizz.client.cli.history import described, difference, history_table
from fizz.client.cli.project import Resources
from fizz.client.cli.releases import Draft, Note, Shelf, entries_of, good_before, last_before, make_release, number_of
from fizz.client.cli.revisions import key_secret, read_key, revision_of, with_content, without_content
from fizz.schemas import times
from fizz.schemas.types import JSON

KEY = b"k" * 32
NOTE = Note("ann@forge")


def thing(kind: str, name: str, **more: Any) -> JSON:
    version = "v1" if kind in {"Secret", "ConfigMap", "Namespace"} else "fizz.dev/v1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}


def web(image: str = "web:1", name: str = "web", **more: Any) -> JSON:
    return thing("Deployment", name, spec={"replicas": 1, "template": {"spec": {"image": image, **more}}})


def secret(text: str, name: str = "password") -> JSON:
    return thing("Secret", name, type="Opaque", data={name: base64.b64encode(text.encode()).decode()})


def resources(*items: JSON, **more: Any) -> Resources:
    return Resources("shop", "shop", items, **more)


def drafted(what: Resources, *releases: JSON, note: Note = NOTE) -> Draft:
    draft = make_release(what, Shelf(releases, KEY), note)
    assert draft is not None
    return draft


def released(number: int, *items: JSON, phase: str = "", deployed: bool = False) -> JSON:
    """A Release as the server has it."""
    draft = drafted(resources(*items))
    status = {**({"phase": phase} if phase else {}), **({"deployedAt": "2026-01-31T09:30:00Z"} if deployed else {})}
    metadata = {**draft.release["metadata"], "name": f"v{number}", "creationTimestamp": "2026-01-31T09:30:00Z"}
    spec = {**draft.release["spec"], "number": number}
    return {**draft.release, "metadata": metadata, "spec": spec, "status": status}


def test_a_release_names_what_was_applied_and_keeps_contents_elsewhere() -> None:
    draft = drafted(resources(web(), secret("hunter2"), thing("ConfigMap", "site", data={"site": "hello"})))

    spec = draft.release["spec"]
    assert (draft.release["metadata"]["name"], spec["number"]) == ("v1", 1)
    assert [(each["kind"], each["name"], bool(each.get("revision"))) for each in spec["resources"]] == [
        ("Deployment", "web", False),
        ("Secret", "password", True),
        ("ConfigMap", "site", True),
    ]
    content = base64.b64encode(b"hunter2").decode()
    told = str(draft.release) + str([entry.item for entry in entries_of(draft.release).values()])
    assert content not in told
    assert [item["data"] for item in draft.revisions] == [{"password": content}, {"site": "hello"}]
    assert all(item["immutable"] for item in draft.revisions)


def test_the_same_again_makes_no_release_and_anything_else_does() -> None:
    first = released(1, web(), secret("one"))

    again = make_release(resources(web(), secret("one")), Shelf([first], KEY), NOTE)
    other = make_release(resources(web(), secret("two")), Shelf([first], KEY), NOTE)
    newer = make_release(resources(web("web:2"), secret("one")), Shelf([first], KEY), NOTE)

    assert again is None
    assert [draft.release["metadata"]["name"] for draft in (other, newer) if draft] == ["v2", "v2"]


def test_a_part_of_the_project_takes_the_rest_over_from_the_release_before() -> None:
    first = released(1, web(), web("db:1", "db"), secret("one"))

    draft = drafted(resources(web("web:2"), partial=True), first)

    found = [entry.item for (kind, _), entry in entries_of(draft.release).items() if kind == "Deployment"]
    images = {item["metadata"]["name"]: item["spec"]["template"]["spec"]["image"] for item in found}
    assert images == {"web": "web:2", "db": "db:1"}
    assert draft.release["spec"]["resources"][-1]["revision"] == first["spec"]["resources"][-1]["revision"]


def test_what_left_the_file_leaves_the_release_unless_it_is_only_idle() -> None:
    first = released(1, web(), web("db:1", "db"), web("tool:1", "tool"))

    draft = drafted(resources(web(), idle=frozenset({("Deployment", "tool")})), first)

    assert {name for _, name in entries_of(draft.release)} == {"web", "tool"}


def test_images_are_told_by_content() -> None:
    what = resources(web(imageID="sha256:1"), digests={"sha256:1": ("shop/web@sha256:9",)})

    draft = drafted(what)

    assert draft.release["spec"]["images"] == [{"name": "web:1", "id": "sha256:1", "digests": ["shop/web@sha256:9"]}]


@given(count=st.integers(0, 25), keep=st.integers(1, 12), deployed=st.sets(st.integers(1, 25)))
def test_as_many_are_kept_as_wanted_and_the_last_that_worked(count: int, keep: int, deployed: set[int]) -> None:
    numbers = range(1, count + 1)
    releases = [empty_release(number, deployed=number in deployed) for number in numbers]

    draft = drafted(resources(web()), *releases, note=Note("ann@forge", keep=keep))

    gone = {number_of(each) for each in draft.surplus}
    newest = numbers[max(0, count - keep + 1) :]
    worked = [number for number in numbers if number in deployed]
    kept = {*newest} if deployed & {*newest} else {*newest, *worked[-1:]}
    assert {number for number in numbers if number not in gone} == kept


def empty_release(number: int, *, deployed: bool) -> JSON:
    spec = {"number": number, "digest": str(number), "resources": [], "manifest": EMPTY}
    return thing("Release", f"v{number}", spec=spec, status={"deployedAt": "x"} if deployed else {})


EMPTY = drafted(resources()).release["spec"]["manifest"]


def test_revisions_of_the_same_content_have_the_same_name_and_only_for_who_has_the_key() -> None:
    made = [revision_of(secret(text), "shop", KEY, "v1") for text in ("a", "a", "b")]
    made.append(revision_of(secret("a"), "shop", b"x" * 32, "v1"))

    names = [each["metadata"]["name"] for each in made if each]
    assert len(names) == 4
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_a_content_comes_back_as_it_was() -> None:
    item = thing("ConfigMap", "site", data={"a": "1"}, binaryData={"b": "AA=="})
    revision = revision_of(item, "shop", KEY, "v1")

    assert revision
    assert with_content(without_content(item), revision) == item


def test_a_long_name_still_makes_a_name() -> None:
    revision = revision_of(secret("a", "n" * 253), "shop", KEY, "v1")

    assert revision
    assert len(revision["metadata"]["name"]) <= 253


def test_a_key_comes_out_of_its_secret_as_it_went_in() -> None:
    assert len(read_key(key_secret("shop", "shop"))) == 32


def test_going_back_prefers_what_was_deployed_and_did_not_fail() -> None:
    a, b, c, d = web("a"), web("b"), web("c"), web("d")
    releases = [
        released(1, a, phase="Superseded", deployed=True),
        released(2, b, phase="Failed", deployed=True),
        released(3, c, phase="Superseded"),
        released(4, d, phase="Failed"),
    ]

    def good(number: int, among: Sequence[JSON] = releases) -> int | None:
        found = good_before(among, number)
        return number_of(found) if found else None

    assert good(4) == 1
    assert good(4, releases[1:]) == 3
    assert good(1) is None
    assert number_of(last_before(releases, 4) or {}) == 3
    assert last_before(releases, 1) is None


def test_going_back_skips_what_says_the_same_as_the_one_that_failed() -> None:
    releases = [
        released(1, web("good"), phase="Superseded", deployed=True),
        released(2, web("bad"), phase="Superseded", deployed=True),
        released(3, web("bad"), phase="Failed"),
    ]

    found = good_before(releases, 3)

    assert found is not None
    assert number_of(found) == 1


def test_the_difference_of_two_releases_is_told_by_field_and_that_of_contents_by_hash() -> None:
    old, new = released(1, web(), secret("one")), released(2, web("web:2"), secret("two"), web("x", "cache"))

    steps = {step.name: step for step in difference(old, new)}

    assert [str(each) for each in steps["deployment/web"].changes] == ["spec.template.spec.image: web:1 -> web:2"]
    (content,) = steps["secret/password"].changes
    assert content.field == "content"
    assert content.old != content.new
    assert str(content.new).startswith("password.")
    assert steps["deployment/cache"].verb == "create"
    assert [step.verb for step in difference(new, old)] == ["change", "change", "remove"]


def test_the_history_tells_what_changed_from_one_to_the_next() -> None:
    first, second = released(1, web(), secret("one")), released(2, web("web:2"), secret("one"))
    second["spec"]["origin"] = 1
    second["spec"]["message"] = "because\nof this"

    text = history_table([first, second], times.parse("2026-01-31T09:31:00Z"))

    assert text.splitlines()[2].split() == [
        "2",
        "Progressing",
        "60s",
        "ann@forge",
        "~",
        "deployment/web",
        "back",
        "to",
        "1;",
        "because",
    ]


def test_a_release_is_described_without_any_content() -> None:
    text = "\n".join(described(released(1, web(imageID="sha256:1"), secret("hunter2"))))

    assert "deployment/web" in text
    assert "sha256:1" in text
    assert base64.b64encode(b"hunter2").decode() not in text


def test_a_manifest_that_cannot_be_read_is_told() -> None:
    broken = released(1, web())
    broken["spec"]["manifest"] = "bm90aGluZw=="

    with pytest.raises(Failure, match="manifest of release v1 cannot be read"):
        entries_of(broken)


def test_a_release_that_cannot_be_read_is_in_nobodys_way() -> None:
    broken = released(1, web())
    broken["spec"]["manifest"] = "bm90aGluZw=="

    assert drafted(resources(web("web:2")), broken).release["metadata"]["name"] == "v2"
