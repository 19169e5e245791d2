import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import pytest
import yaml

from fizz.client.cli.commands.get import table_text
from fizz.client.cli.formats import Form, Output, as_list, name_of, parse_output, to_yaml, write
from fizz.client.cli.tables import age, table
from fizz.client.cli.targets import Target, parse_targets

WEB = {"apiVersion": "fizz.dev/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["table", "wide", "json", "yaml", "name", "jsonpath={.kind}"])
def test_formats_that_there_are(text: str) -> None:
    assert parse_output(text).form.value == text.partition("=")[0]


@pytest.mark.parametrize("text", ["xml", "jsonpath", "jsonpath=", "json=x", "jsonpath={.a["])
def test_formats_that_there_are_not(text: str) -> None:
    with pytest.raises(click.UsageError):
        parse_output(text)


def test_json_and_yaml_hold_the_object_as_it_is() -> None:
    assert json.loads(write(Output(Form.JSON), WEB)) == WEB
    assert yaml.safe_load(write(Output(Form.YAML), WEB)) == WEB


def test_yaml_keeps_the_order_and_writes_long_texts_as_blocks() -> None:
    assert to_yaml({"b": 1, "a": "one\ntwo\n", "c": "yes"}) == "b: 1\na: |\n  one\n  two\nc: 'yes'\n"


def test_names_and_paths_of_one_and_of_many() -> None:
    both = as_list([WEB, {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}}])

    assert write(Output(Form.NAME), WEB) == "deployment/web"
    assert write(Output(Form.NAME), both) == "deployment/web\ngadget.example.com/g"
    assert write(Output(Form.JSONPATH, "{.items[*].kind}"), both) == "Deployment Gadget"
    assert name_of({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}) == "secret/s"


def test_a_table_is_as_wide_as_it_must_be() -> None:
    assert (
        table(("NAME", "AGE"), [("web", "5s"), ("database", None)])
        == "NAME       AGE\nweb        5s\ndatabase   <none>"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d"), (-5, "0s")],
)
def test_ages(seconds: int, text: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


def test_the_age_of_nothing_is_unknown() -> None:
    assert age(None, NOW) == "<unknown>"


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        pytest.param(["pods"], [Target("pods")], id="a kind"),
        pytest.param(["a,b"], [Target("a"), Target("b")], id="kinds"),
        pytest.param(["a", "x", "y"], [Target("a", "x"), Target("a", "y")], id="names"),
        pytest.param(["a/x", "b/y"], [Target("a", "x"), Target("b", "y")], id="pairs"),
    ],
)
def test_targets(words: list[str], targets: list[Target]) -> None:
    assert parse_targets(words) == targets


@pytest.mark.parametrize("words", [[], ["a/x", "b"], ["a/x/y"], [","], ["/x"]])
def test_words_that_are_no_targets(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        parse_targets(words)


def server_table(*rows: tuple[str, Any, str]) -> dict[str, Any]:
    columns = [{"name": "Name"}, {"name": "Ready", "priority": 0}, {"name": "Image", "priority": 1}]
    objects = [{"cells": list(row), "object": {"metadata": {"namespace": "blog"}}} for row in rows]
    return {"columnDefinitions": columns, "rows": objects}


def test_the_servers_table_is_shown_without_its_wide_columns() -> None:
    pages = [server_table(("web", "1/2", "x")), {"columnDefinitions": [], "rows": []}]

    assert table_text(pages) == "NAME   READY\nweb    1/2"
    assert table_text(pages, wide=True).splitlines()[0] == "NAME   READY   IMAGE"
    assert table_text(pages, headers=False, prefix="deployment/") == "deployment/web   1/2"
    assert table_text(pages, with_namespace=True).splitlines()[1] == "blog        web    1/2"


def test_a_table_without_rows_is_nothing() -> None:
    assert table_text([server_table()]) == ""
