"""Releases of a project: what one is made of, and which there are. Pure; `deploy` writes them, `history` reads them.

A Release says what the whole project is, whichever part of it was applied: what an `up web` left alone, and what other
profiles have, it takes over from the Release before it. An apply that comes to the same makes no new one.

The last ten are kept. If none of these ever worked, so is the last one that did: it is what one may want to go back to.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fizz.client.api import Operation
from fizz.client.cli.apply import identity, reference
from fizz.client.cli.failures import Failure
from fizz.client.cli.imageids import container_of
from fizz.client.cli.project import WORKLOADS, Resources
from fizz.client.cli.revisions import Key, revision_of, without_content
from fizz.schemas import labels
from fizz.schemas.names import to_label_value
from fizz.schemas.types import JSON

__all__ = [
    "KEEP",
    "Draft",
    "Entry",
    "Note",
    "Shelf",
    "entries_of",
    "good_before",
    "in_order",
    "last_before",
    "make_release",
    "number_of",
    "phase_of",
]

KEEP: Final = 10
"""How many Releases are kept if nobody says it."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of a Release: a message, who it is from, and the number of the one that it goes back to, if it does.
    `keep` is how many are kept, this one included.
    """

    author: str
    message: str = ""
    origin: int | None = None
    keep: int = KEEP


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a Release, without content; `revision` names what keeps that."""

    item: JSON
    revision: str | None = None

    @property
    def digest(self) -> str:
        """Hash of it, content included."""
        return _hash([self.item, self.revision])


@dataclass(frozen=True, slots=True)
class Shelf:
    """What there is already: the Releases in order, and the key of the revisions."""

    releases: Sequence[JSON]
    key: Key


@dataclass(frozen=True, slots=True)
class Draft:
    """A Release that is to be made, and what is done besides: revisions before it, old Releases after it."""

    release: JSON
    revisions: Sequence[JSON] = field(default=())
    surplus: Sequence[JSON] = field(default=())

    def operations(self) -> Iterator[Operation]:
        """What a transaction must do. Raises `AlreadyExists` there if somebody else just made one of that number."""
        yield from (Operation("apply", item, force=True) for item in self.revisions)
        yield Operation("create", self.release)
        yield from (Operation("delete", reference(item)) for item in self.surplus)


def make_release(resources: Resources, shelf: Shelf, note: Note) -> Draft | None:
    """The Release of what is applied; None if it is what the newest one says already."""
    newest = shelf.releases[-1] if shelf.releases else None
    number = number_of(newest) + 1 if newest else 1
    name = f"v{number}"
    entries: dict[tuple[str, str], Entry] = {}
    revisions: list[JSON] = []
    for item in resources.objects:
        revision = revision_of(item, resources.project, shelf.key, name)
        entries[identity(item)] = Entry(without_content(item), revision["metadata"]["name"] if revision else None)
        revisions += [revision] if revision else []
    if newest is not None and (resources.partial or resources.idle):
        for key, entry in entries_of(newest).items():
            if key not in entries and (resources.partial or key in resources.idle):
                entries[key] = entry
    digest = _hash(sorted(entry.digest for entry in entries.values()))
    if newest is not None and newest["spec"]["digest"] == digest:
        return None
    images = _images(entries.values(), resources.digests, newest)
    spec: JSON = {
        "project": resources.project,
        "number": number,
        "digest": digest,
        "author": note.author,
        **({"message": note.message} if note.message else {}),
        **({"origin": note.origin} if note.origin is not None else {}),
        **({"images": images} if images else {}),
        "resources": [_resource(entry) for entry in entries.values()],
        "manifest": _packed([entry.item for entry in entries.values()]),
    }
    own = {labels.MANAGED_BY: "fizz", labels.PROJECT: to_label_value(resources.project)}
    metadata = {"name": name, "namespace": resources.namespace, "labels": own}
    release = {"apiVersion": "fizz.dev/v1", "kind": "Release", "metadata": metadata, "spec": spec}
    return Draft(release, revisions, _surplus(shelf.releases, note.keep))


def number_of(release: JSON) -> int:
    """Its number."""
    return int(release["spec"]["number"])


def phase_of(release: JSON) -> str:
    """How it is doing; empty while nobody has looked."""
    return str((release.get("status") or {}).get("phase") or "")


def in_order(releases: Iterable[JSON]) -> list[JSON]:
    """The oldest first."""
    return sorted(releases, key=number_of)


def entries_of(release: JSON) -> dict[tuple[str, str], Entry]:
    """What is in it. Raises `Failure` for a manifest that nobody can read."""
    try:
        items: list[JSON] = json.loads(gzip.decompress(base64.b64decode(release["spec"]["manifest"])))
    except (OSError, EOFError, ValueError) as problem:
        raise Failure(f"the manifest of release {release['metadata']['name']} cannot be read: {problem}") from None
    revisions = {(each["kind"], each["name"]): each.get("revision") for each in release["spec"]["resources"]}
    return {identity(item): Entry(item, revisions.get(identity(item))) for item in items}


def last_before(releases: Sequence[JSON], number: int) -> JSON | None:
    """The Release before that one; None if it is the first that is kept."""
    return next((each for each in reversed(releases) if number_of(each) < number), None)


def good_before(releases: Sequence[JSON], number: int) -> JSON | None:
    """The newest Release before that one which says something else and worked, as far as is known: best one that was
    deployed and had not failed in the end, else one of which either holds. None if there is none.
    """
    failed = next((each["spec"]["digest"] for each in releases if number_of(each) == number), None)
    earlier = [each for each in releases if number_of(each) < number and each["spec"]["digest"] != failed]
    best = [each for each in earlier if _was_deployed(each) and phase_of(each) != "Failed"]
    fair = [each for each in earlier if _was_deployed(each) or phase_of(each) != "Failed"]
    return next(iter([*reversed(best), *reversed(fair)]), None)


def _was_deployed(release: JSON) -> bool:
    return bool((release.get("status") or {}).get("deployedAt"))


def _surplus(releases: Sequence[JSON], keep: int) -> list[JSON]:
    """The Releases that go when one more is made."""
    first = max(0, len(releases) - keep + 1)
    old, kept = list(releases[:first]), releases[first:]
    if not any(map(_was_deployed, kept)):
        worked = next((each for each in reversed(old) if _was_deployed(each)), None)
        old = [each for each in old if each is not worked]
    return old


def _resource(entry: Entry) -> JSON:
    item = entry.item
    named = {"apiVersion": item["apiVersion"], "kind": item["kind"], "name": item["metadata"]["name"]}
    return {**named, "digest": entry.digest, **({"revision": entry.revision} if entry.revision else {})}


def _images(entries: Iterable[Entry], digests: Mapping[str, Sequence[str]], newest: JSON | None) -> list[JSON]:
    """The images that are known by content."""
    known = {each["id"]: each.get("digests") or () for each in (newest or {"spec": {}})["spec"].get("images") or ()}
    found: dict[tuple[str, str], JSON] = {}
    for entry in entries:
        if entry.item["kind"] in WORKLOADS:
            container = container_of(entry.item)
            if (image := container.get("imageID")) is not None:
                called = sorted(digests.get(image) or known.get(image) or ())
                told = {"name": container["image"], "id": image, **({"digests": called} if called else {})}
                found[container["image"], image] = told
    return [found[key] for key in sorted(found)]


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _packed(items: Sequence[JSON]) -> str:
    text = json.dumps(items, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
