"""Mounts, in the two forms that the engine takes."""

from typing import Any

import pytest

from fizz.controllers.node.create_mounts import FileMount, mounts_of
from fizz.controllers.node.engine import ApiVersion
from fizz.schemas.base import JSON
from fizz.schemas.mounts import Mount

OLD: ApiVersion = (1, 41)
NEW: ApiVersion = (1, 51)


def one(kind: str, target: str, source: str | None = None, **rest: Any) -> JSON:
    """A HostConfig with that mount."""
    return {"Mounts": [{"Type": kind, "Target": target, **({"Source": source} if source else {}), **rest}]}


def bind(**rest: Any) -> JSON:
    """A mount of /srv."""
    return {"type": "bind", "source": "/srv", "target": "/srv", **rest}


def volume(**rest: Any) -> JSON:
    """A mount of the volume `data`."""
    return {"type": "volume", "source": "data", "target": "/data", **rest}


MOUNTS: list[tuple[str, ApiVersion, JSON, JSON]] = [
    ("named volume", OLD, volume(), {"Binds": ["blog_data:/data:rw"]}),
    ("named volume, read-only", OLD, volume(readOnly=True), {"Binds": ["blog_data:/data:ro"]}),
    ("named volume, relabelled", NEW, volume(bind={"selinux": "z"}), {"Binds": ["blog_data:/data:rw,z"]}),
    (
        "named volume, not filled",
        OLD,
        volume(volume={"nocopy": True}),
        one("volume", "/data", "blog_data", VolumeOptions={"NoCopy": True}),
    ),
    (
        "bind with a colon in its path",
        OLD,
        {"type": "bind", "source": "/a:b", "target": "/c", "bind": {"createHostPath": True}},
        one("bind", "/c", "/a:b", BindOptions={"CreateMountpoint": True}),
    ),
    (
        "anonymous volume",
        OLD,
        {"type": "volume", "target": "/data", "volume": {"nocopy": True, "labels": {"a": "b"}}},
        one("volume", "/data", VolumeOptions={"NoCopy": True, "Labels": {"a": "b"}}),
    ),
    (
        "part of a volume, read-only",
        NEW,
        volume(readOnly=True, volume={"subpath": "x"}),
        one("volume", "/data", "blog_data", ReadOnly=True, VolumeOptions={"Subpath": "x"}),
    ),
    (
        "bind",
        OLD,
        bind(bind={"propagation": "rslave"}, consistency="cached"),
        one("bind", "/srv", "/srv", Consistency="cached", BindOptions={"Propagation": "rslave"}),
    ),
    (
        "bind, created if missing, old engine",
        OLD,
        bind(readOnly=True, bind={"createHostPath": True}),
        {"Binds": ["/srv:/srv:ro"]},
    ),
    (
        "bind, created if missing, new engine",
        NEW,
        bind(bind={"createHostPath": True}),
        {"Binds": ["/srv:/srv:rw"]},
    ),
    (
        "bind, relabelled",
        NEW,
        bind(bind={"selinux": "Z", "propagation": "rshared"}),
        {"Binds": ["/srv:/srv:rw,Z,rshared"]},
    ),
    (
        "bind, not recursive",
        OLD,
        bind(bind={"recursive": "disabled"}),
        one("bind", "/srv", "/srv", BindOptions={"NonRecursive": True}),
    ),
    (
        "bind, recursively read-only",
        NEW,
        bind(readOnly=True, bind={"recursive": "readonly"}),
        one("bind", "/srv", "/srv", ReadOnly=True, BindOptions={"ReadOnlyForceRecursive": True}),
    ),
    (
        "bind, submounts writable",
        NEW,
        bind(bind={"recursive": "writable"}),
        one("bind", "/srv", "/srv", BindOptions={"ReadOnlyNonRecursive": True}),
    ),
    (
        "tmpfs",
        OLD,
        {"type": "tmpfs", "target": "/tmp", "tmpfs": {"size": "64Mi", "mode": 0o1777}},
        one("tmpfs", "/tmp", TmpfsOptions={"SizeBytes": 67_108_864, "Mode": 0o1777}),
    ),
    (
        "image",
        NEW,
        {"type": "image", "source": "tools:1", "target": "/tools", "volume": {"subpath": "bin"}},
        one("image", "/tools", "tools:1", ImageOptions={"Subpath": "bin"}),
    ),
    ("named pipe", OLD, {"type": "npipe", "source": "in", "target": "out"}, one("npipe", "out", "in")),
    ("cluster volume", NEW, {"type": "cluster", "source": "s", "target": "/s"}, one("cluster", "/s", "s")),
]


@pytest.mark.parametrize(("version", "mount", "wanted"), [row[1:] for row in MOUNTS], ids=[row[0] for row in MOUNTS])
def test_a_mount_is_written_as_the_engine_wants_it(version: ApiVersion, mount: JSON, wanted: JSON) -> None:
    made, warnings = mounts_of([Mount.load(mount)], {"data": "blog_data"}, [], version)

    assert (made, warnings) == (wanted, [])


def test_files_are_mounted_read_only() -> None:
    made, _ = mounts_of([], {}, [FileMount("/run/fizz/files/u/1", "/run/secrets/password")], OLD)

    assert made == one("bind", "/run/secrets/password", "/run/fizz/files/u/1", ReadOnly=True)


def test_strings_and_structures_stand_side_by_side() -> None:
    mounts = [Mount.load(bind(bind={"createHostPath": True})), Mount.load({"type": "volume", "target": "/anonymous"})]

    made, _ = mounts_of(mounts, {"data": "blog_data"}, [], OLD)

    assert made == {**one("volume", "/anonymous"), "Binds": ["/srv:/srv:rw"]}
