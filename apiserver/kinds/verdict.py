"""What the rules of a kind look like; see `builtin` for the rules themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from fizz.apiserver.kinds.causes import Cause
from fizz.schemas.base import JSON

__all__ = ["NO_RULES", "Rules", "Verdict"]


class Verdict(NamedTuple):
    """An object as its kind's rules leave it, and what they say is wrong with it."""

    obj: JSON
    causes: list[Cause]


def _accept(obj: JSON) -> Verdict:
    return Verdict(obj, [])


def _accept_update(old: JSON, new: JSON) -> Verdict:
    return Verdict(new, [])


def _keep(obj: JSON, unknown: list[str]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Rules:
    """`on_create` sees a new object; `on_update` the object before and after. A write to a subresource is an update.
    `prune` cuts, in place, what no schema can say to be unknown, and adds its paths to a list.
    """

    on_create: Callable[[JSON], Verdict] = _accept
    on_update: Callable[[JSON, JSON], Verdict] = _accept_update
    prune: Callable[[JSON, list[str]], None] = _keep


NO_RULES: Final = Rules()
