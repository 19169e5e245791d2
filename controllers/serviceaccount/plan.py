"""Whether a Namespace is to get its ServiceAccount `default`: what runs in it, and says no other, acts as that one.

    there is no such Namespace, or it goes    no: its contents go with it, and nothing new may come
    the account is there                      no
    else                                      yes, also if somebody deleted it

Source: "Default service accounts" of the Kubernetes documentation.
"""

from typing import Final

from fizz.schemas.core import Namespace, ServiceAccount

__all__ = ["DEFAULT", "is_missing"]

DEFAULT: Final = "default"


def is_missing(namespace: Namespace | None, account: ServiceAccount | None) -> bool:
    """Whether the account is to be made."""
    return namespace is not None and namespace.metadata.deletion_timestamp is None and account is None
