"""The same files through Fizz and through Docker Compose: both accept and print the same, or both refuse.

`corpus/*.yml` are small files. A first line `#! ...` has flags for both programs, and `NAME=value` for their
environment. A line `#@ name` begins a further file; one that is called over.yaml is merged as a second `-f`. The
program is the one that FIZZ_COMPOSE names, else `docker-compose` or `docker-compose-v5` on the PATH.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest

from fizz.client.compose import LoadOptions, LocalFilesystem, load, render
from fizz.client.compose.documents import read_documents
from fizz.client.compose.nodes import plain
from fizz.client.compose.problems import Problems

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.yml"))
COMPOSE = os.environ.get("FIZZ_COMPOSE") or shutil.which("docker-compose-v5") or shutil.which("docker-compose")
NEW_FILE = re.compile(r"^#@ (.*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """A file of the corpus, taken apart."""

    files: dict[str, str]
    flags: tuple[str, ...]
    environ: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Self:
        first, _, rest = path.read_text().partition("\n")
        words = first.removeprefix("#!").split() if first.startswith("#!") else []
        text = rest if words else f"{first}\n{rest}"
        main, *others = NEW_FILE.split(text)
        files = {"compose.yaml": main, **dict(zip(others[::2], others[1::2], strict=True))}
        variables = [word for word in words if re.match(r"[A-Z_]+=", word)]
        flags = tuple(word for word in words if word not in variables)
        environ = {"FOO": "foo", "EMPTY": "", "NUM": "42", "HOME": "/root", "PATH": os.environ["PATH"]}
        return cls(files, flags, {**environ, **dict(word.split("=", 1) for word in variables)})

    def options(self) -> LoadOptions:
        """The flags as Fizz's loader takes them."""
        pairs = dict(pairwise((*self.flags, "")))
        return LoadOptions(
            files=self.merged(),
            project_name=pairs.get("-p", ""),
            profiles=(pairs["--profile"],) if "--profile" in pairs else (),
            resolve_env="--no-env-resolution" not in pairs,
        )

    def merged(self) -> tuple[str, ...]:
        """The files that are named with -f: none, so that compose.yaml is found, or two."""
        return ("compose.yaml", "over.yaml") if "over.yaml" in self.files else ()


def ask_compose(case: Case, folder: Path) -> Any:
    """What compose prints, as data; None if it refuses."""
    assert COMPOSE, "needs Docker Compose: name it with FIZZ_COMPOSE, or have docker-compose on the PATH"
    before = [word for word in case.flags if word != "--no-env-resolution"]
    after = ["--no-env-resolution"] if "--no-env-resolution" in case.flags else []
    named = [word for name in case.merged() for word in ("-f", name)]
    done = subprocess.run(
        [COMPOSE, *named, *before, "config", *after], cwd=folder, env=case.environ, capture_output=True, check=False
    )
    if done.returncode:
        return None
    problems = Problems()
    (document,) = read_documents(done.stdout, "compose", problems)
    assert not problems.errors
    return plain(document)


def ask_fizz(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What Fizz prints, as data; None if it refuses."""
    monkeypatch.chdir(folder)
    loaded = load(case.options(), case.environ, LocalFilesystem())
    return None if loaded.project is None else render(loaded.project)


@pytest.mark.e2e
@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_fizz_and_compose_agree(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case.read(path)
    folder = tmp_path / "p"
    for name, text in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert ask_fizz(case, folder, monkeypatch) == ask_compose(case, folder)
