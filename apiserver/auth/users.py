"""Who somebody is: a name, groups, and what else the authenticator knows.

    administrator              the unix socket, and the plain loopback port: group system:masters, which may do anything
    system:serviceaccount:N:A  the ServiceAccount A of the namespace N
    system:anonymous           who shows no token

Source: "Authenticating" of the Kubernetes documentation.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from fizz.schemas.base import JSON

__all__ = [
    "ACCOUNTS",
    "ADMINISTRATOR",
    "ANONYMOUS",
    "AUTHENTICATED",
    "MASTERS",
    "SERVER",
    "UNAUTHENTICATED",
    "User",
    "account_name",
    "account_of",
    "service_account",
]

MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
_ACCOUNT: Final = "system:serviceaccount:"
ACCOUNTS: Final = "system:serviceaccounts"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody. `extra` has lists of texts by key, as TokenReviews give them."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def is_master(self) -> bool:
        """Whether everything is allowed, whatever roles say."""
        return MASTERS in self.groups

    @property
    def is_anonymous(self) -> bool:
        return AUTHENTICATED not in self.groups

    def dump(self) -> JSON:
        """The `UserInfo` of the wire."""
        shown: JSON = {"username": self.name}
        if self.uid:
            shown["uid"] = self.uid
        if self.groups:
            shown["groups"] = list(self.groups)
        if self.extra:
            shown["extra"] = {key: list(values) for key, values in self.extra.items()}
        return shown


ADMINISTRATOR: Final = User("administrator", groups=(MASTERS, AUTHENTICATED))
"""Who may open the unix socket."""
SERVER: Final = User("system:apiserver", groups=(MASTERS, AUTHENTICATED))
"""The API server itself."""
ANONYMOUS: Final = User("system:anonymous", groups=(UNAUTHENTICATED,))
"""Who shows no token."""


def account_name(namespace: str, name: str) -> str:
    """The user name of a ServiceAccount."""
    return f"{_ACCOUNT}{namespace}:{name}"


def account_of(user_name: str) -> tuple[str, str] | None:
    """Namespace and name of the ServiceAccount with that user name, or None."""
    namespace, colon, name = user_name.removeprefix(_ACCOUNT).partition(":")
    return (namespace, name) if user_name.startswith(_ACCOUNT) and colon and namespace and name else None


def service_account(namespace: str, name: str, uid: str = "", extra: Mapping[str, Iterable[str]] | None = None) -> User:
    """A ServiceAccount as a user."""
    groups = (ACCOUNTS, f"{ACCOUNTS}:{namespace}", AUTHENTICATED)
    return User(
        account_name(namespace, name), uid, groups, {key: tuple(values) for key, values in (extra or {}).items()}
    )
