"""The history of a project in words: its Releases, what is in one, how two differ. Pure.

RELEASE   STATUS       AGE   BY          CHANGES                                  MESSAGE
1         Superseded   5m    ann@forge   first
2         Superseded   2m    ann@forge   ~ deployment/web                         faster
3         Deployed     20s   ann@forge   ~ deployment/web                         back to 1: web is unhealthy
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from fizz.client.cli.differences import Change, changes_between
from fizz.client.cli.failures import Failure
from fizz.client.cli.planning import Step
from fizz.client.cli.releases import Entry, entries_of, number_of, phase_of
from fizz.client.cli.tables import age, table
from fizz.schemas import times
from fizz.schemas.types import JSON

__all__ = ["described", "difference", "find_release", "full", "history_table"]

_MOST: Final = 3
"""Changes that a line of the history names."""
_LONGEST: Final = 60
_SHORT: Final = len("sha256:") + 12


def find_release(releases: Sequence[JSON], number: int, project: str) -> JSON:
    """The Release of that number. Raises `Failure` that says which there are."""
    found = next((each for each in releases if number_of(each) == number), None)
    if found is None:
        there = ", ".join(str(number_of(each)) for each in releases)
        raise Failure(f"there is no release {number} of {project}; there {f'are {there}' if there else 'is none'}")
    return found


def history_table(releases: Sequence[JSON], now: datetime) -> str:
    """One line for each, the oldest first."""
    rows = []
    before: JSON | None = None
    for each in releases:
        spec = each["spec"]
        made = times.parse(each["metadata"]["creationTimestamp"])
        told = "; ".join(_line(text) for text in (_origin(each), spec.get("message", "")) if text)
        changes = "" if before is None else _changes(before, each)
        rows.append(
            [number_of(each), phase_of(each) or "Progressing", age(made, now), spec.get("author"), changes, told]
        )
        before = each
    return table(["RELEASE", "STATUS", "AGE", "BY", "CHANGES", "MESSAGE"], ([*map(_cell, row)] for row in rows))


def _cell(value: object) -> str:
    return str(value) if value else "-"


def _origin(release: JSON) -> str:
    origin = release["spec"].get("origin")
    return f"back to {origin}" if origin else ""


def _line(text: str) -> str:
    first = text.partition("\n")[0]
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"


def _changes(before: JSON, after: JSON) -> str:
    old, new = ({(each["kind"], each["name"]): each for each in item["spec"]["resources"]} for item in (before, after))
    signs = {
        (kind, name): "+" if (kind, name) not in old else "-" if (kind, name) not in new else "~"
        for kind, name in {**old, **new}
        if (old.get((kind, name)) or {}).get("digest") != (new.get((kind, name)) or {}).get("digest")
    }
    told = [f"{sign} {kind.lower()}/{name}" for (kind, name), sign in signs.items()]
    return ", ".join(told[:_MOST]) + (f" and {len(told) - _MOST} more" if len(told) > _MOST else "")


def described(release: JSON) -> list[str]:
    """One Release in full, for people."""
    spec, status = release["spec"], release.get("status") or {}
    facts = [
        ("Release", f"{number_of(release)} of {spec['project']}"),
        ("Status", " ".join(filter(None, [phase_of(release) or "Progressing", status.get("message")]))),
        ("Message", spec.get("message")),
        ("Origin", f"release {spec['origin']}" if spec.get("origin") else None),
        ("By", " as ".join(filter(None, [spec.get("author"), spec.get("createdBy")]))),
        ("Made", release["metadata"].get("creationTimestamp")),
        ("Deployed", status.get("deployedAt")),
        ("Digest", spec["digest"]),
    ]
    width = max(len(name) for name, _ in facts) + 1
    told = [f"{name + ':':<{width}} {value}" for name, value in facts if value]
    if images := spec.get("images"):
        told += ["", table(["IMAGE", "ID", "DIGESTS"], ([each["name"], each["id"], _digests(each)] for each in images))]
    rows = [[_called(each), each["digest"][:_SHORT], each.get("revision") or "-"] for each in spec["resources"]]
    return [*told, "", table(["RESOURCE", "DIGEST", "CONTENT"], rows)]


def _called(resource: JSON) -> str:
    return f"{resource['kind'].lower()}/{resource['name']}"


def _digests(image: JSON) -> str:
    return ", ".join(image.get("digests") or ()) or "-"


def full(release: JSON) -> JSON:
    """The Release with its objects instead of the packed manifest, for programs."""
    spec = {key: value for key, value in release["spec"].items() if key != "manifest"}
    return {**release, "spec": {**spec, "objects": [entry.item for entry in entries_of(release).values()]}}


def difference(old: JSON, new: JSON) -> list[Step]:
    """What the new Release has otherwise than the old one."""
    return list(_steps(entries_of(old), entries_of(new)))


def _steps(old: dict[tuple[str, str], Entry], new: dict[tuple[str, str], Entry]) -> Iterator[Step]:
    for key in dict.fromkeys([*old, *new]):
        kind, name = key
        called = f"{kind.lower()}/{name}"
        before, after = old.get(key), new.get(key)
        if before is None:
            yield Step("create", called, "only in the later one")
        elif after is None:
            yield Step("remove", called, "only in the earlier one")
        elif changes := _changed(before, after):
            yield Step("change", called, "differs", tuple(changes))


def _changed(before: Entry, after: Entry) -> list[Change]:
    found = changes_between(before.item, after.item)
    if before.revision != after.revision:
        found.append(Change("content", before.revision, after.revision))
    return found
