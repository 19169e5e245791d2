"""The kinds of `authentication.k8s.io/v1`: who is it? They are asked and answered, and never stored."""

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Time
from fizz.schemas.meta import Object

__all__ = [
    "BoundObjectReference",
    "SelfSubjectReview",
    "SelfSubjectReviewStatus",
    "TokenRequest",
    "TokenRequestSpec",
    "TokenRequestStatus",
    "TokenReview",
    "TokenReviewSpec",
    "TokenReviewStatus",
    "UserInfo",
]


class UserInfo(Model):
    """Who somebody is."""

    username: str | None = Field(None, description="The name, unique among all users.")
    uid: str | None = Field(None, description="Tells apart users that had the same name at different times.")
    groups: list[str] | None = Field(None, description="The groups that the user is in.")
    extra: dict[str, list[str]] | None = Field(None, description="What else the authenticator knows.")


class TokenReviewSpec(Model):
    """The token in question."""

    token: str | None = Field(None, description="The bearer token.")
    audiences: list[str] | None = Field(
        None, description="Whom the token must be meant for, one of them at least; none: this API server."
    )


class TokenReviewStatus(Model):
    """Whose token it is."""

    authenticated: bool | None = Field(None, description="True if it is somebody's.")
    user: UserInfo | None = Field(None, description="Whose it is.")
    audiences: list[str] | None = Field(None, description="Those asked for that the token is meant for.")
    error: str | None = Field(None, description="Why the token could not be checked.")


class TokenReview(Object):
    """Asks whose token it is. Answered, never stored."""

    api_version: str = "authentication.k8s.io/v1"
    kind: str = "TokenReview"
    spec: TokenReviewSpec = Field(description="The token in question.")
    status: TokenReviewStatus | None = Field(None, description="The answer.")


class SelfSubjectReviewStatus(Model):
    """Who asks."""

    user_info: UserInfo | None = Field(None, description="Who asks.")


class SelfSubjectReview(Object):
    """Asks who the server thinks that one is. Answered, never stored."""

    api_version: str = "authentication.k8s.io/v1"
    kind: str = "SelfSubjectReview"
    status: SelfSubjectReviewStatus | None = Field(None, description="The answer.")


class BoundObjectReference(Model):
    """The object that a token lives no longer than."""

    kind: str | None = Field(None, description="Secret of v1, or Container of fizz.dev/v1.")
    api_version: str | None = Field(None, description="Group and version of the object.")
    name: str | None = Field(None, description="Its name, in the namespace of the ServiceAccount.")
    uid: str | None = Field(None, description="Its uid; if given, it must be that of the object that is there.")


class TokenRequestSpec(Model):
    """What the token is for."""

    audiences: list[str] | None = Field(None, description="Whom the token is meant for; none: this API server.")
    expiration_seconds: int | None = Field(
        3600, description="Seconds until the token expires, 600 at least.", json_schema_extra={"format": "int64"}
    )
    bound_object_ref: BoundObjectReference | None = Field(None, description="The object whose end ends the token.")


class TokenRequestStatus(Model):
    """The token."""

    token: str | None = Field(None, description="The bearer token.")
    expiration_timestamp: Time | None = Field(None, description="When it expires.")


class TokenRequest(Object):
    """Asks for a token of a ServiceAccount. Answered, never stored."""

    api_version: str = "authentication.k8s.io/v1"
    kind: str = "TokenRequest"
    spec: TokenRequestSpec = Field(default_factory=TokenRequestSpec, description="What the token is for.")
    status: TokenRequestStatus | None = Field(None, description="The answer.")
