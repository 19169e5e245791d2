"""Who publishes, and why it is the engine."""

import os
import shutil

import pytest

from fizz.controllers.network.ingress.detect import detect
from fizz.schemas.settings import Settings, SettingsError


def settings(ingress: str, docker_host: str = "tcp://10.0.0.9:2376") -> Settings:
    return Settings.load({"FIZZ_DATA_DIR": "/nonexistent", "DOCKER_HOST": docker_host}, ingress=ingress)


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/sbin/{name}")


async def test_the_engine_does_it_if_it_is_asked_for() -> None:
    assert (await detect(settings("engine"))).mode == "engine"


async def test_who_is_not_root_leaves_it_to_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = await detect(settings("auto"))
    assert (found.mode, found.message) == ("engine", "Fizz does not run as root")


async def test_what_is_not_installed_is_named(able: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "nft" else name)
    assert (await detect(settings("auto"))).message == "nft is not installed"


async def test_an_engine_elsewhere_publishes_there(able: None) -> None:
    assert (await detect(settings("auto"))).message == "the engine is at tcp://10.0.0.9:2376, not on this host"


async def test_what_was_asked_for_and_cannot_be_is_an_error(able: None) -> None:
    with pytest.raises(SettingsError, match=r"ingress is 'nftables', but the engine is at tcp://10\.0\.0\.9:2376"):
        await detect(settings("nftables"))


def test_an_unknown_choice_is_named() -> None:
    with pytest.raises(SettingsError, match="ingress is 'iptables'; it is one of auto, nftables, engine"):
        settings("iptables")
