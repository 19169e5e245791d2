"""Leases: counts make sense, and times are written alike whoever sends them."""

from typing import Final

from fizz.apiserver.kinds.causes import Cause, invalid
from fizz.apiserver.kinds.moments import micro, normalised
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["RULES"]

_TIMES: Final = (("acquireTime", micro), ("renewTime", micro))


def _on_create(obj: JSON) -> Verdict:
    spec = obj.get("spec")
    if not spec:
        return Verdict(obj, [])
    causes: list[Cause] = []
    duration, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if duration is not None and duration <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", duration, "must be greater than 0"))
    if transitions is not None and transitions < 0:
        causes.append(invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0"))
    return Verdict({**obj, "spec": normalised(spec, _TIMES)}, causes)


def _on_update(old: JSON, new: JSON) -> Verdict:
    return _on_create(new)


RULES = Rules(_on_create, _on_update)
