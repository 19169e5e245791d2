"""Releases: a record of what was applied, so its spec never changes, and its name says its number."""

from typing import Final

from fizz.apiserver.kinds.causes import IMMUTABLE, invalid
from fizz.apiserver.kinds.values import equal
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["RULES"]


def _create(obj: JSON) -> Verdict:
    name, wanted = obj["metadata"]["name"], f"v{obj['spec']['number']}"
    causes = [] if name == wanted else [invalid("metadata.name", name, f"must be {wanted}, as spec.number says")]
    return Verdict(obj, causes)


def _update(old: JSON, new: JSON) -> Verdict:
    causes = [] if equal(old["spec"], new["spec"]) else [invalid("spec", new["metadata"]["name"], IMMUTABLE)]
    return Verdict(new, causes)


RULES: Final = Rules(on_create=_create, on_update=_update)
