"""How results are written: `-o table|wide|json|yaml|name|jsonpath=EXPRESSION`. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import click

from fizz.client.cli.jsonpath import JsonPathError, evaluate

__all__ = ["Form", "Output", "as_list", "name_of", "parse_output", "to_json", "to_yaml", "write"]


class Form(Enum):
    """The forms that there are."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"
    JSONPATH = "jsonpath"


@dataclass(frozen=True, slots=True)
class Output:
    """A form, and the expression of a JSONPath."""

    form: Form
    expression: str = ""

    @property
    def is_table(self) -> bool:
        return self.form in {Form.TABLE, Form.WIDE}


def parse_output(text: str) -> Output:
    """Read what stands behind -o. Raises `click.UsageError`."""
    word, equals, expression = text.partition("=")
    forms = {form.value: form for form in Form}
    if word not in forms or (equals and word != "jsonpath") or (word == "jsonpath" and not expression):
        raise click.UsageError(f"-o {text!r} is none of table, wide, json, yaml, name, jsonpath=EXPRESSION")
    if word == "jsonpath":
        try:
            evaluate(expression, {})
        except JsonPathError as problem:
            raise click.UsageError(f"-o jsonpath: {problem}") from problem
    return Output(forms[word], expression)


def write(output: Output, data: Any) -> str:
    """Objects in a form that is no table; `data` is one object or a List."""
    match output.form:
        case Form.JSON:
            return to_json(data)
        case Form.YAML:
            return to_yaml(data).rstrip("\n")
        case Form.JSONPATH:
            return evaluate(output.expression, data)
        case _:
            items = data["items"] if str(data.get("kind", "")).endswith("List") and "items" in data else [data]
            return "\n".join(name_of(item) for item in items)


def as_list(items: Sequence[Any]) -> Any:
    """Objects of any kinds as one `List`."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": list(items)}


def name_of(item: Any) -> str:
    """`deployment/web`; with the group for kinds that Fizz is not built with."""
    group = str(item.get("apiVersion", "")).rpartition("/")[0]
    kind = str(item.get("kind", "")).lower()
    suffix = "" if group in {"", "fizz.dev"} else f".{group}"
    return f"{kind}{suffix}/{item['metadata']['name']}"


def to_json(data: Any) -> str:
    """JSON in the order of the data, indented."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def to_yaml(data: Any) -> str:
    """YAML in the order of the data, texts of several lines as blocks."""
    import yaml  # not needed by most commands

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # C where it was built in
        """Writes texts of several lines as blocks."""

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return str(
        yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=1000)
    )
