"""Revisions: immutable copies of what Secrets and ConfigMaps contained, kept for the Releases that had it. Pure.

    secret/db-password                   what the containers see now
    secret/db-password.1f2e3d4c5b6a7988  what it contained in some releases

A revision is named by a hash of its content, so that releases that have the same share it. Names are read by many who
may not read Secrets, and a plain hash of a password would help them to guess it. So the hashes are keyed, by a random
key in a Secret of the project's namespace: whoever can read that can read the contents anyway.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Final

from fizz.schemas import labels
from fizz.schemas.names import to_label_value, to_name
from fizz.schemas.types import JSON

__all__ = ["KEY_NAME", "Key", "key_secret", "read_key", "revision_of", "with_content", "without_content"]

KEY_NAME: Final = "fizz-release-key"
_KEY_FIELD: Final = "key"
_KEY_BYTES: Final = 32
_CONTENT: Final = ("data", "binaryData")
_DIGITS: Final = 16
_LONGEST_STEM: Final = 253 - 1 - _DIGITS

Key = bytes


def key_secret(project: str, namespace: str) -> JSON:
    """The Secret of a new key."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": KEY_NAME, "namespace": namespace, "labels": _labels(project)},
        "type": "Opaque",
        "immutable": True,
        "data": {_KEY_FIELD: base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()},
    }


def read_key(secret: JSON) -> Key:
    """The key in its Secret."""
    return base64.b64decode(secret["data"][_KEY_FIELD])


def revision_of(item: JSON, project: str, key: Key, release: str) -> JSON | None:
    """The revision that keeps the content of a Secret or ConfigMap; None for objects of other kinds."""
    if item["kind"] not in {"Secret", "ConfigMap"}:
        return None
    content = {field: item[field] for field in (*_CONTENT, "type") if item.get(field)}
    text = json.dumps([item["kind"], content], sort_keys=True, separators=(",", ":")).encode()
    digest = hmac.new(key, text, hashlib.sha256).hexdigest()[:_DIGITS]
    name = str(item["metadata"]["name"])
    stem = name if len(name) <= _LONGEST_STEM else to_name(name, _LONGEST_STEM)
    metadata: JSON = {
        "name": f"{stem}.{digest}",
        "namespace": item["metadata"]["namespace"],
        "labels": {**_labels(project), labels.REVISION_OF: to_label_value(name)},
        "annotations": {labels.RELEASED_IN: release},
    }
    return {"apiVersion": "v1", "kind": item["kind"], "metadata": metadata, "immutable": True, **content}


def without_content(item: JSON) -> JSON:
    """The object as a Release tells it: as it is, but for the content of a Secret or ConfigMap."""
    if item["kind"] not in {"Secret", "ConfigMap"}:
        return item
    return {field: value for field, value in item.items() if field not in _CONTENT}


def with_content(item: JSON, revision: Mapping[str, object]) -> JSON:
    """The object with the content that its revision keeps."""
    return {**item, **{field: revision[field] for field in _CONTENT if revision.get(field)}}


def _labels(project: str) -> dict[str, str]:
    return {labels.MANAGED_BY: "fizz", labels.RELEASES_OF: to_label_value(project)}
