"""What the tests with a real engine share."""

import io
import shutil
import tarfile

import docker
import pytest

IMAGE = "fizz-test/busybox"
_APPLETS = ("sh", "sleep", "echo", "cat", "true", "ls", "id", "stat", "nc", "hostname", "nslookup")


@pytest.fixture(scope="session")
def busybox_image() -> str:
    """An image with a shell, made of the host's static busybox if it is not there."""
    found = shutil.which("busybox")
    assert found, "these tests need busybox-static on the host"
    client = docker.from_env()
    try:
        if not client.images.list(IMAGE):
            client.api.import_image_from_data(_archive(found), repository=IMAGE, tag="latest")
    finally:
        client.close()
    return IMAGE


def _archive(busybox: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(busybox, "bin/busybox")
        for name in _APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for folder in ("tmp", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
    return content.getvalue()
