"""Mounts in short form are taken apart into long ones."""

from typing import Any

import pytest

from fizz.client.compose.spec.volumes import clean_target, split_mount

BIND = {"create_host_path": True}


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("/data", {"type": "volume", "target": "/data", "volume": {}}),
        ("/x", {"type": "volume", "target": "/x"}),
        ("data:/d", {"type": "volume", "source": "data", "target": "/d", "volume": {}}),
        ("data:/d:ro", {"type": "volume", "source": "data", "target": "/d", "volume": {}, "read_only": True}),
        (
            "data:/d:rw,nocopy",
            {"type": "volume", "source": "data", "target": "/d", "volume": {"nocopy": True}},
        ),
        ("./a:/d", {"type": "bind", "source": "./a", "target": "/d", "bind": BIND}),
        (
            "/a:/d/:Z,rshared",
            {
                "type": "bind",
                "source": "/a",
                "target": "/d",
                "bind": {**BIND, "selinux": "Z", "propagation": "rshared"},
            },
        ),
        ("~/a:/d:cached", {"type": "bind", "source": "~/a", "target": "/d", "bind": BIND}),
        ("C:\\a:/d:ro", {"type": "bind", "source": "C:\\a", "target": "/d", "bind": BIND, "read_only": True}),
        ("c:/a:D:\\b", {"type": "bind", "source": "c:/a", "target": "D:\\b", "bind": BIND}),
        ("d:/d", {"type": "volume", "target": "d:/d", "volume": {}}),
        ("${A:-/x}:/d", {"type": "volume", "source": "${A:-/x}", "target": "/d", "volume": {}}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_short_forms(text: str, mount: dict[str, Any]) -> None:
    assert split_mount(text) == mount


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty"), ("aa::bb", "empty part"), (":/x", "empty part"), ("/a:/b:ro:x", "too many colons")],
    ids=repr,
)
def test_what_is_no_mount(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        split_mount(text)


@pytest.mark.parametrize(
    ("target", "clean"), [("/a/", "/a"), ("/a//b/../c", "/a/c"), ("./x", "x"), ("C:\\a\\", "C:\\a\\"), ("/", "/")]
)
def test_targets_are_cleaned(target: str, clean: str) -> None:
    assert clean_target(target) == clean
