"""From a model to its structural schema: OpenAPI v3 as Kubernetes allows it in a CustomResourceDefinition.

A structural schema has a type at every level, no references, no unions but int-or-string, and says of lists how they
merge (`x-kubernetes-list-type`). Pydantic's JSON Schema becomes one by inlining `$ref`, by dropping the null of
optional fields (absence is how objects say "none") and by dropping titles.

Source: "Specifying a structural schema" in the Kubernetes documentation of CustomResourceDefinitions.
"""

from functools import cache
from typing import Any, Final

from fizz.schemas.base import JSON, Model

__all__ = ["structural_schema"]

_KEPT: Final = (
    "type",
    "format",
    "description",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "required",
    "x-kubernetes-int-or-string",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-validations",
)


@cache
def structural_schema(model: type[Model]) -> JSON:
    """The structural schema of a model; cached, so treat it as frozen. Raises `TypeError` for a field that has none."""
    whole = model.model_json_schema(by_alias=True, mode="validation")
    schema = _convert(whole, whole.get("$defs", {}), model.__name__)
    for name in ("apiVersion", "kind"):  # which version and kind it is, is never left to a default
        schema["properties"].get(name, {}).pop("default", None)
    return schema


def _convert(node: JSON, definitions: JSON, path: str) -> JSON:
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    if "anyOf" in node:
        options = [option for option in node["anyOf"] if option.get("type") != "null"]
        if len(options) != 1:
            raise TypeError(f"{path}: a union has no structural schema; give the field one with WithJsonSchema")
        rest = {key: value for key, value in node.items() if key != "anyOf"}
        return _convert({**options[0], **rest}, definitions, path)
    if "const" in node:
        node = {**node, "enum": [node["const"]]}
    result: JSON = {key: node[key] for key in _KEPT if key in node}
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if flag in result:  # JSON Schema 2020 holds the number here, OpenAPI v3.0 a flag beside it
            result[bound], result[flag] = result[flag], True
    if node.get("default") is not None and not isinstance(node["default"], dict | list):
        result["default"] = node["default"]
    if "properties" in node:
        result["properties"] = {
            name: _convert(child, definitions, f"{path}.{name}") for name, child in node["properties"].items()
        }
    elif node.get("type") == "object":
        values: Any = node.get("additionalProperties", True)
        if isinstance(values, dict) and values:
            result["additionalProperties"] = _convert(values, definitions, f"{path}[*]")
        else:
            result["x-kubernetes-preserve-unknown-fields"] = True
    if "items" in node:
        result["items"] = _convert(node["items"], definitions, f"{path}[]")
    return result
