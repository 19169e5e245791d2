"""The stores that the conformance suite runs against."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conformance.store_kit import KINDS, Clock, ExpiringStore, open_store


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[ExpiringStore]:
    store = await open_store(request.param, tmp_path, clock)
    yield store
    await store.close()
