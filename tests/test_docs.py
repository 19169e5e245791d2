"""The docs say what the code does: reference pages are up to date, and every setting and kind is explained."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from fizz.schemas.kinds import BUILTIN
from fizz.schemas.settings import Settings

ROOT = Path(__file__).parents[1]


def test_reference_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "hack/reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("setting", Settings.__dataclass_fields__)
def test_every_setting_is_explained(setting: str) -> None:
    spec = importlib.util.find_spec("fizz.schemas.settings")
    assert spec is not None
    assert spec.origin is not None
    assert f"| {setting} |" in Path(spec.origin).read_text()


@pytest.mark.parametrize("kind", [kind.kind for kind in BUILTIN])
def test_every_kind_has_a_chapter(kind: str) -> None:
    assert f"\n## {kind} (" in (ROOT / "docs/reference/kinds.md").read_text()


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    import re

    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
