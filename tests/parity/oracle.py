"""Docker Compose, as the one who knows: the program is found, and asked about a case."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.parity.corpus import Answer, Case

__all__ = ["NoCompose", "ask_compose", "find_compose"]

_SECONDS: Final = 30


class NoCompose(Exception):
    """There is no Docker Compose on this machine."""


def find_compose(environ: Mapping[str, str]) -> str:
    """The program: what FIZZ_COMPOSE names, else the one that hack/tools fetches, else one on PATH."""
    cache = Path(environ.get("FIZZ_CACHE") or Path(environ.get("XDG_CACHE_HOME") or "~/.cache", "fizz")).expanduser()
    candidates = [str(cache / "tools" / "bin" / "docker-compose"), "docker-compose-v5", "docker-compose"]
    if named := environ.get("FIZZ_COMPOSE"):
        candidates = [named]
    for candidate in candidates:
        if found := shutil.which(candidate):
            return found
    raise NoCompose(f"there is no {', '.join(candidates)}; hack/tools fetches one, FIZZ_COMPOSE names another")


def ask_compose(program: str, case: Case) -> Answer:
    """What Docker Compose says. Its warnings are left out."""
    try:
        done = subprocess.run(
            [program, *case.command],
            cwd=case.directory,
            env=case.environ,
            input=case.stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer.refusal(case, f"no answer within {_SECONDS} seconds")
    if done.returncode == 0:
        return Answer.of(case, done.stdout.decode())
    message = done.stderr.decode(errors="replace").partition("\n\ngoroutine ")[0]  # it may crash
    lines = [line for line in message.splitlines() if "level=warning" not in line]
    return Answer.refusal(case, "\n".join(lines).strip())
