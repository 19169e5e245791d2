"""Namespaces: born with the finalizer `kubernetes`, which stands for their contents, and labelled with their own name.

The finalizers of the spec are not the client's to leave out: a manifest without them keeps them. They go when a
Namespace is being deleted, one by one, by a write to `finalize` or by an update that names those that are left.
"""

from fizz.apiserver.kinds.causes import Cause, forbidden
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["CONTENTS", "NAME_LABEL", "RULES"]

CONTENTS = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


def _on_create(obj: JSON) -> Verdict:
    given = obj.get("spec") or {}
    finalizers = given.get("finalizers") or []
    if CONTENTS not in finalizers:
        finalizers = [*finalizers, CONTENTS]
    new = {**obj, "spec": {**given, "finalizers": finalizers}, "status": {"phase": "Active"}}
    return Verdict(_labelled(new), [])


def _on_update(old: JSON, new: JSON) -> Verdict:
    before = (old.get("spec") or {}).get("finalizers") or []
    spec = new.get("spec") or {}
    after = spec.get("finalizers")
    causes: list[Cause] = []
    if after is None or "deletionTimestamp" not in old["metadata"]:
        spec = {**spec, "finalizers": before} if before else spec
    elif not set(after) <= set(before):
        causes.append(forbidden("spec.finalizers", "no new finalizers can be added if the namespace is being deleted"))
    return Verdict(_labelled({**new, "spec": spec}), causes)


def _labelled(obj: JSON) -> JSON:
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    if labels.get(NAME_LABEL) == metadata["name"]:
        return obj
    return {**obj, "metadata": {**metadata, "labels": {**labels, NAME_LABEL: metadata["name"]}}}


RULES = Rules(_on_create, _on_update)
