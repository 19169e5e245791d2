"""The scripts of hack/ are whole, can be run, and explain themselves."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [
    path
    for path in [*ROOT.glob("hack/*"), ROOT / ".ci" / "run", *ROOT.glob("hack/recipes/*/files/usr/local/bin/*")]
    if path.is_file() and path.suffix != ".py" and path.name != "lib.sh"
]


@pytest.mark.parametrize("script", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in SCRIPTS])
def test_script_parses_runs_and_says_what_it_is_for(script: Path) -> None:
    first, second, *_ = script.read_text().splitlines()

    assert os.access(script, os.X_OK)
    assert first.startswith("#!")
    assert "bash" in first
    assert second.startswith("# ")
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
