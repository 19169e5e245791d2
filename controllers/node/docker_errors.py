"""From the engine's refusals to our errors. Pure: one table of what it says to what it means.

The engine's codes alone do not tell enough (a network in use is 403, a volume in use 409, a port that is taken 500),
so the rules look at the verb, the code and, where there is no other way, at the message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fizz.controllers.node.engine import (
    BuildFailed,
    EngineError,
    ImageMissing,
    InUse,
    Missing,
    NameTaken,
    PullFailed,
    PushFailed,
    Refused,
)

__all__ = ["refusal"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """`verb` is that of the Engine protocol, or `*`; `code` 0 stands for any; `says` is a part of the message."""

    verb: str
    code: int
    says: str
    error: Callable[[str], EngineError]

    def fits(self, verb: str, code: int, message: str) -> bool:
        return self.verb in {"*", verb} and self.code in {0, code} and self.says in message.lower()


_ENDPOINT_ID: Final = re.compile(r" \([0-9a-f]{64}\)")
"""Another one at each try, so that the same refusal would never be told as the same."""

_RULES: Final = (
    _Rule("pull", 0, "", PullFailed),
    _Rule("push", 0, "", PushFailed),
    _Rule("build", 0, "", BuildFailed),
    _Rule("create", 404, "no such image", ImageMissing),
    _Rule("create", 409, "", NameTaken),
    _Rule("rename", 409, "", NameTaken),
    _Rule("create_network", 409, "", NameTaken),
    _Rule("start", 404, "no such container", Missing),
    _Rule("start", 0, "", Refused),  # 404 may be a network or a program that it does not find
    _Rule("exec", 409, "", Refused),
    _Rule("remove", 409, "", Refused),  # it is being removed already
    _Rule("*", 404, "", Missing),
    _Rule("remove_network", 403, "active endpoints", InUse),
    _Rule("remove_network", 409, "", InUse),
    _Rule("remove_volume", 409, "", InUse),
)


def refusal(verb: str, code: int, message: str) -> EngineError:
    """The error that the engine's answer to a verb stands for; the first rule that fits decides."""
    said = _ENDPOINT_ID.sub("", message).strip() or f"the engine answered {code}"
    for rule in _RULES:
        if rule.fits(verb, code, said):
            return rule.error(said)
    return Refused(said)
