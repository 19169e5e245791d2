"""The rules of webhook configurations: what they mean where they say nothing, and what makes no sense.

Source: the defaults and the validation of admissionregistration.k8s.io/v1, whose words these are.
"""

from collections.abc import Iterable
from typing import Any, Final

from fizz.apiserver.kinds.causes import Cause, duplicate, invalid, not_supported, required
from fizz.apiserver.kinds.cel.admission import CONDITION, check_conditions
from fizz.apiserver.kinds.clients import check_client, check_review_versions
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON
from fizz.schemas.names import check_subdomain
from fizz.schemas.selectors import load_labels

__all__ = ["CONFIGURATION", "check_rules", "check_selector"]

_OPERATIONS: Final = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES: Final = ("*", "Cluster", "Namespaced")
_LONGEST: Final = 30


def _check(obj: JSON) -> Verdict:
    hooks = [_filled(hook) for hook in obj.get("webhooks") or ()]
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, hook in enumerate(hooks):
        place = f"webhooks[{index}]"
        causes += _webhook(hook, place)
        if hook["name"] in seen:
            causes.append(duplicate(f"{place}.name", hook["name"]))
        seen.add(hook["name"])
    return Verdict({**obj, "webhooks": hooks} if hooks else obj, causes)


def _filled(hook: JSON) -> JSON:
    selectors = {name: hook.get(name) or {} for name in ("namespaceSelector", "objectSelector")}
    return {**hook, **selectors}


def _webhook(hook: JSON, place: str) -> list[Cause]:
    causes = _name(hook["name"], f"{place}.name")
    causes += check_rules(hook.get("rules") or [], f"{place}.rules")
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= _LONGEST:
        said = f"the timeout value must be between 1 and {_LONGEST} seconds"
        causes.append(invalid(f"{place}.timeoutSeconds", timeout, said))
    if not hook.get("sideEffects"):
        causes.append(required(f"{place}.sideEffects", "must specify one of None, NoneOnDryRun"))
    causes += check_review_versions(hook.get("admissionReviewVersions") or [], f"{place}.admissionReviewVersions")
    for selector in ("namespaceSelector", "objectSelector"):
        causes += check_selector(hook[selector], f"{place}.{selector}")
    causes += check_client(hook["clientConfig"], f"{place}.clientConfig")
    return causes + check_conditions(hook.get("matchConditions") or [], CONDITION, f"{place}.matchConditions")


def _name(name: str, place: str) -> list[Cause]:
    if not name:
        return [required(place)]
    if problem := check_subdomain(name):
        return [invalid(place, name, problem)]
    if name.count(".") < 2:
        return [invalid(place, name, "should be a domain with at least three segments separated by dots")]
    return []


def check_selector(selector: JSON, place: str) -> list[Cause]:
    """What is wrong with a label selector."""
    try:
        load_labels(selector)
    except ValueError as problem:
        field, _, said = str(problem).partition(": ")
        return [invalid(f"{place}.{field}", "", said)]
    return []


def check_rules(rules: Iterable[JSON], place: str) -> list[Cause]:
    """What is wrong with a list of operations on resources."""
    causes: list[Cause] = []
    for index, rule in enumerate(rules):
        here = f"{place}[{index}]"
        operations = rule.get("operations") or []
        causes += _all_or_some(operations, f"{here}.operations", "operations")
        causes += [
            not_supported(f"{here}.operations[{at}]", operation, _OPERATIONS)
            for at, operation in enumerate(operations)
            if operation not in _OPERATIONS
        ]
        causes += _all_or_some(rule.get("apiGroups") or [], f"{here}.apiGroups", "API groups")
        versions = rule.get("apiVersions") or []
        causes += _all_or_some(versions, f"{here}.apiVersions", "API versions")
        causes += [required(f"{here}.apiVersions[{at}]") for at, version in enumerate(versions) if not version]
        causes += _resources(rule.get("resources") or [], f"{here}.resources")
        if rule.get("scope") not in (None, *_SCOPES):
            causes.append(not_supported(f"{here}.scope", rule["scope"], _SCOPES))
    return causes


def _all_or_some(values: list[Any], place: str, what: str) -> list[Cause]:
    if not values:
        return [required(place)]
    if "*" in values and len(values) > 1:
        return [invalid(place, values, f"if '*' is present, must not specify other {what}")]
    return []


def _resources(resources: list[str], place: str) -> list[Cause]:
    if not resources:
        return [required(place)]
    causes = [required(f"{place}[{at}]") for at, resource in enumerate(resources) if not resource]
    if len(resources) > 1 and "*/*" in resources:
        causes.append(invalid(place, resources, "if '*/*' is present, must not specify other resources"))
    plain = [each for each in resources if "/" not in each]
    if "*" in plain and len(plain) > 1:
        said = "if '*' is present, must not specify other resources without subresources"
        causes.append(invalid(place, resources, said))
    for at, resource in enumerate(resources):
        plural, slash, below = resource.partition("/")
        for wider in (f"{plural}/*", f"*/{below}"):
            if slash and resource not in ("*/*", wider) and wider != "*/*" and wider in resources:
                said = f"if '{wider}' is present, must not specify {resource}"
                causes.append(invalid(f"{place}[{at}]", resource, said))
    return causes


CONFIGURATION: Final = Rules(_check, lambda old, new: _check(new))
