"""The contents of the Secrets and ConfigMaps that a Deployment's containers use: a change of them is an update. Pure.

Each Container is marked with what it was made with, one short hash for each object, over the keys that it uses:

    fizz.dev/contents: {"configmap/nginx": "9c1d2e3f", "secret/db-password": "1f2e3d4c"}

The hashes are part of the digest that Containers are named by, so that another content makes other Containers, which
replace the old ones like those of another template, by the same rules.

Names and annotations are read by many who may not read Secrets, so the hashes must not help to guess a password. They
are keyed by the object's uid, 122 random bits that only those know who may read the object itself. A Secret that was
deleted and made anew is therefore another content.

An object that is missing changes nothing: what the Containers were last made with stands until it is there again.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fizz.controllers.workloads.template import recorded, template_hash, template_of
from fizz.controllers.workloads.world import World
from fizz.schemas.apps import Deployment, SourceVersion
from fizz.schemas.container import Container
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef, keys_used

__all__ = ["contents_of", "digest_of", "versions_of", "why_outdated"]

_DIGITS: Final = 8


def contents_of(world: World, deployment: Deployment) -> dict[str, str]:
    """What a Container made now is made with, by what is told of it: `secret/db-password`."""
    used = keys_used(deployment.spec.template.spec)
    if not used:
        return {}
    last = _last_recorded(world.owned(deployment))
    found: dict[str, str] = {}
    for ref, keys in used.items():
        item = world.source(ref)
        if item is not None:
            found[_told(ref)] = _hash(item, keys)
        elif _told(ref) in last:
            found[_told(ref)] = last[_told(ref)]
    return found


def digest_of(world: World, deployment: Deployment) -> str:
    """What the Containers are named by that the Deployment wants now."""
    return template_hash(deployment.spec.template, contents_of(world, deployment))


def versions_of(world: World, deployment: Deployment) -> list[SourceVersion] | None:
    """The versions of what a decision was made from, for who has to know whether a change has been seen."""
    items = [(ref, world.source(ref)) for ref in keys_used(deployment.spec.template.spec)]
    found = [
        SourceVersion(kind=ref.kind, name=ref.name, resource_version=item.metadata.resource_version or "")
        for ref, item in items
        if item is not None
    ]
    return found or None


def why_outdated(container: Container, deployment: Deployment, contents: Mapping[str, str]) -> str:
    """Why a Container is to be replaced by one that is made now."""
    pure = template_hash(deployment.spec.template)
    if template_hash(template_of(container)) != pure:
        return "made from an older template"
    old = recorded(container)
    changed = sorted(name for name in {*old, *contents} if old.get(name) != contents.get(name))
    return f"{', '.join(name.replace('/', ' ') for name in changed)} changed"


def _told(ref: SourceRef) -> str:
    return f"{ref.kind.lower()}/{ref.name}"


def _last_recorded(owned: Sequence[Container]) -> dict[str, str]:
    """What the Containers were made with, of several the newest."""
    found: dict[str, str] = {}
    for item in sorted(owned, key=_age):
        found |= recorded(item)
    return found


def _age(container: Container) -> tuple[str, str]:
    created = container.metadata.creation_timestamp
    return created.isoformat() if created else "", container.name


def _hash(item: Secret | ConfigMap, keys: Iterable[str]) -> str:
    key = (item.metadata.uid or "").encode()
    values = [[name, _value(item, name)] for name in keys]
    return hmac.new(key, json.dumps(values).encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def _value(item: Secret | ConfigMap, key: str) -> str | None:
    """The value as it stands in the object: text, or base64; None if there is no such key."""
    found = (item.data or {}).get(key)
    if found is None and isinstance(item, ConfigMap):
        return (item.binary_data or {}).get(key)
    return found
