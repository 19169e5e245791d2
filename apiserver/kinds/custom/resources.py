"""From a definition to the resources that it makes: one for each version that is served.

All versions of a kind are the same stored objects. What is stored is in the storage version; on its way out an object
is pruned and given its defaults by the schema of that version, and then said to be of the version that was asked for
(conversion None). So a field that a schema lost is never shown again, and a default that it gained is seen at once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from fizz.apiserver.kinds.custom.names import is_established, is_terminating
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON
from fizz.schemas.kinds import Column, Scale

__all__ = ["resources"]

_AGE: Final = Column(
    "Age",
    ".metadata.creationTimestamp",
    "date",
    "CreationTimestamp is a timestamp representing the server time when this object was created.",
)


def resources(item: JSON) -> list[Resource]:
    """The resources of a definition; none before it is established."""
    if not is_established(item):
        return []
    versions: list[JSON] = item["spec"]["versions"]
    stored = next(version for version in versions if version.get("storage"))
    storage = _resource(item, stored, None)
    return [_resource(item, version, storage) for version in versions if version.get("served")]


def _resource(item: JSON, version: JSON, storage: Resource | None) -> Resource:
    spec, accepted = item["spec"], item["status"]["acceptedNames"]
    subresources = version.get("subresources") or {}
    schema = version["schema"]["openAPIV3Schema"]
    api_version = f"{spec['group']}/{version['name']}"
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=accepted["kind"],
        plural=accepted["plural"],
        singular=accepted.get("singular") or accepted["kind"].lower(),
        list_kind=accepted.get("listKind") or f"{accepted['kind']}List",
        make_schema=lambda: schema,
        short_names=tuple(accepted.get("shortNames") or ()),
        categories=tuple(accepted.get("categories") or ()),
        namespaced=spec["scope"] == "Namespaced",
        status=subresources.get("status") is not None,
        scale=_scale(subresources.get("scale")),
        columns=_columns(version),
        selectable=_selectable(version),
        warning=_warning(version, api_version, accepted["kind"]),
        terminating=is_terminating(item),
        from_stored=partial(_from_stored, storage, api_version) if storage else None,
        to_stored=_to_stored(storage.api_version) if storage else None,
    )


def _from_stored(storage: Resource, api_version: str, obj: JSON) -> JSON:
    storage.compiled.clean(obj)
    obj["apiVersion"] = api_version
    return obj


def _to_stored(api_version: str) -> Callable[[JSON], JSON]:
    return lambda obj: {**obj, "apiVersion": api_version}


def _scale(given: JSON | None) -> Scale | None:
    if given is None:
        return None
    return Scale(given["specReplicasPath"], given["statusReplicasPath"], given.get("labelSelectorPath") or "")


def _columns(version: JSON) -> tuple[Column, ...]:
    given: list[JSON] = version.get("additionalPrinterColumns") or []
    if not given:
        return (_AGE,)
    return tuple(_column(each) for each in given)


def _column(given: JSON) -> Column:
    said = given.get("description") or f"Custom resource definition column (in JSONPath format): {given['jsonPath']}"
    return Column(
        given["name"], given["jsonPath"], given["type"], said, given.get("priority") or 0, given.get("format") or ""
    )


def _selectable(version: JSON) -> frozenset[str]:
    given: Any = version.get("selectableFields") or ()
    return frozenset({"metadata.name", "metadata.namespace", *(each["jsonPath"].removeprefix(".") for each in given)})


def _warning(version: JSON, api_version: str, kind: str) -> str:
    if not version.get("deprecated"):
        return ""
    return str(version.get("deprecationWarning") or f"{api_version} {kind} is deprecated")
