"""Nothing is created in a namespace that is absent or on its way out.

Source: the NamespaceLifecycle admission plug-in of Kubernetes.
"""

from fizz.apiserver import errors
from fizz.schemas.base import JSON

__all__ = ["check_open"]


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
