"""The controller of docs/guides/client.md, which is examples/copier.py, against a real server."""

import asyncio
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from fizz.client.api import Client, NotFound
from fizz.client.controller import Manager
from fizz.client.testing import eventually, server
from fizz.schemas.core import ConfigMap, Namespace
from fizz.schemas.meta import ObjectMeta

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copier() -> ModuleType:
    spec = spec_from_file_location("copier", ROOT / "examples/copier.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def text(client: Client, namespace: str) -> str | None:
    try:
        return ((await client.get(ConfigMap, "motd", namespace)).data or {}).get("text")
    except NotFound:
        return None


async def test_the_example_keeps_copies_equal(tmp_path: Path, copier: ModuleType) -> None:
    async with server(tmp_path) as client, asyncio.TaskGroup() as group:
        for name in ("blog", "staging", "test"):
            await client.create(Namespace(metadata=ObjectMeta(name=name)))
        manager = Manager(client)
        copier.Copier(manager)
        running = group.create_task(manager.run())

        wanted = {"example.com/copy-to": "staging test"}
        metadata = ObjectMeta(name="motd", namespace="blog", annotations=wanted)
        await client.create(ConfigMap(metadata=metadata, data={"text": "hello"}))
        await shows(client, "staging", "hello")
        await shows(client, "test", "hello")

        await client.patch(ConfigMap, "motd", {"data": {"text": "by hand"}}, "staging")
        await client.delete(ConfigMap, "motd", "test")
        await shows(client, "staging", "hello")
        await shows(client, "test", "hello")

        await client.patch(ConfigMap, "motd", {"metadata": {"annotations": {"example.com/copy-to": "test"}}}, "blog")
        await shows(client, "staging", None)
        await client.delete(ConfigMap, "motd", "blog")
        await shows(client, "test", None)

        manager.stop()
        await running


async def shows(client: Client, namespace: str, expected: str | None) -> None:
    async def holds() -> bool:
        return await text(client, namespace) == expected

    await eventually(holds)


def test_the_guide_shows_the_example_as_it_is() -> None:
    guide = (ROOT / "docs/guides/client.md").read_text()
    example = (ROOT / "examples/copier.py").read_text()
    shown = guide.split("```python\n", 1)[1].split("```", 1)[0]

    assert shown in example
    assert "class Copier" in shown
