import asyncio
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from fizz.apiserver.store import expiry
from fizz.apiserver.store.expiry import Expirer
from fizz.apiserver.store.types import Change, Closed, Full, Record, StoreError


class Stubborn:
    """One record is due; to delete it fails in given ways, then works."""

    def __init__(self, *failures: StoreError) -> None:
        self.failures = list(failures)
        self.deleted = asyncio.Event()

    def due(self, now: int, limit: int) -> Sequence[Record]:
        return () if self.deleted.is_set() else (Record("/a", b"", 1),)

    def deadline(self) -> int | None:
        return None

    async def commit(self, changes: Sequence[Change]) -> int:
        if self.failures:
            raise self.failures.pop(0)
        assert changes == [Change("/a", None, expected=1)]
        self.deleted.set()
        return 2


async def test_what_cannot_be_deleted_now_is_deleted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "_WAIT_AFTER_ERROR", 0)
    store = Stubborn(Full("no space"), StoreError("some trouble"))
    with capture_logs() as logs:
        running = asyncio.create_task(Expirer(store, lambda: 0.0).run())
        await store.deleted.wait()
    assert [line["error"] for line in logs] == ["no space", "some trouble"]
    running.cancel()
    await asyncio.wait([running])


async def test_it_ends_with_the_store() -> None:
    await Expirer(Stubborn(Closed("the store is closed")), lambda: 0.0).run()


async def test_being_told_to_expire_says_what_is_in_the_way() -> None:
    with pytest.raises(Full):
        await Expirer(Stubborn(Full("no space")), lambda: 0.0).expire()
