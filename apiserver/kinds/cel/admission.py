"""Expressions that speak of a request: the conditions of webhooks, and admission policies.

| variable | what |
|---|---|
| object, oldObject | the object as it would be, and as it is; null where there is none |
| request | the AdmissionReview's request without its objects |
| authorizer | asks what may be done, as authorizer.group('').resource('secrets').check('get').allowed() |
| namespaceObject | the Namespace; null for objects of the cluster |
| params | the object that parameterises a policy; null without one |
| variables | what a policy calls its own expressions |

Source: "Validation expression" in the Kubernetes documentation of ValidatingAdmissionPolicy; "Matching requests:
matchConditions" in that of dynamic admission control.
"""

import re
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, duplicate, invalid, required, too_many
from fizz.apiserver.kinds.cel.engine import LITERALS, CelError, Program
from fizz.schemas.base import JSON
from fizz.schemas.names import check_label_key

__all__ = ["CONDITION", "POLICY", "check_conditions", "check_expression", "names_of_variables"]

CONDITION: Final = ("object", "oldObject", "request", "authorizer")
"""What the conditions of a webhook know."""
POLICY: Final = (*CONDITION, "namespaceObject", "params", "variables")
"""What the expressions of a policy know."""
_VARIABLE: Final = re.compile(r"\bvariables\.([A-Za-z_]\w*)")
_MOST_CONDITIONS: Final = 64


def names_of_variables(text: str) -> set[str]:
    """The names that an expression asks `variables` for."""
    return set(_VARIABLE.findall(LITERALS.sub("''", text)))


def check_expression(
    text: Any, variables: tuple[str, ...], place: str, returns: tuple[str, ...] = ("BOOL",)
) -> list[Cause]:
    """What is wrong with an expression at a place; `returns` are the types that it may have."""
    if not isinstance(text, str) or not text.strip():
        return [required(place)]
    try:
        program = Program(text.strip(), variables)
    except CelError as problem:
        return [invalid(place, text, f"compilation failed: {problem}")]
    if returns and program.returns not in {*returns, "DYN"}:
        wanted = {"BOOL": "bool", "STRING": "string", "NULL": "null_type"}
        named = " or ".join(wanted[each] for each in returns)
        return [invalid(place, text, f"must evaluate to {named}")]
    return []


def check_conditions(conditions: list[JSON], variables: tuple[str, ...], place: str) -> list[Cause]:
    """What is wrong with a list of matchConditions."""
    causes: list[Cause] = []
    seen: set[str] = set()
    if len(conditions) > _MOST_CONDITIONS:
        causes.append(too_many(place, len(conditions), _MOST_CONDITIONS))
    for index, condition in enumerate(conditions):
        here = f"{place}[{index}]"
        causes += check_expression(condition.get("expression"), variables, f"{here}.expression")
        name = condition.get("name")
        if not name:
            causes.append(required(f"{here}.name"))
        elif name in seen:
            causes.append(duplicate(f"{here}.name", name))
        elif problem := check_label_key(name):
            causes.append(invalid(f"{here}.name", name, problem))
        seen.add(str(name))
    return causes
