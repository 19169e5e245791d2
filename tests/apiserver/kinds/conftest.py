"""Fixtures of the kinds: a registry, and a short way to its resources."""

from collections.abc import Callable

import pytest

from fizz.apiserver.kinds.registry import Registry, Resource

_REGISTRY = Registry.builtin()


@pytest.fixture
def resource() -> Callable[[str], Resource]:
    """The built-in resource of a kind, in the group that had it first."""
    by_name = {each.kind: each for each in reversed(_REGISTRY.resources())}
    return by_name.__getitem__
