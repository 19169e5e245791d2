"""Asking a webhook to convert: objects of a custom kind become those of another of its versions.

    ConversionReview {request: {uid, desiredAPIVersion: "example.com/v2", objects: [v1, v1, ...]}}
    ──▶ {response: {uid, result: {status: Success}, convertedObjects: [v2, v2, ...]}}

As many objects go in one review as there are, up to a bound. A webhook may change what it likes but who the object is:
name, namespace, uid and all other metadata save labels and annotations stay as they were.

Source: "Webhook conversion" in the Kubernetes documentation of CustomResourceDefinitions; its API server's words.
"""

import uuid
from collections.abc import Sequence
from typing import Any, Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.admission.calls import Caller, CallFailed
from fizz.apiserver.admission.services import Services, endpoint
from fizz.apiserver.kinds.registry import Conversion
from fizz.schemas.base import JSON

__all__ = ["Conversions"]

_API_VERSION: Final = "apiextensions.k8s.io/v1"
_KIND: Final = "ConversionReview"
_SECONDS: Final = 30.0
_AT_ONCE: Final = 500
_MAY_CHANGE: Final = ("labels", "annotations")
_STAYS: Final = (("name", "name"), ("namespace", "namespace"), ("uid", "UID"))


class Conversions:
    """Converts objects."""

    def __init__(self, caller: Caller, services: Services) -> None:
        self._caller, self._services = caller, services

    async def convert(self, conversion: Conversion, objs: Sequence[JSON], api_version: str) -> list[JSON]:
        """The objects, which are of other versions, in this one. Raises `InternalError`."""
        converted: list[JSON] = []
        for first in range(0, len(objs), _AT_ONCE):
            converted += await self._some(conversion, objs[first : first + _AT_ONCE], api_version)
        return converted

    async def _some(self, conversion: Conversion, objs: Sequence[JSON], api_version: str) -> list[JSON]:
        named = f"conversion webhook for {objs[0]['apiVersion']}, Kind={objs[0]['kind']}"
        uid = str(uuid.uuid4())
        request = {"uid": uid, "desiredAPIVersion": api_version, "objects": list(objs)}
        body = orjson.dumps({"kind": _KIND, "apiVersion": _API_VERSION, "request": request})
        try:
            where = await endpoint(self._services, conversion.client)
            answer = await self._caller.post(where, body, _SECONDS)
        except CallFailed as problem:
            raise errors.InternalError(f"{named} failed: {problem}") from problem
        found = _read(answer, uid, named)
        if len(found) != len(objs):
            raise errors.InternalError(f"{named} returned {len(found)} objects, expected {len(objs)}")
        return [
            _restored(before, after, api_version, f"{named} returned invalid converted object at index {index}")
            for index, (before, after) in enumerate(zip(objs, found, strict=True))
        ]


def _read(answer: bytes, uid: str, named: str) -> list[Any]:
    """The converted objects of an answer. Raises `InternalError`."""
    try:
        review: Any = orjson.loads(answer)
    except orjson.JSONDecodeError as problem:
        raise errors.InternalError(f"{named} failed: invalid response: {problem}") from problem
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        raise errors.InternalError(f"{named} failed: no response provided")
    if (review.get("apiVersion"), review.get("kind")) != (_API_VERSION, _KIND):
        raise errors.InternalError(f"{named} failed: expected webhook response of {_API_VERSION}, Kind={_KIND}")
    if response.get("uid") != uid:
        said = f'expected response.uid="{uid}", got "{response.get("uid") or ""}"'
        raise errors.InternalError(f"{named} failed: {said}")
    result = response.get("result")
    result = result if isinstance(result, dict) else {}
    if result.get("status") != "Success":
        raise errors.InternalError(f"{named} failed: {result.get('message') or 'no explanation'}")
    found = response.get("convertedObjects") or []
    if not isinstance(found, list):
        raise errors.InternalError(f"{named} failed: convertedObjects must be a list")
    return found


def _restored(before: JSON, after: Any, api_version: str, wrong: str) -> JSON:
    """The converted object with the metadata that it must have. Raises `InternalError`."""
    metadata = after.get("metadata") if isinstance(after, dict) else None
    if not isinstance(metadata, dict):
        raise errors.InternalError(f"{wrong}: it must be an object with metadata")
    was = before["metadata"]
    found = [
        ("groupVersion", api_version, after.get("apiVersion")),
        ("kind", before["kind"], after.get("kind")),
        *((said, was.get(name), metadata.get(name)) for name, said in _STAYS),
    ]
    for said, expected, received in found:
        if (expected or "") != (received or ""):
            raise errors.InternalError(f"{wrong}: invalid {said} (expected {expected}, received {received})")
    changed = {name: metadata[name] for name in _MAY_CHANGE if metadata.get(name)}
    if not all(
        isinstance(each, dict) and all(isinstance(value, str) for value in each.values()) for each in changed.values()
    ):
        raise errors.InternalError(f"{wrong}: labels and annotations must be maps of texts")
    kept = {name: value for name, value in was.items() if name not in _MAY_CHANGE}
    return {**after, "metadata": {**kept, **changed}}
