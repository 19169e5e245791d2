"""Events: they live in the namespace of what they speak of, and their times are written alike whoever sends them."""

from typing import Final

from fizz.apiserver.kinds.causes import Cause, invalid
from fizz.apiserver.kinds.moments import micro, normalised, seconds
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["RULES"]

_TIMES: Final = (("firstTimestamp", seconds), ("lastTimestamp", seconds), ("eventTime", micro))
_SERIES_TIMES: Final = (("lastObservedTime", micro),)
_HOME_OF_CLUSTER_SCOPED: Final = "default"


def _on_create(obj: JSON) -> Verdict:
    new = normalised(obj, _TIMES)
    if series := new.get("series"):
        new = {**new, "series": normalised(series, _SERIES_TIMES)}
    return Verdict(new, _check_namespace(new))


def _check_namespace(obj: JSON) -> list[Cause]:
    spoken_of = (obj.get("involvedObject") or {}).get("namespace") or ""
    if obj["metadata"]["namespace"] == (spoken_of or _HOME_OF_CLUSTER_SCOPED):
        return []
    return [invalid("involvedObject.namespace", spoken_of, "does not match event.namespace")]


def _on_update(old: JSON, new: JSON) -> Verdict:
    return _on_create(new)


RULES = Rules(_on_create, _on_update)
