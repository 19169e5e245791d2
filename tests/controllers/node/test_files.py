"""Secrets and ConfigMaps as files and variables."""

import os
from pathlib import Path
from typing import Any

import pytest

from fizz.controllers.node.files import FileContent, Files
from fizz.controllers.node.sources import SourceMissing, Sources, environment, files, targets
from fizz.schemas.container import ContainerSpec
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.sources import SourceRef, references
from tests.controllers.node.world import config, secret


@pytest.fixture
def folder(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


def path_of(folder: Files, target: str) -> Path:
    return Path(folder.mounts("u", [target])[0].source)


def test_files_have_content_and_mode_and_lie_in_a_private_folder(folder: Files, tmp_path: Path) -> None:
    folder.write("u", [FileContent("/a", b"one", 0o400), FileContent("/b", b"two", 0o555)])

    first, second = path_of(folder, "/a"), path_of(folder, "/b")
    assert (first.read_bytes(), first.stat().st_mode & 0o777) == (b"one", 0o400)
    assert (second.read_bytes(), second.stat().st_mode & 0o777) == (b"two", 0o555)
    assert first.parent.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    assert folder.uids() == ["u"]


def test_writing_again_changes_content_in_place(folder: Files) -> None:
    folder.write("u", [FileContent("/a", b"one", 0o444)])
    before = path_of(folder, "/a").stat()

    folder.write("u", [FileContent("/a", b"two, and longer", 0o440)])

    after = path_of(folder, "/a").stat()
    assert path_of(folder, "/a").read_bytes() == b"two, and longer"
    assert (after.st_ino, after.st_mode & 0o777) == (before.st_ino, 0o440)


def test_writing_the_same_again_does_not_write(folder: Files) -> None:
    folder.write("u", [FileContent("/a", b"one")])
    before = path_of(folder, "/a").stat()

    folder.write("u", [FileContent("/a", b"one")])

    assert path_of(folder, "/a").stat() == before


def test_a_folder_that_an_engine_made_in_its_place_gives_way(folder: Files) -> None:
    path_of(folder, "/a").mkdir(parents=True)

    folder.write("u", [FileContent("/a", b"one")])

    assert path_of(folder, "/a").read_bytes() == b"one"


def test_nothing_to_write_makes_no_folder(folder: Files) -> None:
    folder.write("u", [])

    assert folder.uids() == []


def test_removing_removes_all_and_twice_is_no_error(folder: Files) -> None:
    folder.write("u", [FileContent("/a", b"one")])

    folder.remove("u")
    folder.remove("u")

    assert folder.uids() == []


def test_owners_are_set(folder: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: owners.append((uid, gid)))

    folder.write("u", [FileContent("/a", b"one", uid=1234, gid=4321)])
    folder.write("u", [FileContent("/b", b"one")])

    assert owners == [(1234, 4321)]


def spec(**fields: Any) -> ContainerSpec:
    return ContainerSpec.load({"image": "busybox", **fields})


def known(*items: Secret | ConfigMap) -> Sources:
    return {SourceRef("Secret" if isinstance(item, Secret) else "ConfigMap", item.name): item for item in items}


FULL = spec(
    env=[
        {"name": "A", "value": "1"},
        {"name": "B"},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
    ],
    secrets=[{"name": "s", "key": "k", "target": "/run/secrets/k", "uid": "5", "gid": "6", "mode": 0o400}],
    configs=[{"name": "c2", "key": "k", "target": "/etc/k"}],
)


def test_references_and_targets_are_all_found() -> None:
    assert references(FULL) == {SourceRef("Secret", "s"), SourceRef("ConfigMap", "c"), SourceRef("ConfigMap", "c2")}
    assert targets(FULL) == ["/run/secrets/k", "/etc/k"]


def test_references_become_variables_and_files() -> None:
    sources = known(secret("s", k="hush"), config("c", k="loud"), config("c2", k="file"))

    assert environment(FULL.env, sources) == [("A", "1"), ("B", ""), ("C", "hush"), ("D", "loud")]
    assert files(FULL, sources) == [
        FileContent("/run/secrets/k", b"hush", 0o400, 5, 6),
        FileContent("/etc/k", b"file", 0o444, None, None),
    ]


def test_bytes_of_a_config_map_are_bytes() -> None:
    item = ConfigMap.load({"metadata": {"name": "c2"}, "binaryData": {"k": "AP8="}})

    assert files(spec(configs=[{"name": "c2", "key": "k", "target": "/x"}]), known(item))[0].content == b"\x00\xff"


def test_of_two_variables_of_one_name_the_later_holds() -> None:
    assert environment(spec(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]).env, {}) == [("A", "2")]


BROKEN: list[tuple[str, ContainerSpec, Sources]] = [
    ("SecretMissing", spec(secrets=[{"name": "s", "key": "k", "target": "/x"}]), {}),
    ("ConfigMapMissing", spec(configs=[{"name": "c", "key": "k", "target": "/x"}]), {}),
    ("SecretKeyMissing", spec(secrets=[{"name": "s", "key": "k", "target": "/x"}]), known(secret("s"))),
    ("ConfigMapKeyMissing", spec(configs=[{"name": "c", "key": "k", "target": "/x"}]), known(config("c", other=""))),
    (
        "SecretKeyUnreadable",
        spec(secrets=[{"name": "s", "key": "k", "target": "/x"}]),
        known(Secret.load({"metadata": {"name": "s"}, "data": {"k": "no base64!"}})),
    ),
    (
        "FileOwnerUnknown",
        spec(secrets=[{"name": "s", "key": "k", "target": "/x", "uid": "www-data"}]),
        known(secret("s", k="")),
    ),
]


@pytest.mark.parametrize(("reason", "item", "sources"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_reference_that_leads_nowhere_says_what_is_missing(
    reason: str, item: ContainerSpec, sources: Sources
) -> None:
    with pytest.raises(SourceMissing) as caught:
        files(item, sources)

    assert caught.value.reason == reason


def test_a_variable_must_be_text() -> None:
    item = Secret.load({"metadata": {"name": "s"}, "data": {"k": "AP8="}})
    wanted = spec(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])

    with pytest.raises(SourceMissing, match="no text"):
        environment(wanted.env, known(item))
