"""The structural-schema engine: a schema, compiled once, cleans and validates every object of a kind.

    >>> deployment = compile_schema(schema)
    >>> unknown = deployment.clean(obj)     # in place: nulls dropped, defaults set, unknown fields cut
    >>> causes = deployment.validate(obj)   # what is wrong; empty if nothing is

The same engine serves built-in kinds (schemas made from models) and custom ones. A schema becomes a tree of closures
(`cleaning`, `checking`), so that an object is walked without looking at the schema again, and paths are only written
out for what is unknown or wrong. apiVersion, kind and metadata are no business of a kind's schema; see `metadata`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

from fizz.apiserver.kinds.causes import Cause, Reason
from fizz.apiserver.kinds.cel.rules import ABSENT, Level, compile_level, with_identity
from fizz.apiserver.kinds.checking import compile_rule
from fizz.apiserver.kinds.cleaning import ALL, Mode, Step, compile_step
from fizz.apiserver.kinds.nodes import Node, SchemaError, metadata_node, parse, parse_object
from fizz.apiserver.kinds.rule import Rule
from fizz.schemas.base import JSON

__all__ = ["Cause", "Compiled", "SchemaError", "check_metadata_types", "compile_schema"]

_MOST_CAUSES: Final = 500
_BLOCKING: Final = (Reason.REQUIRED, Reason.NOT_SUPPORTED, Reason.TOO_LONG, Reason.TOO_MANY, Reason.TYPE_INVALID)
_UNCHECKED: Final = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a schema does to objects. All methods but `validate` change the object in place."""

    _clean: Step | None
    _prune: Step | None
    _default: Step | None
    _rule: Rule
    _level: Level | None = None

    def clean(self, obj: JSON) -> list[str]:
        """Drop nulls, set defaults, cut unknown fields; the paths of those, as `spec.ports[0].odd`."""
        return _run(self._clean, obj)

    def prune(self, obj: JSON) -> list[str]:
        """Cut unknown fields only; their paths."""
        return _run(self._prune, obj)

    def default(self, obj: JSON) -> None:
        """Drop nulls and set defaults only."""
        _run(self._default, obj)

    def validate(self, obj: JSON) -> list[Cause]:
        """What is wrong with a cleaned object by its schema, 500 causes at most. Rules in CEL are not asked."""
        return self._rule.causes(obj, None)[:_MOST_CAUSES]

    def judge(self, obj: JSON, old: JSON | None, breaches: list[Cause]) -> list[Cause]:
        """What the schema's rules in CEL say of an object, given what it was before and what `validate` said: of an
        object that is not even of the right types and complete, nothing.
        """
        if self._level is None:
            return []
        if any(each.reason in _BLOCKING for each in breaches):
            return [Cause(Reason.INVALID, f"Invalid value: null: {_UNCHECKED}", "<nil>")]
        causes: list[Cause] = []
        self._level.check(obj, ABSENT if old is None else old, None, causes)
        return causes[:_MOST_CAUSES]


def compile_schema(schema: JSON) -> Compiled:
    """Compile the schema of a kind. Raises `SchemaError` naming the keyword that makes no sense."""
    cleaned, checked = parse_object(schema)
    whole = parse(schema)
    return Compiled(
        _clean=compile_step(cleaned, ALL),
        _prune=compile_step(cleaned, Mode.CUT),
        _default=compile_step(cleaned, Mode.FILL),
        _rule=compile_rule(checked),
        _level=compile_level(with_identity(whole)) if _has_rules(whole) else None,
    )


def _has_rules(node: Node) -> bool:
    below = (*node.properties.values(), *filter(None, (node.items, node.additional)))
    return bool(node.rules) or any(_has_rules(each) for each in below)


def check_metadata_types(metadata: object) -> list[Cause]:
    """Whether all fields of an object's metadata are of the right type."""
    return _metadata_rule().causes(metadata, (None, "metadata"))[:_MOST_CAUSES]


@cache
def _metadata_rule() -> Rule:
    return compile_rule(metadata_node())


def _run(step: Step | None, obj: JSON) -> list[str]:
    unknown: list[str] = []
    if step:
        step(obj, None, unknown)
    return unknown
