"""Settings: where each comes from, and what is refused."""

import os
from pathlib import Path

import pytest

from fizz.schemas.settings import Settings, SettingsError


def test_a_chosen_data_directory_holds_the_socket_too(tmp_path: Path) -> None:
    settings = Settings.load({"FIZZ_DATA_DIR": str(tmp_path)})
    assert settings.data_dir == tmp_path
    assert settings.socket == tmp_path / "fizz.sock"
    assert settings.agent_socket == tmp_path / "node.sock"
    assert settings.server == f"unix://{tmp_path}/fizz.sock"


def test_a_named_socket_wins(tmp_path: Path) -> None:
    settings = Settings.load({"FIZZ_DATA_DIR": str(tmp_path), "FIZZ_SOCKET": "/run/other.sock"})
    assert settings.socket == Path("/run/other.sock")


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "fizz.toml"
    file.write_text('log_level = "error"\nnode_name = "from-file"\ntoken = "from-file"\n')
    environ = {"FIZZ_CONFIG": str(file), "FIZZ_LOG_LEVEL": "warning", "FIZZ_NODE_NAME": "from-environment"}
    settings = Settings.load(environ, log_level="debug")
    assert settings.log_level == "debug"
    assert settings.node_name == "from-environment"
    assert settings.token == "from-file"


def test_the_listen_address_is_parsed() -> None:
    assert Settings.load({"FIZZ_LISTEN": "127.0.0.1:7443"}).listen == ("127.0.0.1", 7443)
    assert Settings.load({"FIZZ_LISTEN": "[::1]:80"}).listen == ("::1", 80)
    assert Settings.load({}).listen is None


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"FIZZ_LISTEN": "7443"}, "HOST:PORT"),
        ({"FIZZ_LISTEN": "127.0.0.1:99999"}, "HOST:PORT"),
        ({"FIZZ_LOG_FORMAT": "xml"}, "log_format is 'xml'"),
        ({"FIZZ_LOG_LEVEL": "loud"}, "log_level is 'loud'"),
        ({"FIZZ_CONFIG": "/nonexistent/fizz.toml"}, "no such file"),
    ],
)
def test_a_bad_setting_is_named(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Settings.load(environ)


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "fizz.toml"
    file.write_text("sockt = 1\n")
    with pytest.raises(SettingsError, match="unknown setting 'sockt'"):
        Settings.load({"FIZZ_CONFIG": str(file)})


ANOTHER, SELF = 4243, 4242


def own(place: Path, uid: int) -> None:
    """Let it belong to the user, where the tests may do that; else it belongs to who runs them, who is another too."""
    if os.getuid() == 0:
        os.chown(place, uid, -1, follow_symlinks=False)


@pytest.mark.parametrize("strange", ["", "fizz", "fizz/fizz.sock"])
def test_a_default_place_that_another_user_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strange: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: SELF)
    base = tmp_path / "run"
    (base / "fizz").mkdir(parents=True)
    (base / "fizz" / "fizz.sock").touch()
    own(base / strange, ANOTHER)
    environ = {"XDG_RUNTIME_DIR": str(base), "HOME": str(tmp_path)}

    with pytest.raises(SettingsError, match=r"who could pose as your server.*FIZZ_SOCKET"):
        Settings.load(environ)

    assert Settings.load({**environ, "FIZZ_SERVER": "https://elsewhere:7443"}).server == "https://elsewhere:7443"
    assert Settings.load({**environ, "FIZZ_SOCKET": str(base / "fizz/fizz.sock")}).runtime_dir == base / "fizz"


def test_a_default_place_that_is_a_link_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: SELF)
    (tmp_path / "fizz").symlink_to("/")
    own(tmp_path / "fizz", ANOTHER)

    with pytest.raises(SettingsError, match="pose as your server"):
        Settings.load({"XDG_RUNTIME_DIR": str(tmp_path)})


def test_a_default_place_of_ones_own_or_that_is_not_there_yet_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "run"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() or SELF)

    early = Settings.load({"XDG_RUNTIME_DIR": str(base)})
    (base / "fizz").mkdir(parents=True)
    for place in (base, base / "fizz"):
        own(place, SELF)
    late = Settings.load({"XDG_RUNTIME_DIR": str(base)})

    assert early.socket == late.socket == base / "fizz" / "fizz.sock"
