"""The language: environments with all libraries that Kubernetes switches on, and compiled expressions.

`check` type-checks an expression; `Program` and `Expression` evaluate one on plain values. Checking knows the types of
a schema (a protobuf descriptor pool made by `types`); evaluation is dynamic, so that objects are maps and need no
conversion to messages. A comprehension runs 10,000 steps at most in all, which bounds what one evaluation costs.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from fizz.apiserver.kinds.cel.named import written_out

__all__ = ["LITERALS", "CelError", "Expression", "Program", "check"]

LITERALS: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
"""Texts that stand in an expression."""
_LIBRARIES: Final = ("optional", "strings", "math", "bindings", "encoders", "sets", "lists", "two-var-comprehensions")
_OPTIONAL: Final = "variables:\n- name: oldSelf\n  type_name: optional_type\n  params:\n  - type_name: {type}\n"
_OF_SCHEMAS: Final = ("self", "oldSelf", "_old", "_present")
_BIND: Final = "cel.bind(oldSelf, _present ? optional.of(_old) : optional.none(), {source}\n)"


class CelError(ValueError):
    """An expression that does not compile, or whose evaluation fails; the message says why."""


def check(source: str, variables: Mapping[str, Any], pool: Any, optional_old: str = "") -> Any:
    """The type of an expression's result. `variables` are types by name; `optional_old` names the type that an
    optional `oldSelf` holds. Raises `CelError`.
    """
    from cel_expr_python import cel

    from fizz.apiserver.kinds.cel.functions import typed

    config = _config() + (_OPTIONAL.format(type=optional_old) if optional_old else "")
    environment = cel.NewEnv(
        descriptor_pool=pool,
        config=cel.NewEnvConfigFromYaml(config),
        variables=dict(variables),
        extensions=[typed()],
    )
    try:
        return environment.compile(written_out(source)).return_type()
    except RuntimeError as problem:
        raise CelError(_said(problem)) from problem


class Program:
    """An expression over variables whose types are not known, compiled. `returns` is the type that it is sure to have,
    or DYN.
    """

    __slots__ = ("_compiled", "returns", "source")

    def __init__(self, source: str, variables: tuple[str, ...]) -> None:
        self.source = source
        try:
            self._compiled = _environment(variables).compile(written_out(source))
        except RuntimeError as problem:
            raise CelError(_said(problem)) from problem
        self.returns: str = self._compiled.return_type().name()

    def run(self, data: Mapping[str, Any]) -> Any:
        """The value for these values of the variables. Raises `CelError`."""
        try:
            result = self._compiled.eval(data=data)
        except RuntimeError as problem:
            text = _said(problem)
            if "budget exceeded" in text:
                text = "call cost exceeds limit: the expression takes too many steps"
            raise CelError(text) from problem
        if result.type().name() == "ERROR":
            raise CelError(_said(result.value()))
        return result.value()


class Expression:
    """An expression of a schema. With `optional_old`, `oldSelf` is an optional."""

    __slots__ = ("_optional", "_program", "source")

    def __init__(self, source: str, *, optional_old: bool = False) -> None:
        self.source, self._optional = source, optional_old
        self._program = Program(_BIND.format(source=source) if optional_old else source, _OF_SCHEMAS)

    def __call__(self, me: Any, old: Any = None, *, present: bool = False) -> Any:
        """The value for `self` and `oldSelf`; `present` says whether there is an old value. Raises `CelError`."""
        if self._optional:
            return self._program.run({"self": me, "_old": old, "_present": present})
        return self._program.run({"self": me, "oldSelf": old})


@cache
def _config() -> str:
    return "extensions:\n" + "".join(f"- name: {name}\n" for name in _LIBRARIES)


@cache
def _environment(variables: tuple[str, ...]) -> Any:
    from cel_expr_python import cel

    from fizz.apiserver.kinds.cel.functions import dynamic, pool

    return cel.NewEnv(
        descriptor_pool=pool(),
        config=cel.NewEnvConfigFromYaml(_config()),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[dynamic()],
    )


_CODES: Final = ("INVALID_ARGUMENT", "NOT_FOUND", "UNKNOWN", "OUT_OF_RANGE", "INTERNAL", "FAILED_PRECONDITION")


def _said(problem: object) -> str:
    """The words without the library's codes around them; a missing key as Kubernetes says it."""
    text = str(problem)
    for code in _CODES:
        text = text.removeprefix(f"{code}: ").removesuffix(f" [{code}]")
    key = text.removeprefix('Key not found in map : "')
    return f"no such key: {key[:-1]}" if key != text else text
