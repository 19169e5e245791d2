"""The lock files hold what pyproject.toml asks for, at versions that it allows, and say nothing about where from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
DEVELOPMENT = RUNTIME + PROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, Version]:
    """Version by package."""
    found = re.findall(r"^([\w.-]+)==([\w.+!-]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(package): Version(version) for package, version in found}


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        pytest.param("requirements.lock", RUNTIME, id="run"),
        pytest.param("requirements-dev.lock", DEVELOPMENT, id="dev"),
    ],
)
def test_lock_has_all_that_is_asked_for_at_allowed_versions(lock: str, wanted: list[str]) -> None:
    have = locked(lock)

    for requirement in map(Requirement, wanted):
        version = have.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not in {lock}: run hack/lock"
        assert version in requirement.specifier, f"{lock} has {version}, not {requirement}: run hack/lock"


def test_developers_have_what_users_have() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_pins_contents_and_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=\S)", text.strip()))
