"""When a Namespace gets its ServiceAccount."""

from typing import Any

import pytest

from fizz.controllers.serviceaccount.plan import DEFAULT, is_missing
from fizz.schemas.core import Namespace, ServiceAccount

ACCOUNT = ServiceAccount.load({"metadata": {"name": DEFAULT, "namespace": "shop"}})


def namespace(**metadata: Any) -> Namespace:
    return Namespace.load({"metadata": {"name": "shop", **metadata}})


@pytest.mark.parametrize(
    ("home", "account", "missing"),
    [
        pytest.param(namespace(), None, True, id="none yet"),
        pytest.param(namespace(), ACCOUNT, False, id="there"),
        pytest.param(namespace(deletionTimestamp="2026-01-01T00:00:00Z"), None, False, id="goes"),
        pytest.param(None, None, False, id="gone"),
    ],
)
def test_a_namespace_that_stays_has_one(home: Namespace | None, account: ServiceAccount | None, missing: bool) -> None:
    assert is_missing(home, account) is missing
