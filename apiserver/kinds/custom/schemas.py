"""Whether a schema is structural: a type at every level, nothing that Kubernetes does not allow, and sense.

A schema has two layers. The *structure* says what there is: properties, items, types, defaults. Below `allOf`, `anyOf`,
`oneOf` and `not` there is only *judgement*: what is there already may be checked further, nothing new is brought in.

    type: object                                # structure
    properties: {size: {type: integer}}
    anyOf: [{properties: {size: {minimum: 1}}}] # judgement: size again, without its type

Source: "Specifying a structural schema" in the documentation of CustomResourceDefinitions, and the validation of
apiextensions.k8s.io/v1, whose words these are.
"""

from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, forbidden, invalid, not_supported, required, type_invalid
from fizz.apiserver.kinds.checking import compile_rule
from fizz.apiserver.kinds.nodes import SchemaError, parse, parse_object
from fizz.apiserver.kinds.patterns import compile_pattern
from fizz.apiserver.kinds.values import TYPES
from fizz.schemas.base import JSON

__all__ = ["check_schema", "prune_schema"]

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_MAPS: Final = ("properties", "patternProperties", "definitions", "dependencies")
_LISTS: Final = ("allOf", "anyOf", "oneOf")
_SINGLE: Final = ("items", "additionalProperties", "additionalItems", "not")
_PREFIX: Final = "x-kubernetes-"
_KNOWN: Final = frozenset({
    "id", "$schema", "$ref", "description", "type", "format", "title", "default", "maximum", "exclusiveMaximum",
    "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems",
    "multipleOf", "enum", "maxProperties", "minProperties", "required", "externalDocs", "example", "nullable",
    f"{_PREFIX}preserve-unknown-fields", f"{_PREFIX}embedded-resource", f"{_PREFIX}int-or-string",
    f"{_PREFIX}list-map-keys", f"{_PREFIX}list-type", f"{_PREFIX}map-type", f"{_PREFIX}validations",
    *_MAPS, *_LISTS, *_SINGLE,
})  # fmt: skip
_RULE_KEYS: Final = ("rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf")
_KEYWORD_TYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("type", "format", "pattern", "description", "title", "id", "$schema", "$ref"), str),
    **dict.fromkeys((f"{_PREFIX}list-type", f"{_PREFIX}map-type"), str),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), int),
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), int | float),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "nullable"), bool),
    **dict.fromkeys(
        (f"{_PREFIX}preserve-unknown-fields", f"{_PREFIX}embedded-resource", f"{_PREFIX}int-or-string"), bool
    ),
    **dict.fromkeys(("enum", "required", f"{_PREFIX}list-map-keys", f"{_PREFIX}validations", *_LISTS), list),
    **dict.fromkeys(_MAPS, dict),
}
_TYPE_NAMES: Final = {
    str: "string",
    int: "integer",
    int | float: "number",
    bool: "boolean",
    list: "array",
    dict: "object",
}
_UNSUPPORTED: Final = ("patternProperties", "definitions", "dependencies", "additionalItems", "id", "$schema", "$ref")
_SCALARS: Final = ("string", "integer", "number", "boolean")


def prune_schema(schema: Any, path: str, unknown: list[str]) -> Any:
    """The schema without keywords that mean nothing; their paths are added to `unknown`."""
    if not isinstance(schema, dict):
        return schema
    kept: JSON = {}
    for key, value in schema.items():
        here = f"{path}.{key}"
        if key not in _KNOWN:
            unknown.append(here)
        elif value is None and key != "default":
            continue
        elif key in _MAPS and isinstance(value, dict):
            kept[key] = {name: prune_schema(each, f"{here}.{name}", unknown) for name, each in value.items()}
        elif key in _LISTS and isinstance(value, list):
            kept[key] = [prune_schema(each, f"{here}[{index}]", unknown) for index, each in enumerate(value)]
        elif key in _SINGLE:
            kept[key] = prune_schema(value, here, unknown)
        elif key == f"{_PREFIX}validations" and isinstance(value, list):
            kept[key] = [_prune_rule(each, f"{here}[{index}]", unknown) for index, each in enumerate(value)]
        else:
            kept[key] = value
    return kept


def _prune_rule(rule: Any, path: str, unknown: list[str]) -> Any:
    if not isinstance(rule, dict):
        return rule
    unknown.extend(f"{path}.{key}" for key in rule if key not in _RULE_KEYS)
    return {key: value for key, value in rule.items() if key in _RULE_KEYS and value is not None}


def check_schema(schema: Any, path: str) -> list[Cause]:
    """What is wrong with the schema of a whole object; `path` is the field that holds it."""
    if not isinstance(schema, dict):
        return [invalid(path, schema, "must be an object")]
    causes = _types(schema, path) or _structure(schema, path, root=True)
    if causes:
        return causes
    try:
        parse(schema)
    except SchemaError as problem:
        return [invalid(f"{path}.{problem.where}", _value_at(schema, problem.where), problem.problem)]
    return _defaults(schema, path)


def _types(schema: Any, path: str) -> list[Cause]:
    """Keywords whose values are of the wrong type, at all levels: the rest cannot be judged then."""
    if not isinstance(schema, dict):
        return [_mistyped(path, schema, "object")]
    causes: list[Cause] = []
    for key, value in schema.items():
        here, kind = f"{path}.{key}", _KEYWORD_TYPES.get(key)
        if kind is not None and (not isinstance(value, kind) or (value.__class__ is bool and kind is not bool)):
            causes.append(_mistyped(here, value, _TYPE_NAMES[kind]))
        elif key in _MAPS:
            causes += [cause for name, each in value.items() for cause in _types(each, f"{here}[{name}]")]
        elif key in _LISTS:
            causes += [cause for index, each in enumerate(value) for cause in _types(each, f"{here}[{index}]")]
        elif key in {"required", f"{_PREFIX}list-map-keys"}:
            causes += [_mistyped(here, each, "string") for each in value if not isinstance(each, str)]
        elif key == f"{_PREFIX}validations":
            causes += [cause for index, each in enumerate(value) for cause in _rule_types(each, f"{here}[{index}]")]
        elif (
            key in {"not", "additionalItems"}
            or (key == "items" and not isinstance(value, list))
            or (key == "additionalProperties" and not isinstance(value, bool))
        ):
            causes += _types(value, here)
    return causes


def _rule_types(rule: Any, path: str) -> list[Cause]:
    if not isinstance(rule, dict):
        return [_mistyped(path, rule, "object")]
    return [
        _mistyped(f"{path}.{key}", value, "boolean" if key == "optionalOldSelf" else "string")
        for key, value in rule.items()
        if not isinstance(value, bool if key == "optionalOldSelf" else str)
    ]


def _mistyped(path: str, value: Any, wanted: str) -> Cause:
    found = TYPES[value.__class__]
    return type_invalid(path, found, f'{path} must be of type {wanted}: "{found}"')


def _structure(schema: Any, path: str, *, root: bool = False, resource: bool = False) -> list[Cause]:
    """Of a level of the structure and all below it; `resource` says that it is an embedded object's own level."""
    if not isinstance(schema, dict):
        return [invalid(path, schema, "must be an object")]
    resource = resource or root or schema.get(f"{_PREFIX}embedded-resource") is True
    causes = _never(schema, path)
    causes += _type(schema, path, root=root)
    causes += _extensions(schema, path)
    causes += _lists(schema, path)
    if resource:
        causes += _identity(schema, path)
    for name, child in _items(schema, "properties"):
        causes += _structure(child, f"{path}.properties[{name}]", resource=False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            causes += _structure(schema[key], f"{path}.{key}")
    for key, place, judged in _judgements(schema, path):
        causes += _judgement(judged, place, schema, loose=_may_say_types(schema, key, judged))
    return causes


def _never(schema: JSON, path: str) -> list[Cause]:
    """What is allowed nowhere."""
    causes = [forbidden(f"{path}.{key}", f"{key} is not supported") for key in _UNSUPPORTED if schema.get(key)]
    if schema.get("uniqueItems") is True:
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        causes.append(forbidden(f"{path}.uniqueItems", detail))
    if schema.get("additionalProperties") is False:
        causes.append(forbidden(f"{path}.additionalProperties", "additionalProperties cannot be set to false"))
    elif schema.get("additionalProperties") and schema.get("properties"):
        causes.append(
            forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        )
    if isinstance(schema.get("items"), list):
        causes.append(forbidden(f"{path}.items", "items must be a schema object and not an array"))
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            compile_pattern(pattern)
        except ValueError as problem:
            detail = f"must be a valid regular expression, but isn't: {problem}"
            causes.append(invalid(f"{path}.pattern", pattern, detail))
    return causes


def _type(schema: JSON, path: str, *, root: bool) -> list[Cause]:
    kind = schema.get("type", "")
    place = f"{path}.type"
    anything = schema.get(f"{_PREFIX}preserve-unknown-fields") is True
    either = schema.get(f"{_PREFIX}int-or-string") is True
    causes: list[Cause] = []
    if root:
        if not kind:
            return [required(place, "must not be empty at the root")]
        return [] if kind == "object" else [invalid(place, kind, "must be object at the root")]
    if kind == "null":
        return [forbidden(place, "type cannot be set to null, use nullable as an alternative")]
    if kind and kind not in _TYPES:
        return [not_supported(place, kind, _TYPES)]
    if either:
        if kind:
            causes.append(invalid(place, kind, "must be empty if x-kubernetes-int-or-string is true"))
    elif not kind and not anything:
        what = "array items" if path.endswith(".items") else "object fields"
        causes.append(required(place, f"must not be empty for specified {what}"))
    if kind == "array" and not schema.get("items"):
        causes.append(required(f"{path}.items", "must be specified"))
    return causes


def _extensions(schema: JSON, path: str) -> list[Cause]:
    causes: list[Cause] = []
    kind = schema.get("type", "")
    if schema.get(f"{_PREFIX}preserve-unknown-fields") is False:
        causes.append(invalid(f"{path}.{_PREFIX}preserve-unknown-fields", False, "must be true or undefined"))
    if schema.get(f"{_PREFIX}preserve-unknown-fields") is True and kind not in {"", "object"}:
        detail = "must be object if x-kubernetes-preserve-unknown-fields is true"
        causes.append(invalid(f"{path}.type", kind, detail))
    if schema.get(f"{_PREFIX}embedded-resource") is True:
        if kind != "object":
            where = f"{path}.type"
            detail = "must be object if x-kubernetes-embedded-resource is true"
            causes.append(invalid(where, kind, detail) if kind else required(where, detail))
        if not schema.get(f"{_PREFIX}preserve-unknown-fields") and not schema.get("properties"):
            detail = (
                "must not be empty if x-kubernetes-embedded-resource is true without "
                "x-kubernetes-preserve-unknown-fields"
            )
            causes.append(required(f"{path}.properties", detail))
    map_type = schema.get(f"{_PREFIX}map-type")
    if map_type is not None:
        if map_type not in {"atomic", "granular"}:
            causes.append(not_supported(f"{path}.{_PREFIX}map-type", map_type, ("atomic", "granular")))
        if kind != "object":
            where = f"{path}.type"
            detail = "must be object if x-kubernetes-map-type is specified"
            causes.append(invalid(where, kind, detail) if kind else required(where, detail))
    return causes


def _lists(schema: JSON, path: str) -> list[Cause]:
    """The rules on lists that are sets or maps."""
    list_type, keys = schema.get(f"{_PREFIX}list-type"), schema.get(f"{_PREFIX}list-map-keys")
    if list_type is None and not keys:
        return []
    at_type, at_keys = f"{path}.{_PREFIX}list-type", f"{path}.{_PREFIX}list-map-keys"
    causes: list[Cause] = []
    if list_type is not None and schema.get("type") != "array":
        where, detail = f"{path}.type", "must be array if x-kubernetes-list-type is specified"
        causes.append(invalid(where, schema["type"], detail) if schema.get("type") else required(where, detail))
    if list_type not in {None, "atomic", "set", "map"}:
        return [*causes, not_supported(at_type, list_type, ("atomic", "map", "set"))]
    if list_type != "map":
        if keys:
            causes.append(invalid(at_type, list_type or "", "must be map if x-kubernetes-list-map-keys is non-empty"))
        return causes + (_set_items(schema, path) if list_type == "set" else [])
    if not keys:
        return [*causes, required(at_keys, "must not be empty if x-kubernetes-list-type is map")]
    items = schema.get("items")
    if not isinstance(items, dict):
        return causes
    if items.get("type") != "object":
        where, detail = f"{path}.items.type", "must be object if parent array's x-kubernetes-list-type is map"
        causes.append(invalid(where, items.get("type", ""), detail))
    if len(set(keys)) < len(keys):
        causes.append(invalid(at_keys, keys, "must not contain duplicates"))
    properties = items.get("properties") or {}
    for key in keys:
        causes += _map_key(key, properties, items.get("required") or (), keys, path)
    return causes


def _map_key(key: str, properties: JSON, needed: Any, keys: Any, path: str) -> list[Cause]:
    child = properties.get(key)
    if not isinstance(child, dict):
        return [invalid(f"{path}.{_PREFIX}list-map-keys", keys, "entries must all be names of item properties")]
    place = f"{path}.items.properties[{key}]"
    causes: list[Cause] = []
    if child.get("type") not in _SCALARS and not child.get(f"{_PREFIX}int-or-string"):
        detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
        causes.append(invalid(f"{place}.type", child.get("type", ""), detail))
    if "default" not in child and key not in needed:
        detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        causes.append(required(f"{place}.default", detail))
    if child.get("nullable") is True:
        detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
        causes.append(forbidden(f"{place}.nullable", detail))
    return causes


def _set_items(schema: JSON, path: str) -> list[Cause]:
    items = schema.get("items")
    if not isinstance(items, dict):
        return []
    causes: list[Cause] = []
    if items.get("nullable") is True:
        detail = "cannot be nullable when x-kubernetes-list-type is set"
        causes.append(forbidden(f"{path}.items.nullable", detail))
    if items.get("type") == "object" and items.get(f"{_PREFIX}map-type") != "atomic":
        detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
        causes.append(invalid(f"{path}.items.{_PREFIX}map-type", items.get(f"{_PREFIX}map-type", ""), detail))
    if items.get("type") == "array" and items.get(f"{_PREFIX}list-type") not in {None, "atomic"}:
        detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
        causes.append(invalid(f"{path}.items.{_PREFIX}list-type", items.get(f"{_PREFIX}list-type"), detail))
    return causes


def _identity(schema: JSON, path: str) -> list[Cause]:
    """apiVersion, kind and metadata of a whole object belong to the API."""
    properties = schema.get("properties") or {}
    causes: list[Cause] = []
    for name in ("apiVersion", "kind"):
        child = properties.get(name)
        if isinstance(child, dict) and child.get("type") not in {None, "string"}:
            causes.append(invalid(f"{path}.properties[{name}].type", child["type"], "must be string"))
    metadata = properties.get("metadata")
    if not isinstance(metadata, dict):
        return causes
    place = f"{path}.properties[metadata]"
    if metadata.get("type") not in {None, "object"}:
        causes.append(invalid(f"{place}.type", metadata["type"], "must be object"))
    others = set(metadata) - {"type", "description", "properties", "title"}
    names = set(metadata.get("properties") or {}) - {"name", "generateName"}
    if others or names:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        causes.append(forbidden(place, detail))
    return causes


def _judgements(schema: JSON, path: str) -> list[tuple[str, str, Any]]:
    found = [
        (key, f"{path}.{key}[{index}]", each) for key in _LISTS for index, each in enumerate(schema.get(key) or ())
    ]
    return [*found, ("not", f"{path}.not", schema["not"])] if "not" in schema else found


def _may_say_types(schema: JSON, key: str, judged: Any) -> bool:
    """Of int-or-string, `anyOf: [{type: integer}, {type: string}]` is an old way of saying it."""
    if schema.get(f"{_PREFIX}int-or-string") is not True or not isinstance(judged, dict):
        return False
    both = [{"type": "integer"}, {"type": "string"}]
    return (key == "anyOf" and judged in both) or (key == "allOf" and judged.get("anyOf") == both)


def _judgement(schema: Any, path: str, structure: Any, *, loose: bool = False) -> list[Cause]:
    """Of a level below a logical keyword; `structure` is what the structure says at the same place."""
    if not isinstance(schema, dict):
        return [invalid(path, schema, "must be an object")]
    causes = _never(schema, path)
    if schema.get("type") and not loose:
        causes.append(forbidden(f"{path}.type", "must be empty to be structural"))
    causes += [
        forbidden(f"{path}.{key}", "must be empty to be structural")
        for key in ("description", "title", f"{_PREFIX}list-type", f"{_PREFIX}list-map-keys", f"{_PREFIX}map-type")
        if schema.get(key)
    ]
    causes += [
        forbidden(f"{path}.{key}", "must be undefined to be structural")
        for key in ("default", "additionalProperties", f"{_PREFIX}preserve-unknown-fields")
        if schema.get(key) is not None
    ]
    causes += [
        forbidden(f"{path}.{key}", "must be false to be structural")
        for key in ("nullable", f"{_PREFIX}embedded-resource", f"{_PREFIX}int-or-string")
        if schema.get(key) is True
    ]
    if schema.get(f"{_PREFIX}validations"):
        causes.append(forbidden(f"{path}.{_PREFIX}validations", "must be empty to be structural"))
    outer = structure if isinstance(structure, dict) else {}
    known = outer.get("properties") or {}
    for name, child in _items(schema, "properties"):
        rest = outer.get("additionalProperties")
        if name not in known and not isinstance(rest, dict) and not outer.get(f"{_PREFIX}preserve-unknown-fields"):
            causes.append(required(f"{path}.properties[{name}]", "because it is not defined in the structure"))
        causes += _judgement(child, f"{path}.properties[{name}]", known.get(name, rest))
    if isinstance(schema.get("items"), dict):
        causes += _judgement(schema["items"], f"{path}.items", outer.get("items"))
    for key, place, judged in _judgements(schema, path):
        may = _may_say_types(outer, key, judged) or (loose and key == "anyOf")
        causes += _judgement(judged, place, outer, loose=may)
    return causes


def _items(schema: JSON, key: str) -> list[tuple[str, Any]]:
    found = schema.get(key)
    return list(found.items()) if isinstance(found, dict) else []


def _defaults(schema: JSON, path: str) -> list[Cause]:
    """Defaults must be values that the schema allows; compiling it finds those that are not."""
    try:
        compile_rule(parse_object(schema)[1])
    except SchemaError as problem:
        where = f"{path}.{problem.where}" if problem.where else path
        return [invalid(where, _value_at(schema, problem.where), problem.problem)]
    return []


def _value_at(schema: Any, where: str) -> Any:
    """What stands at a path as `properties[spec].items.default`."""
    for part in where.replace("]", "").replace("[", ".").split("."):
        if isinstance(schema, dict):
            schema = schema.get(part)
        elif isinstance(schema, list) and part.isdigit() and int(part) < len(schema):
            schema = schema[int(part)]
        else:
            return where
    return schema
