"""A project as `fizz config` prints it: the model, with dollar signs doubled so that it can be loaded again."""

from typing import Any, Literal

from fizz.client.compose.jsonform import json_form
from fizz.client.compose.project import Project

__all__ = ["render"]


def render(project: Project, *, escape: bool = True, form: Literal["yaml", "json"] = "yaml") -> dict[str, Any]:
    """The project in canonical form, keys sorted, as plain data that YAML and JSON can hold."""
    model = json_form(project.model) if form == "json" and project.interpolated else project.model
    rendered: dict[str, Any] = _escaped(model) if escape else model
    return rendered


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return value.replace("$", "$$") if "$" in value else value
        case dict():
            return {_escaped(key): _escaped(child) for key, child in value.items()}
        case list():
            return [_escaped(child) for child in value]
    return value
