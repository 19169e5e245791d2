"""From a definition to the resources that it makes: one for each version that is served.

All versions of a kind are the same stored objects. What is stored is in the storage version; on its way out an object
is pruned and given its defaults by the schema of that version, and then said to be of the version that was asked for
(conversion None). So a field that a schema lost is never shown again, and a default that it gained is seen at once.

With conversion Webhook, a webhook makes the object that of the version asked for (see `rest.versions`); then the schema
of that version prunes it and sets defaults.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from fizz.apiserver.kinds.custom.names import is_established, is_terminating
from fizz.apiserver.kinds.registry import Conversion, Resource
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
    spec = item["spec"]
    served = [version for version in spec["versions"] if version.get("served")]
    storage = _resource(item, next(version for version in spec["versions"] if version.get("storage")))
    conversion = spec.get("conversion") or {}
    if conversion.get("strategy") == "Webhook":
        webhook = Conversion(conversion["webhook"]["clientConfig"], storage.api_version)
        return [replace(each := _resource(item, version), from_stored=partial(_cleaned, each), conversion=webhook)
                for version in served]  # fmt: skip
    return [
        replace(
            each := _resource(item, version),
            from_stored=partial(_from_stored, storage, each.api_version),
            to_stored=_to_stored(storage.api_version),
        )
        for version in served
    ]


def _resource(item: JSON, version: JSON) -> Resource:
    """The resource of a version, for objects that are in it already."""
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
    )


def _cleaned(own: Resource, obj: JSON) -> JSON:
    own.compiled.clean(obj)
    return obj


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
