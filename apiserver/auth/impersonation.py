"""Acting as somebody else: `kubectl --as jane --as-group devs` sends headers, and who sends them must be allowed to.

    Impersonate-User: jane             verb impersonate on users jane, or on serviceaccounts for their user names
    Impersonate-Group: devs            ... on groups devs; may be repeated
    Impersonate-Uid: 12                ... on uids.authentication.k8s.io 12
    Impersonate-Extra-SCOPES: view     ... on userextras.authentication.k8s.io/scopes view; may be repeated

Source: "User impersonation" of the Kubernetes documentation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from fizz.apiserver import errors
from fizz.apiserver.auth.actions import Action
from fizz.apiserver.auth.users import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User, account_of, service_account

__all__ = ["Impersonation", "parse"]

_PREFIX: Final = b"impersonate-"
_EXTRA: Final = "impersonate-extra-"
_GROUP: Final = "authentication.k8s.io"


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom somebody wants to act as."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def actions(self) -> list[Action]:
        """What must be allowed for that."""
        account = account_of(self.name)
        if account:
            wanted = [Action("impersonate", resource="serviceaccounts", namespace=account[0], name=account[1])]
        else:
            wanted = [Action("impersonate", resource="users", name=self.name)]
        wanted += [Action("impersonate", resource="groups", name=group) for group in self.groups]
        if self.uid:
            wanted.append(Action("impersonate", _GROUP, "v1", "uids", name=self.uid))
        wanted += [
            Action("impersonate", _GROUP, "v1", "userextras", key, name=value)
            for key, values in self.extra.items()
            for value in values
        ]
        return wanted

    def user(self) -> User:
        """The user to act as."""
        groups = self.groups
        if (account := account_of(self.name)) and not groups:
            groups = service_account(*account).groups
        anonymous = self.name == ANONYMOUS.name or UNAUTHENTICATED in groups
        own = UNAUTHENTICATED if anonymous else AUTHENTICATED
        if own not in groups:
            groups = (*groups, own)
        return User(self.name, self.uid, groups, self.extra)


def parse(headers: Iterable[tuple[bytes, bytes]]) -> Impersonation | None:
    """Whom the headers name; None if nobody. Raises `BadRequest` for groups and others without a user."""
    names: list[str] = []
    uids: list[str] = []
    groups: list[str] = []
    extra: dict[str, list[str]] = {}
    found = False
    for raw, content in headers:
        if not raw.startswith(_PREFIX):
            continue
        header, value = raw.decode("latin-1"), content.decode("utf-8", "replace")
        found = True
        match header:
            case "impersonate-user":
                names.append(value)
            case "impersonate-uid":
                uids.append(value)
            case "impersonate-group":
                groups.append(value)
            case _ if header.startswith(_EXTRA):
                extra.setdefault(unquote(header.removeprefix(_EXTRA)).lower(), []).append(value)
            case _:
                raise errors.BadRequest(f"{header} is no header that impersonates anything")
    if not found:
        return None
    if len(names) != 1 or not names[0] or len(uids) > 1:
        raise errors.BadRequest("requested impersonation without impersonating a user: send one Impersonate-User")
    return Impersonation(names[0], "".join(uids), tuple(groups), {key: tuple(values) for key, values in extra.items()})
