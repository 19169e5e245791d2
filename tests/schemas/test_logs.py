"""Logs: silent until somebody wants to hear, then one line a decision."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAY = "log.debug('d'); log.info('i', name='web'); log.warning('w', name='web')"


def said(setup: str, say: str = SAY) -> list[str]:
    """What a process of its own writes to standard error."""
    program = f"import sys\nfrom fizz.schemas import logs\nlog = logs.logger()\n{setup}\n{say}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not done.stdout
    return done.stderr.splitlines()


def test_without_configuration_only_what_matters_is_shown() -> None:
    lines = said("")
    assert len(lines) == 1
    assert "w" in lines[0]
    assert "name=web" in lines[0]


def test_silence_costs_no_import() -> None:
    said("", "log.debug('d'); assert 'structlog' not in sys.modules")


@pytest.mark.parametrize(("level", "events"), [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("error", [])])
def test_json_lines_have_event_level_and_time(level: str, events: list[str]) -> None:
    lines = [json.loads(line) for line in said(f"logs.configure('json', {level!r})")]
    assert [line["event"] for line in lines] == events
    assert all(line["level"] and line["timestamp"].endswith("Z") for line in lines)


def test_warnings_of_libraries_are_structured_too() -> None:
    (line,) = said("logs.configure('json', 'info')\nimport logging", "logging.getLogger('lib').warning('careful')")
    assert json.loads(line)["event"] == "careful"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_that_cannot_be_written_ends_nobody() -> None:
    program = (
        f"from fizz.schemas import logs\nlog = logs.logger()\nlogs.configure('json', 'info')\n{SAY}\nprint('goes on')"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "goes on\n"
