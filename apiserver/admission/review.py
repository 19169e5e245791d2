"""AdmissionReview of `admission.k8s.io/v1`: the question that a webhook is asked, and what its answer says.

Source: "Request" and "Response" in the Kubernetes documentation of dynamic admission control; the verification of
answers in its API server, whose words these are.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.admission.attributes import Attributes
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.kinds.values import show
from fizz.schemas.base import JSON

__all__ = ["Answer", "BadAnswer", "Denied", "denial", "question", "read", "values"]

_API_VERSION: Final = "admission.k8s.io/v1"
_KIND: Final = "AdmissionReview"


class BadAnswer(ValueError):
    """What came back is no answer to what was asked."""


class Denied(errors.ApiError):
    """A webhook refused the write; the code and reason are its own."""

    def __init__(self, message: str, given: JSON) -> None:
        details = given.get("details")
        super().__init__(message, details=details if isinstance(details, dict) else None)
        code = given.get("code")
        known = isinstance(code, int) and not isinstance(code, bool) and 400 <= code <= 599
        self.code = int(str(code)) if known else 400  # type: ignore[misc]  # of this refusal, not of its class
        self.reason = str(given.get("reason") or "")  # type: ignore[misc]  # the same

    def status(self) -> JSON:
        return {name: value for name, value in super().status().items() if name != "reason" or value}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook said. `patch` are JSON patch operations; None: nothing is to change."""

    allowed: bool
    status: JSON = field(default_factory=dict)
    patch: list[Any] | None = None
    warnings: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


def request(asked: Attributes, resource: Resource, uid: str = "") -> JSON:
    """The request without its objects, for who sees it in the version of `resource`."""
    said: JSON = {
        "uid": uid,
        "kind": asked.kind_in(resource),
        "resource": _resource(resource),
        "requestKind": asked.kind_in(asked.resource),
        "requestResource": _resource(asked.resource),
    }
    if asked.subresource:
        said |= {"subResource": asked.subresource, "requestSubResource": asked.subresource}
    if asked.name:
        said["name"] = asked.name
    if asked.namespace:
        said["namespace"] = asked.namespace
    return {
        **said,
        "operation": asked.operation,
        "userInfo": asked.user.dump(),
        "dryRun": asked.dry_run,
        "options": asked.options,
    }


def values(asked: Attributes, resource: Resource, obj: JSON | None, old: JSON | None) -> JSON:
    """What the conditions of webhooks and policies see, of objects in the version of `resource`."""
    from fizz.apiserver.kinds.cel.functions import authorizer  # with the language itself, when the first is asked

    about = {"group": resource.group, "resource": resource.plural, "subresource": asked.subresource}
    about |= {"namespace": asked.namespace, "name": asked.name}
    return {
        "object": obj,
        "oldObject": old,
        "request": request(asked, resource),
        "authorizer": authorizer(about),
    }


def question(asked: Attributes, resource: Resource, uid: str, obj: JSON | None, old: JSON | None) -> bytes:
    """The body that a webhook is sent."""
    whole = {**request(asked, resource, uid), "object": obj, "oldObject": old}
    return orjson.dumps({"kind": _KIND, "apiVersion": _API_VERSION, "request": whole})


def _resource(resource: Resource) -> JSON:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def read(body: bytes, uid: str, *, mutating: bool) -> Answer:
    """Read an answer. Raises `BadAnswer`."""
    try:
        review: Any = orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        raise BadAnswer(f"couldn't get version/kind; json parse error: {problem}") from problem
    if not isinstance(review, dict):
        raise BadAnswer("couldn't get version/kind; json parse error: the body is no object")
    response = review.get("response")
    if response is None:
        raise BadAnswer("webhook response was absent")
    if not isinstance(response, dict):
        raise BadAnswer("response must be an object")
    if response.get("uid") != uid:
        raise BadAnswer(f"expected response.uid={show(uid)}, got {show(response.get('uid') or '')}")
    found = (review.get("apiVersion"), review.get("kind"))
    if found != (_API_VERSION, _KIND):
        raise BadAnswer(f"expected webhook response of {_API_VERSION}, Kind={_KIND}, got {found[0]}, Kind={found[1]}")
    return Answer(
        response.get("allowed") is True,
        _object(response, "status"),
        _patch(response, mutating=mutating),
        tuple(str(each) for each in response.get("warnings") or ()),
        {str(key): str(value) for key, value in _object(response, "auditAnnotations").items()},
    )


def _object(response: JSON, name: str) -> JSON:
    value = response.get(name) or {}
    if not isinstance(value, dict):
        raise BadAnswer(f"response.{name} must be an object")
    return value


def _patch(response: JSON, *, mutating: bool) -> list[Any] | None:
    patch, kind = response.get("patch"), response.get("patchType")
    if not mutating:
        for name, value in (("patch", patch), ("patchType", kind)):
            if value:
                raise BadAnswer(f"validating webhook may not return response.{name}")
        return None
    if patch and kind is None:
        raise BadAnswer("webhook returned response.patch but not response.patchType")
    if not patch:
        if kind is not None:
            raise BadAnswer("webhook returned response.patchType but not response.patch")
        return None
    if kind != "JSONPatch":
        raise BadAnswer(f"webhook returned invalid response.patchType of {show(kind)}")
    try:
        operations = orjson.loads(base64.b64decode(patch, validate=True))
    except (binascii.Error, TypeError, ValueError) as problem:
        raise BadAnswer(f"response.patch is no JSON patch in base64: {problem}") from problem
    if not isinstance(operations, list):
        raise BadAnswer("response.patch is no JSON patch: it must be a list of operations")
    return operations


def denial(name: str, given: JSON) -> Denied:
    """What the client hears when a webhook says no."""
    by = f'admission webhook "{name}" denied the request'
    why = given.get("message") or given.get("reason")
    return Denied(f"{by}: {why}" if why else f"{by} without explanation", given)
