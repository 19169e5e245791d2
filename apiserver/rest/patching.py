"""Patches: what each content type means, read once and then applied to whatever is there.

application/merge-patch+json             RFC 7386
application/json-patch+json              RFC 6902
application/strategic-merge-patch+json   merge by schema; built-in kinds only, as Kubernetes
application/apply-patch+yaml | +cbor     server-side apply; needs a fieldManager
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fizz.apiserver import errors
from fizz.apiserver.kinds import codec, patches, strategic
from fizz.apiserver.kinds.registry import Resource
from fizz.apiserver.rest.negotiate import decode, duplicates
from fizz.schemas.base import JSON

__all__ = ["Patch", "doubled", "parse"]

_MERGE: Final = "application/merge-patch+json"
_JSON: Final = "application/json-patch+json"
_STRATEGIC: Final = "application/strategic-merge-patch+json"
_APPLY: Final = {"application/apply-patch+yaml": "application/yaml", "application/apply-patch+cbor": "application/cbor"}


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch that was read: `change` makes the new object of the live one; for server-side apply, `applied` is set."""

    change: Callable[[JSON], JSON] | None = None
    applied: JSON | None = None


def parse(media: str, body: bytes, resource: Resource, query: Mapping[str, str]) -> Patch:
    """Read a patch; `query` are the parameters of its request.

    Raises `BadRequest`, `Invalid` or `UnsupportedMediaType`.
    """
    if media in _APPLY:
        if not query.get("fieldManager"):
            required = errors.cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
            raise errors.Invalid.of("PatchOptions", "meta.k8s.io", "", [required])
        return Patch(applied=decode(body, _APPLY[media]))
    if "force" in query:
        message = "Forbidden: may not be specified for non-apply patch"
        causes = [errors.cause("FieldValueForbidden", message, "force")]
        raise errors.Invalid.of("PatchOptions", "meta.k8s.io", "", causes)
    if media == _MERGE:
        merge = decode(body, "application/json")
        return Patch(change=_applier(resource, lambda live: patches.merge_patch(live, merge)))
    if media == _JSON:
        operations = codec.decode(body)
        return Patch(change=_applier(resource, lambda live: patches.json_patch(live, operations)))
    if media == _STRATEGIC and resource.builtin:
        patch = decode(body, "application/json")
        schema = resource.schema
        return Patch(change=_applier(resource, lambda live: strategic.strategic_merge_patch(live, patch, schema)))
    read = [_MERGE, _JSON, *([_STRATEGIC] if resource.builtin else []), *_APPLY]
    raise errors.UnsupportedMediaType(
        f"the body of the request was in an unknown format - accepted media types include: {', '.join(read)}"
    )


def doubled(media: str, body: bytes) -> tuple[str, ...]:
    """The paths of keys that a patch has twice; those of a JSON patch are told as of its own list."""
    read_as = _APPLY.get(media, "application/json")
    if media == _JSON:
        return ()
    return duplicates(body, read_as, decode(body, read_as))


def _applier(resource: Resource, change: Callable[[JSON], Any]) -> Callable[[JSON], JSON]:
    """The change, its failures told as the API tells them."""

    def apply(live: JSON) -> JSON:
        try:
            result = change(live)
        except patches.TooManyOperations as problem:
            raise errors.RequestEntityTooLarge(str(problem)) from problem
        except patches.PatchFailed as problem:
            name = live["metadata"]["name"]
            causes = [errors.cause("FieldValueInvalid", str(problem), "")]
            raise errors.Invalid.of(resource.kind, resource.group, name, causes) from problem
        except patches.PatchError as problem:
            raise errors.BadRequest(str(problem)) from problem
        if not isinstance(result, dict):
            raise errors.BadRequest("the patch leaves no object")
        return result

    return apply
