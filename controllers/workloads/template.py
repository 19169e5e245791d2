"""From a template to Containers: hash, names, ownership; all of it for Deployments, and what Jobs share. Pure.

Names are `<deployment>-<template hash>-<ordinal>`: two servers that decide the same thing make the same object, and the
API server lets only one of them. The hash covers the template without what equals a default, so it is the same whether
a default is spelled out or not, and stays when a later version of Fizz adds fields. Where the containers use Secrets or
ConfigMaps, it covers what these contain, too: see `contents`.
"""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fizz.schemas import labels, names
from fizz.schemas.apps import Deployment, Template, TemplateMeta
from fizz.schemas.base import JSON
from fizz.schemas.container import Container
from fizz.schemas.inheritance import Inheritance
from fizz.schemas.jobs import RUN_FIELDS, JobSpec
from fizz.schemas.meta import Object, ObjectMeta, OwnerReference, owner_reference

__all__ = [
    "INHERITED",
    "belongs_to",
    "container_name",
    "controller_of",
    "is_orphan_of",
    "label_of",
    "make_container",
    "ordinal_of",
    "recorded",
    "run_hash",
    "stem_of",
    "template_hash",
    "template_of",
]

INHERITED: Final = (labels.PROJECT, labels.SERVICE, labels.MANAGED_BY)
"""The labels that Containers have from what owns them."""
_OWN_ANNOTATIONS: Final = {
    labels.CONTENTS, labels.INHERITED_VOLUMES, labels.REMOVE_VOLUMES, labels.RESTARTED_AT, labels.STARTED_AFTER,
    labels.STOP_GRACE,
}  # fmt: skip
"""What a Container has for itself, and not from its template."""
_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_LONGEST_STEM: Final = 235
"""An object's name has 253 characters at most; `-`, eight of the hash, `-` and an ordinal follow the stem."""


def template_hash(template: Template, contents: Mapping[str, str] = _NONE) -> str:
    """Eight hexadecimal digits that change when the template, or what it uses, means something else."""
    return _digest({**_content(template), **({"contents": dict(contents)} if contents else {})})


def run_hash(spec: JobSpec) -> str:
    """Eight hexadecimal digits that change when a Job does something else, so that it must run again."""
    content = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=set(RUN_FIELDS) - {"template"})
    return _digest({**content, "template": _content(spec.template)})


def _content(template: Template) -> JSON:
    content = template.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if not content.get("metadata"):
        content.pop("metadata", None)
    return content


def _digest(content: JSON) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def stem_of(name: str, limit: int = _LONGEST_STEM) -> str:
    """What the names of somebody's own objects begin with: its name, or a shorter form of it."""
    return name if len(name) <= limit else names.to_name(name, limit)


def container_name(deployment: Deployment, digest: str, ordinal: int) -> str:
    """The one name of that replica: `web-1f2e3d4c-0`."""
    return f"{stem_of(deployment.name)}-{digest}-{ordinal}"


def label_of(name: str) -> str:
    """An object's name as a label's value, which is shorter than a name may be."""
    return stem_of(name, 63)


def make_container(
    deployment: Deployment,
    digest: str,
    ordinal: int,
    started_after: str = "",
    contents: Mapping[str, str] = _NONE,
    inheritance: Inheritance | None = None,
) -> Container:
    """The Container of that replica, made from the present template. For the mark `started_after` see `following`, for
    `contents` that module; `inheritance` is what it has from the one before it.
    """
    template = deployment.spec.template
    meta = template.metadata
    inherited = {key: deployment.labels[key] for key in INHERITED if key in deployment.labels}
    own = {
        labels.DEPLOYMENT: label_of(deployment.name),
        labels.ORDINAL: str(ordinal),
        labels.TEMPLATE_HASH: digest,
    }
    metadata = ObjectMeta(
        name=container_name(deployment, digest, ordinal),
        namespace=deployment.namespace,
        labels={**inherited, **((meta and meta.labels) or {}), **own},
        owner_references=[owner_reference(deployment)],
        finalizers=[labels.FINALIZER_NODE],
    )
    annotations = dict((meta and meta.annotations) or {})
    if started_after:
        annotations[labels.STARTED_AFTER] = started_after
    if contents:
        annotations[labels.CONTENTS] = json.dumps(dict(contents), sort_keys=True)
    if inheritance is not None:
        annotations[labels.INHERITED_VOLUMES] = inheritance.written()
    if asked := (deployment.metadata.annotations or {}).get(labels.RESTARTED_AT):
        annotations[labels.RESTARTED_AT] = asked  # it is made after that
    if annotations:
        metadata.annotations = annotations
    return Container(metadata=metadata, spec=template.spec)


def template_of(container: Container) -> Template:
    """The template that a Container was made from. Which labels stood in it and which were inherited is told by its
    hash; a Container whose hash fits neither, made by an earlier version, is taken to have had them all.
    """
    own = {labels.DEPLOYMENT, labels.ORDINAL, labels.TEMPLATE_HASH}
    spec = container.spec.model_copy(update={"node_name": None, "desired_state": None})
    spec.model_fields_set.difference_update({"node_name", "desired_state"})
    annotations = {
        key: value for key, value in (container.metadata.annotations or {}).items() if key not in _OWN_ANNOTATIONS
    }
    candidates = [
        Template(
            metadata=TemplateMeta(
                labels={key: value for key, value in container.labels.items() if key not in left_out} or None,
                annotations=annotations or None,
            ),
            spec=spec,
        )
        for left_out in (own, own.union(INHERITED))
    ]
    digest = container.labels.get(labels.TEMPLATE_HASH)
    return next((each for each in candidates if template_hash(each, recorded(container)) == digest), candidates[0])


def recorded(container: Container) -> dict[str, str]:
    """What the Container was made with; empty for one that uses nothing, or whose mark makes no sense."""
    try:
        found = json.loads((container.metadata.annotations or {}).get(labels.CONTENTS, "{}"))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def controller_of(item: Object) -> OwnerReference | None:
    """The one owner that manages the object, or None for an orphan."""
    owners = item.metadata.owner_references or []
    return next((owner for owner in owners if owner.controller), None)


def belongs_to(item: Object, owner: Object) -> bool:
    """Whether the owner manages the object. Only such ones may ever be deleted for it."""
    found = controller_of(item)
    return found is not None and bool(found.uid) and found.uid == owner.metadata.uid


def ordinal_of(container: Container) -> int | None:
    """Which replica the Container is; None if its label says nothing sensible."""
    written = container.labels.get(labels.ORDINAL, "")
    return int(written) if written.isascii() and written.isdigit() else None


def is_orphan_of(container: Container, deployment: Deployment) -> bool:
    """Whether the Container belongs to nobody and was evidently made for a Deployment of this name."""
    ordinal = ordinal_of(container)
    digest = container.labels.get(labels.TEMPLATE_HASH, "")
    return (
        controller_of(container) is None
        and container.metadata.deletion_timestamp is None
        and container.labels.get(labels.DEPLOYMENT) == label_of(deployment.name)
        and ordinal is not None
        and container.name == container_name(deployment, digest, ordinal)
    )
