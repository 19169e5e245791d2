"""Roles and bindings: rules must say something, and what a binding gives stays what it is.

A binding's roleRef cannot be changed: who may manage the subjects of a binding may not thereby give them another role.
Who may write roles and bindings at all, and what they may grant, is `auth.escalation`'s business.

Source: "Using RBAC Authorization" of the Kubernetes documentation; the validation of its API group.
"""

from typing import Final

from fizz.apiserver.kinds.causes import Cause, forbidden, invalid, not_supported, required
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas import names
from fizz.schemas.base import JSON

__all__ = ["BINDING", "CLUSTER_BINDING", "CLUSTER_ROLE", "GROUP", "ROLE"]

GROUP: Final = "rbac.authorization.k8s.io"
_SUBJECT_GROUPS: Final = {"User": GROUP, "Group": GROUP, "ServiceAccount": ""}


def _rules(*, namespaced: bool) -> Rules:
    def check(obj: JSON) -> Verdict:
        causes: list[Cause] = []
        for index, rule in enumerate(obj.get("rules") or ()):
            causes += _rule(rule, f"rules[{index}]", namespaced)
        return Verdict(obj, causes)

    return Rules(check, lambda old, new: check(new))


def _rule(rule: JSON, field: str, namespaced: bool) -> list[Cause]:
    causes: list[Cause] = []
    if not rule["verbs"]:
        causes.append(required(f"{field}.verbs", "verbs must contain at least one value"))
    if rule.get("nonResourceURLs"):
        if namespaced:
            what = "namespaced rules cannot apply to non-resource URLs"
            causes.append(invalid(f"{field}.nonResourceURLs", rule["nonResourceURLs"], what))
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            what = "rules cannot apply to both regular resources and non-resource URLs"
            causes.append(invalid(f"{field}.nonResourceURLs", rule["nonResourceURLs"], what))
        return causes
    if not rule.get("apiGroups"):
        causes.append(required(f"{field}.apiGroups", "resource rules must supply at least one api group"))
    if not rule.get("resources"):
        causes.append(required(f"{field}.resources", "resource rules must supply at least one resource"))
    return causes


def _binding(*, namespaced: bool) -> Rules:
    kinds = ("Role", "ClusterRole") if namespaced else ("ClusterRole",)

    def check(obj: JSON) -> Verdict:
        completed = _completed(obj)
        causes = _role_ref(completed["roleRef"], kinds)
        for index, subject in enumerate(completed.get("subjects") or ()):
            causes += _subject(subject, f"subjects[{index}]")
        return Verdict(completed, causes)

    def update(old: JSON, new: JSON) -> Verdict:
        verdict = check(new)
        if verdict.obj["roleRef"] != old["roleRef"]:
            verdict.causes.append(invalid("roleRef", verdict.obj["roleRef"], "cannot change roleRef"))
        return verdict

    return Rules(check, update)


def _completed(obj: JSON) -> JSON:
    """The binding with the groups that its references leave out."""
    new = {**obj, "roleRef": {**obj["roleRef"], "apiGroup": obj["roleRef"].get("apiGroup") or GROUP}}
    if obj.get("subjects"):
        new["subjects"] = [_with_group(each) for each in obj["subjects"]]
    return new


def _with_group(subject: JSON) -> JSON:
    group = _SUBJECT_GROUPS.get(subject["kind"], "")
    return {**subject, "apiGroup": group} if group and not subject.get("apiGroup") else subject


def _role_ref(reference: JSON, kinds: tuple[str, ...]) -> list[Cause]:
    causes: list[Cause] = []
    if reference["apiGroup"] != GROUP:
        causes.append(not_supported("roleRef.apiGroup", reference["apiGroup"], [GROUP]))
    if reference["kind"] not in kinds:
        causes.append(not_supported("roleRef.kind", reference["kind"], kinds))
    if not reference["name"]:
        causes.append(required("roleRef.name"))
    elif problem := names.check_path_segment(reference["name"]):
        causes.append(invalid("roleRef.name", reference["name"], problem))
    return causes


def _subject(subject: JSON, field: str) -> list[Cause]:
    kind, name = subject["kind"], subject["name"]
    if kind not in _SUBJECT_GROUPS:
        return [not_supported(f"{field}.kind", kind, _SUBJECT_GROUPS)]
    if not name:
        return [required(f"{field}.name")]
    causes: list[Cause] = []
    if (subject.get("apiGroup") or "") != _SUBJECT_GROUPS[kind]:
        causes.append(not_supported(f"{field}.apiGroup", subject.get("apiGroup") or "", [_SUBJECT_GROUPS[kind]]))
    if kind == "ServiceAccount":
        if problem := names.check_name(name):
            causes.append(invalid(f"{field}.name", name, problem))
        if not subject.get("namespace"):
            causes.append(required(f"{field}.namespace"))
    elif subject.get("namespace"):
        causes.append(forbidden(f"{field}.namespace", f"{kind}s have no namespace"))
    return causes


ROLE: Final = _rules(namespaced=True)
CLUSTER_ROLE: Final = _rules(namespaced=False)
BINDING: Final = _binding(namespaced=True)
CLUSTER_BINDING: Final = _binding(namespaced=False)
