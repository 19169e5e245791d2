"""Events: they live in the namespace of what they speak of, and their times are written alike whoever sends them.

The Events of `v1` and of `events.k8s.io/v1` are the same objects under other names of fields. They are stored as those
of `v1`. Who writes in the newer version has to say more: when, who, what was done and why.

Source: the validation and the conversion of Events in Kubernetes.
"""

from typing import Final

from fizz.apiserver.kinds.causes import Cause, invalid, not_supported, required
from fizz.apiserver.kinds.moments import micro, normalised, seconds
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["NEW_RULES", "RULES", "from_core", "to_core"]

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


def from_core(obj: JSON) -> JSON:
    """An Event of v1 as one of events.k8s.io/v1."""
    renamed = {_NEWER.get(name, name): value for name, value in obj.items()}
    return {**renamed, "apiVersion": "events.k8s.io/v1"}


def to_core(obj: JSON) -> JSON:
    """An Event of events.k8s.io/v1 as one of v1."""
    renamed = {_OLDER.get(name, name): value for name, value in obj.items()}
    return {**renamed, "apiVersion": "v1"}


def _create_new(obj: JSON) -> Verdict:
    new, causes = _on_create(to_core(obj))
    causes += [required(name) for name in ("eventTime", *_MUST) if not obj.get(name)]
    if obj.get("type") not in {"Normal", "Warning"}:
        causes.append(not_supported("type", obj.get("type", ""), ("Normal", "Warning")))
    causes += [invalid(name, obj[name], "needs to be unset") for name in _MUST_NOT if obj.get(name)]
    return Verdict(from_core(new), causes)


def _update_new(old: JSON, new: JSON) -> Verdict:
    made, causes = _on_create(to_core(new))
    return Verdict(from_core(made), causes)


_NEWER: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "reportingComponent": "reportingController",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
}
_OLDER: Final = {new: old for old, new in _NEWER.items()}
_MUST: Final = ("reportingController", "reportingInstance", "action", "reason")
_MUST_NOT: Final = ("deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount")

RULES = Rules(_on_create, _on_update)
NEW_RULES = Rules(_create_new, _update_new)
