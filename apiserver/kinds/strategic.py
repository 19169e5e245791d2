"""Strategic merge patch: a merge patch that knows from the schema how lists merge. Clients send it for built-in kinds.

Maps merge key by key and null deletes, as in a JSON merge patch. A list merges item by item if the schema says how:

| schema | items are found by |
|---|---|
| x-kubernetes-patch-merge-key | that field |
| x-kubernetes-list-type: map, x-kubernetes-list-map-keys | these fields |
| x-kubernetes-list-type: set | their value |
| nothing of these | not at all: the patch replaces the list |

Metadata merges by the rules of ObjectMeta, whatever the schema says. Directives stand between the fields:

    $patch: replace                     what is beside it takes the place of the map (in an item: of the whole list)
    $patch: delete                      empties the map (in an item: removes the items with its key)
    $patch: merge                       says nothing new
    $retainKeys: [a, b]                 the map keeps only these keys
    $deleteFromPrimitiveList/f: [x]     removes values from the list f
    $setElementOrder/f: [...]           the order of the list f afterwards; for items that are maps, their keys alone

Without `$setElementOrder`, patched items stand in the patch's order. An item that is not spoken of goes before the
first one that came after it in the target; so new items come first unless an order is given:

    target [a, b, c]    $setElementOrder [c, a]    result [b, c, a]
    target [a, b]       patch [x]                  result [x, a, b]

Source: "Strategic Merge Patch" in the Kubernetes API conventions and community documentation.
"""

from collections.abc import Callable
from typing import Any, Final

from fizz.apiserver.kinds.patches import PatchError
from fizz.apiserver.kinds.values import clone, fingerprint
from fizz.schemas.base import JSON

__all__ = ["strategic_merge_patch"]

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_DELETE: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"

_METADATA: Final[JSON] = {
    "type": "object",
    "properties": {
        "finalizers": {"type": "array", "x-kubernetes-list-type": "set"},
        "ownerReferences": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["uid"],
            "items": {"type": "object"},
        },
    },
}

_Key = Callable[[Any], bytes]
"""What finds an item in a list that merges."""


def strategic_merge_patch(target: JSON, patch: JSON, schema: JSON) -> JSON:
    """The target after the patch; `schema` is that of the whole object. Neither argument is changed or shared.

    Raises `PatchError` for a directive that is not known, or of the wrong form, and for items without their key.
    """
    whole = {**schema, "properties": {**(schema.get("properties") or {}), "metadata": _METADATA}}
    return _merge_map(clone(target), patch, whole, "")


def _merge_map(target: JSON, patch: JSON, schema: JSON, path: str) -> JSON:
    """The target, which is changed, after the patch."""
    match patch.get(_PATCH):
        case None | "merge":
            pass
        case "replace":
            return _bare_map(patch)
        case "delete":
            return {}
        case other:
            raise _unknown(other, path)
    _retain(target, patch, path)
    for name in dict.fromkeys(key.removeprefix(_DELETE).removeprefix(_ORDER) for key in patch):
        if name not in (_PATCH, _RETAIN):
            _merge_field(target, patch, name, _child(schema, name), f"{path}.{name}")
    return target


def _unknown(directive: Any, path: str) -> PatchError:
    return PatchError(f"{path or '.'}: unknown {_PATCH} {directive!r}; it is replace, delete or merge")


def _retain(target: JSON, patch: JSON, path: str) -> None:
    if _RETAIN not in patch:
        return
    retained = patch[_RETAIN]
    if not isinstance(retained, list) or any(not isinstance(name, str) for name in retained):
        raise PatchError(f"{path or '.'}: {_RETAIN} is a list of keys")
    for name, value in patch.items():
        if value is not None and not name.startswith("$") and name not in retained:
            raise PatchError(f"{path or '.'}: the patch sets {name!r}, which its {_RETAIN} does not name")
    for name in target.keys() - set(retained):
        del target[name]


def _merge_field(target: JSON, patch: JSON, name: str, schema: JSON, path: str) -> None:
    """Merge one field, together with the directives that speak of it."""
    deleted, order = _directive(patch, _DELETE, name, path), _directive(patch, _ORDER, name, path)
    key = _list_key(schema, path)
    before, value = target.get(name), patch.get(name)
    if isinstance(before, dict) and isinstance(value, dict):
        target[name] = _merge_map(before, value, schema, path)
    elif isinstance(before, list) and isinstance(value, list) and key:
        target[name] = _merge_list(before, value, order, schema, key, path)
    elif name in patch and _is_nothing(value):
        target.pop(name, None)
    elif name in patch:
        target[name] = _bare(value)
    elif isinstance(before, list) and key and order:
        target[name] = _ordered(before, order, before, key)
    if deleted and isinstance(target.get(name), list):
        gone = {fingerprint(value) for value in deleted}
        target[name] = [item for item in target[name] if fingerprint(item) not in gone]


def _directive(patch: JSON, directive: str, name: str, path: str) -> list[Any]:
    value = patch.get(directive + name)
    if value is not None and not isinstance(value, list):
        raise PatchError(f"{path}: {directive.rstrip('/')} is a list")
    return value or []


def _merge_list(target: list[Any], patch: list[Any], order: list[Any], schema: JSON, key: _Key, path: str) -> list[Any]:
    directives = [item.get(_PATCH) if isinstance(item, dict) else None for item in patch]
    if "replace" in directives:
        return [_bare(item) for item, directive in zip(patch, directives, strict=True) if directive is None]
    result: dict[bytes, Any] = {}
    for item in target:
        result.setdefault(key(item), item)
    for item, directive in zip(patch, directives, strict=True):
        found = key(item)
        if directive == "delete":
            result.pop(found, None)
        elif directive not in (None, "merge"):
            raise _unknown(directive, path)
        elif isinstance(item, dict) and isinstance(result.get(found), dict):
            result[found] = _merge_map(result[found], item, schema.get("items") or {}, path)
        else:
            result.setdefault(found, _bare(item))
    return _ordered(list(result.values()), order or patch, target, key)


def _ordered(items: list[Any], wanted: list[Any], before: list[Any], key: _Key) -> list[Any]:
    """The items in the order that is wanted, and among them those of which it does not speak."""
    order = {found: position for position, found in enumerate(dict.fromkeys(map(key, wanted)))}
    live = {found: position for position, found in enumerate(dict.fromkeys(map(key, before)))}
    named = sorted((item for item in items if key(item) in order), key=lambda item: order[key(item)])
    others = sorted((item for item in items if key(item) not in order), key=lambda item: live.get(key(item), len(live)))
    result: list[Any] = []
    for item in named:
        place = live.get(key(item))
        while place is not None and others and live.get(key(others[0]), len(live)) < place:
            result.append(others.pop(0))
        result.append(item)
    return result + others


def _child(schema: JSON, name: str) -> JSON:
    known = (schema.get("properties") or {}).get(name) or schema.get("additionalProperties")
    return known if isinstance(known, dict) else {}


def _list_key(schema: JSON, path: str) -> _Key | None:
    """How the items of a list are found; None if the list does not merge."""
    merge_key = schema.get("x-kubernetes-patch-merge-key")
    strategy = str(schema.get("x-kubernetes-patch-strategy") or "merge")
    if "merge" not in strategy:
        return None
    if merge_key:
        return _by_fields([merge_key], schema, path)
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return fingerprint
        case "map":
            return _by_fields(schema.get("x-kubernetes-list-map-keys") or [], schema, path)
    return fingerprint if "x-kubernetes-patch-strategy" in schema else None


def _by_fields(names: list[str], schema: JSON, path: str) -> _Key:
    properties = (schema.get("items") or {}).get("properties") or {}
    defaults = {name: (properties.get(name) or {}).get("default") for name in names}

    def key(item: Any) -> bytes:
        if not isinstance(item, dict):
            raise PatchError(f"{path}: its items are maps, found by {', '.join(names)}")
        values = [item.get(name, default) for name, default in defaults.items()]
        if None in values:
            raise PatchError(f"{path}: an item does not contain its merge key {', '.join(names)}")
        return fingerprint(values)

    return key


def _is_nothing(value: Any) -> bool:
    """Whether a patch's value only takes away."""
    return value is None or (isinstance(value, dict) and value.get(_PATCH) == "delete")


def _bare(value: Any) -> Any:
    """A copy of what a patch adds, without directives, nulls and what is only taken away."""
    match value:
        case dict():
            return _bare_map(value)
        case list():
            return [_bare(item) for item in value if item is None or not _is_nothing(item)]
    return value


def _bare_map(value: JSON) -> JSON:
    return {name: _bare(each) for name, each in value.items() if not name.startswith("$") and not _is_nothing(each)}
