"""The merge patch (RFC 7396) that makes one JSON object of another. Pure."""

from fizz.schemas.base import JSON

__all__ = ["difference"]


def difference(old: JSON, new: JSON) -> JSON:
    """What to merge into `old` to get `new`: null removes, lists are replaced whole. Empty if they are equal.

    >>> difference({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 2, "d": 4}})
    {'a': None, 'b': {'d': 4}}
    """
    patch: JSON = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            if inner := difference(before, value):
                patch[key] = inner
        elif key not in old or before != value:
            patch[key] = value
    return patch
