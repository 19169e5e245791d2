"""Nothing is created in a namespace that is absent or on its way out.

Source: the NamespaceLifecycle admission plug-in of Kubernetes.
"""

from typing import Final

from fizz.apiserver import errors
from fizz.schemas.base import JSON

__all__ = ["PERMANENT", "check_deletable", "check_open"]

PERMANENT: Final = frozenset({"default", "fizz-node-lease", "fizz-system"})
"""Namespaces that stay. By the uid of fizz-system a server knows what is its own in an engine: without it, it would not
know its containers again.
"""


def check_deletable(name: str) -> None:
    """Raises `Forbidden` for a namespace that must stay."""
    if name in PERMANENT:
        raise errors.Forbidden(
            f'namespaces "{name}" is forbidden: this namespace may not be deleted',
            details={"name": name, "kind": "namespaces"},
        )


def check_open(namespace: JSON | None, name: str, resource: str, object_name: str) -> None:
    """Raises `NotFound` for an absent namespace and `Forbidden` for one that is terminating."""
    if namespace is None:
        raise errors.NotFound.of("namespaces", name)
    if "deletionTimestamp" not in namespace["metadata"]:
        return
    message = (
        f'{resource} "{object_name}" is forbidden: unable to create new content in namespace {name} '
        "because it is being terminated"
    )
    said = f"namespace {name} is being terminated"
    plural, _, group = resource.partition(".")
    details: JSON = {
        "name": object_name,
        "group": group,
        "kind": plural,
        "causes": [errors.cause("NamespaceTerminating", said, "metadata.namespace")],
    }
    raise errors.Forbidden(message, details={key: value for key, value in details.items() if value})
