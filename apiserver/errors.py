"""Everything that the API server refuses, as Kubernetes says it: one class a reason, one `Status` shape for all.

    ApiError
    ├── BadRequest            400  the request cannot be understood
    ├── Unauthorized          401  nobody vouches for the caller
    ├── Forbidden             403  the caller may not, or nobody may at this time
    ├── NotFound              404  there is no such object, resource or path
    ├── MethodNotAllowed      405  the resource knows no such verb
    ├── NotAcceptable         406  no representation fits the Accept header
    ├── AlreadyExists         409  the name is taken
    ├── Conflict              409  the object is not as the caller thinks it is
    ├── Expired               410  the history asked for is gone
    ├── RequestEntityTooLarge 413  the body is over the limit
    ├── UnsupportedMediaType  415  the body is in a format that is not read here
    ├── Invalid               422  the object breaks rules of its kind; all breaches are listed as causes
    ├── TooManyRequests       429  try again later
    ├── InternalError         500  a fault of the server; its log says which
    ├── ServiceUnavailable    503  somebody needed for the answer does not answer
    ├── Timeout               504  what was asked for did not happen in time
    └── InsufficientStorage   507  there is no space to write

Source: "API Conventions", sections "HTTP Status codes" and "Response Status Kind".
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from fizz.schemas.base import JSON

__all__ = [
    "AlreadyExists",
    "ApiError",
    "BadRequest",
    "Conflict",
    "Expired",
    "Forbidden",
    "InsufficientStorage",
    "InternalError",
    "Invalid",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "RequestEntityTooLarge",
    "ServiceUnavailable",
    "Timeout",
    "TooManyRequests",
    "Unauthorized",
    "UnsupportedMediaType",
    "cause",
]


def cause(reason: str, message: str, field: str) -> JSON:
    """One breach: `field` is a path as `spec.ports[0].containerPort`."""
    return {"reason": reason, "message": message, "field": field}


class ApiError(Exception):
    """A refusal. `details` says of which object (name, group, kind, uid) and with which causes."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(self, message: str, *, details: JSON | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self.headers = headers or {}

    def status(self) -> JSON:
        """The `Status` object that is the answer."""
        status: JSON = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


class BadRequest(ApiError):
    """The request cannot be understood."""

    code = 400
    reason = "BadRequest"


class Unauthorized(ApiError):
    """Nobody vouches for the caller."""

    code = 401
    reason = "Unauthorized"


class Forbidden(ApiError):
    """The caller may not, or nobody may at this time."""

    code = 403
    reason = "Forbidden"


class NotFound(ApiError):
    """There is no such object, resource or path."""

    code = 404
    reason = "NotFound"

    @classmethod
    def of(cls, resource: str, name: str) -> "NotFound":
        """No object of that name; `resource` as `deployments.fizz.dev`."""
        return cls(f'{resource} "{name}" not found', details=_object(resource, name))

    @classmethod
    def path(cls) -> "NotFound":
        """Nothing is served at that path."""
        return cls("the server could not find the requested resource")


class MethodNotAllowed(ApiError):
    """The resource knows no such verb."""

    code = 405
    reason = "MethodNotAllowed"


class NotAcceptable(ApiError):
    """No representation fits the Accept header."""

    code = 406
    reason = "NotAcceptable"


class AlreadyExists(ApiError):
    """The name is taken."""

    code = 409
    reason = "AlreadyExists"

    @classmethod
    def of(cls, resource: str, name: str) -> "AlreadyExists":
        return cls(f'{resource} "{name}" already exists', details=_object(resource, name))


class Conflict(ApiError):
    """The object is not as the caller thinks it is."""

    code = 409
    reason = "Conflict"

    @classmethod
    def of(cls, resource: str, name: str, why: str) -> "Conflict":
        message = f'Operation cannot be fulfilled on {resource} "{name}": {why}'
        return cls(message, details=_object(resource, name))

    @classmethod
    def stale(cls, resource: str, name: str) -> "Conflict":
        """The caller's resourceVersion is not the present one."""
        why = "the object has been modified; please apply your changes to the latest version and try again"
        return cls.of(resource, name, why)


class Expired(ApiError):
    """The history asked for is gone: list again."""

    code = 410
    reason = "Expired"


class RequestEntityTooLarge(ApiError):
    """The body is over the limit."""

    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    """The body is in a format that is not read here."""

    code = 415
    reason = "UnsupportedMediaType"


class Invalid(ApiError):
    """The object breaks rules of its kind; all breaches are listed as causes."""

    code = 422
    reason = "Invalid"

    @classmethod
    def of(cls, kind: str, group: str, name: str, causes: Sequence[JSON]) -> "Invalid":
        """`kind` as `Deployment`; the causes are made by `cause`."""
        said = [f"{each['field']}: {each['message']}" if each.get("field") else each["message"] for each in causes]
        joined = said[0] if len(said) == 1 else "[" + ", ".join(said) + "]"
        full = f"{kind}.{group}" if group else kind
        details: JSON = {"name": name, "group": group, "kind": kind, "causes": list(causes)}
        return cls(f'{full} "{name}" is invalid: {joined}', details={k: v for k, v in details.items() if v})


class TooManyRequests(ApiError):
    """Try again later; the answer says when."""

    code = 429
    reason = "TooManyRequests"


class InternalError(ApiError):
    """A fault of the server; its log says which."""


class ServiceUnavailable(ApiError):
    """Somebody needed for the answer does not answer."""

    code = 503
    reason = "ServiceUnavailable"


class Timeout(ApiError):
    """What was asked for did not happen in time."""

    code = 504
    reason = "Timeout"


class InsufficientStorage(ApiError):
    """There is no space to write; nothing was written."""

    code = 507
    reason = "InsufficientStorage"


def _object(resource: str, name: str) -> dict[str, Any]:
    plural, _, group = resource.partition(".")
    details = {"name": name, "group": group, "kind": plural}
    return {key: value for key, value in details.items() if value}


_BY_CODE: Final = {kind.code: kind for kind in ApiError.__subclasses__()}


def of_code(code: int, message: str) -> ApiError:
    """The error for an HTTP code that a library chose."""
    return _BY_CODE.get(code, InternalError)(message)
