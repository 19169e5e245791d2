"""A controller in thirty lines: a ConfigMap with the annotation `example.com/copy-to: "staging test"` has a copy in
each of those namespaces, always equal to it.

    python examples/copier.py

It talks to the server that FIZZ_SERVER names, or to the local one. See docs/guides/client.md.
"""

import asyncio

from fizz.client import Client, Controller, Key, Manager
from fizz.schemas.core import ConfigMap
from fizz.schemas.meta import ObjectMeta
from fizz.schemas.settings import Settings

COPY_TO = "example.com/copy-to"
COPIED_FROM = "example.com/copied-from"  # label of the copies: the namespace of the original


class Copier:
    """Makes, repairs and removes copies."""

    def __init__(self, manager: Manager) -> None:
        self.client = manager.client
        self.maps = manager.informer(ConfigMap)
        manager.add(Controller("copier", self.reconcile).watches(self.maps, map=original))

    async def reconcile(self, key: Key) -> None:
        """Look at one original. Whatever happened, what is to be done follows from what is there."""
        source = self.maps.get(*key)
        wanted = set(source.annotations.get(COPY_TO, "").split()) if source else set()
        for namespace in sorted(wanted):
            present = self.maps.get(namespace, key.name)
            if source and (present is None or present.data != source.data):
                metadata = ObjectMeta(name=key.name, namespace=namespace, labels={COPIED_FROM: key.namespace})
                await self.client.apply(ConfigMap(metadata=metadata, data=source.data), force=True)
        for copy in self.maps.by_label(COPIED_FROM, key.namespace):
            if copy.name == key.name and copy.namespace not in wanted:
                await self.client.delete(ConfigMap, copy.name, copy.namespace, uid=copy.metadata.uid)


def original(item: ConfigMap) -> list[Key]:
    """Whose business a changed ConfigMap is: its own, or that of the one that it was copied from."""
    return [Key(item.labels.get(COPIED_FROM, item.namespace), item.name)]


async def main() -> None:
    settings = Settings.load()
    async with Client(settings.server, token=settings.token, field_manager="copier") as client:
        manager = Manager(client)
        Copier(manager)
        await manager.run()


if __name__ == "__main__":
    asyncio.run(main())
