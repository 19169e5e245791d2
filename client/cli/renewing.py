"""Which anonymous volumes pass to the next container, and which are made anew: a mark in the template. Pure.

A Deployment that is applied keeps the mark that it has, so that nothing is replaced without a reason.
"""

from collections.abc import Iterable
from dataclasses import replace

from fizz.client.cli.project import Resources
from fizz.schemas import labels
from fizz.schemas.types import JSON

__all__ = ["mark_renewals"]


def mark_renewals(resources: Resources, existing: Iterable[JSON], renewed_at: str | None = None) -> Resources:
    """The resources as they are applied. With `renewed_at`, a time, the Deployments whose replicas have anonymous
    volumes get this mark: their containers are replaced, and get new volumes.
    """
    before = {item["metadata"]["name"]: item for item in existing if item["kind"] == "Deployment"}

    def marked(item: JSON) -> JSON:
        old = before.get(item["metadata"]["name"]) if item["kind"] == "Deployment" else None
        if old is None:
            return item
        has_volumes = bool((old.get("status") or {}).get("replicaVolumes"))
        mark = renewed_at if renewed_at and has_volumes else _annotations(old).get(labels.VOLUMES_RENEWED_AT)
        return _with_mark(item, mark) if mark else item

    return replace(resources, objects=tuple(map(marked, resources.objects)))


def _annotations(item: JSON) -> dict[str, str]:
    return (item["spec"]["template"].get("metadata") or {}).get("annotations") or {}


def _with_mark(item: JSON, mark: str) -> JSON:
    template = item["spec"]["template"]
    annotations = {**_annotations(item), labels.VOLUMES_RENEWED_AT: mark}
    metadata = {**(template.get("metadata") or {}), "annotations": annotations}
    return {**item, "spec": {**item["spec"], "template": {**template, "metadata": metadata}}}
