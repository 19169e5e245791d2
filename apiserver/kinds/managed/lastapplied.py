"""The way from client-side to server-side apply: what kubectl noted when it applied by itself.

A client-side `kubectl apply` writes the configuration into an annotation, and owns the fields as an updater. When
kubectl goes over to server-side apply, as the manager `kubectl`, the fields that the note names are its own already:
they are no conflict. The note is kept up to date, so that kubectl can go back. Other managers do not look at it.

Source: "Upgrading from client-side apply to server-side apply" in the Kubernetes documentation.
"""

from typing import Final

import orjson

from fizz.apiserver.kinds.managed import fieldset
from fizz.apiserver.kinds.managed.compare import applied_fields, diff
from fizz.apiserver.kinds.managed.fieldset import FieldSet
from fizz.apiserver.kinds.managed.merge import TypedError, checked
from fizz.apiserver.kinds.managed.typed import Node
from fizz.schemas.base import JSON

__all__ = ["ANNOTATION", "MANAGER", "noted_fields", "with_note"]

MANAGER: Final = "kubectl"
"""The manager that kubectl applies as, unless it is told otherwise."""

ANNOTATION: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation in which a client-side `kubectl apply` keeps the configuration."""


def noted_fields(root: Node, live: JSON) -> FieldSet:
    """The fields that the note names and that still have the value that it says; none without a note that fits."""
    note = (live["metadata"].get("annotations") or {}).get(ANNOTATION)
    try:
        noted = orjson.loads(note or "null")
        if not isinstance(noted, dict) or noted.get("apiVersion") != live.get("apiVersion"):
            return {}
        noted = checked(root, {"metadata": {}, **noted})
    except (ValueError, TypedError):
        return {}
    differs = diff(root, noted, live)
    return fieldset.difference(fieldset.difference(applied_fields(root, noted), differs.changed), differs.removed)


def with_note(result: JSON, applied: JSON) -> JSON:
    """The object with its note, if it has one, saying what was applied now; the object itself if it says that."""
    annotations = result["metadata"].get("annotations") or {}
    if not annotations.get(ANNOTATION):
        return result
    metadata = dict(applied["metadata"])
    if "annotations" in metadata:
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != ANNOTATION}
    note = orjson.dumps({**applied, "metadata": metadata}, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    if annotations[ANNOTATION] == note:
        return result
    return {**result, "metadata": {**result["metadata"], "annotations": {**annotations, ANNOTATION: note}}}
