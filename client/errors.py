"""What can go wrong when talking to the API server. The server's Status object becomes one of these.

    ApiError                the server refused, or did not answer; `code`, `reason`, `message`, `details` say why
    ├── BadRequest          400: the request makes no sense
    ├── Unauthorized        401: the server does not know who asks
    ├── Forbidden           403: who asks may not do that
    ├── NotFound            404: no such object, or no such kind
    ├── AlreadyExists       409: an object of that name is there already
    ├── Conflict            409: the object changed since it was read, or another manager owns the field
    ├── Gone                410: the server does not remember the revision asked for (or has not come to it)
    ├── Invalid             422: the object breaks the rules of its kind; `causes` names the fields
    ├── TooManyRequests     429: the server is busy; `retry_after` says when to come back
    ├── ServerError         500 and above: the server failed
    ├── Unavailable         503, 504, or no answer at all; trying again may help
    └── Unreadable          the answer is not what the model expects

A message names the object, what was found and what to do. It is the server's own where the server spoke.
"""

from collections.abc import Mapping
from typing import Any, Final

from fizz.schemas.types import JSON

__all__ = [
    "AlreadyExists",
    "ApiError",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "Gone",
    "Invalid",
    "NotFound",
    "ServerError",
    "TooManyRequests",
    "Unauthorized",
    "Unavailable",
    "Unreadable",
    "from_status",
]


class ApiError(Exception):
    """The server refused, or did not answer.

    `retry_after` is the number of seconds that the server asked to wait, None if it did not say.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.details: Mapping[str, Any] = details or {}
        self.retry_after = retry_after

    @property
    def causes(self) -> list[JSON]:
        """The single problems, each with `reason`, `message` and `field`; empty if the server named none."""
        return list(self.details.get("causes") or [])


class BadRequest(ApiError):
    """The request makes no sense."""


class Unauthorized(ApiError):
    """The server does not know who asks."""


class Forbidden(ApiError):
    """Who asks may not do that."""


class NotFound(ApiError):
    """No such object, or no such kind."""


class AlreadyExists(ApiError):
    """An object of that name is there already."""


class Conflict(ApiError):
    """The object changed since it was read, or another manager owns the field."""


class Gone(ApiError):
    """The server does not remember the revision asked for, or has not come to it."""


class Invalid(ApiError):
    """The object breaks the rules of its kind."""


class TooManyRequests(ApiError):
    """The server is busy and has done nothing."""


class ServerError(ApiError):
    """The server failed."""


class Unavailable(ApiError):
    """There is no server, or its answer was lost. `sent` is False if the request surely did not reach it; `hopeless`
    is True if trying again cannot help (as where the socket's permissions shut the caller out).
    """

    def __init__(self, message: str, *, sent: bool = True, hopeless: bool = False, **rest: Any) -> None:
        super().__init__(message, **{"code": 503, "reason": "ServiceUnavailable", **rest})
        self.sent = sent
        self.hopeless = hopeless


class Unreadable(ApiError):
    """The answer is not what the model expects; the library's complaint is the `__cause__`."""


_BY_CODE: Final[Mapping[int, type[ApiError]]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
    503: Unavailable,
    504: Unavailable,
}


def from_status(status: JSON, code: int | None = None, retry_after: float | None = None) -> ApiError:
    """The error that a Status object tells of. `code` is the HTTP code, where there was one; the Status says it too."""
    number = int(status.get("code") or code or 500)
    reason = str(status.get("reason") or "")
    details: Mapping[str, Any] = status.get("details") or {}
    found = _BY_CODE.get(number, ServerError if number >= 500 else ApiError)
    if reason == "AlreadyExists":
        found = AlreadyExists
    if any(cause.get("reason") == "ResourceVersionTooLarge" for cause in details.get("causes") or []):
        found = Gone  # its history was replaced by a younger one: as useless to us as one that is too old
    message = str(status.get("message") or reason or f"the server answered {number}")
    return found(message, code=number, reason=reason, details=details, retry_after=retry_after)
