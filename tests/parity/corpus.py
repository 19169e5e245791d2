"""The corpus: compose files, each showing one thing, and what an answer to one of them is.

A case is a YAML file under `cases/`, whose first line says what it shows, or a folder with a `case.toml`:

    about = "the flag -p wins over name:"            # what it shows
    args = ["-f", "a.yaml", "-p", "shop"]            # compose's global flags; without -f the files are searched for
    config = ["--no-interpolate"]                    # flags and services for the verb `config`
    env = {TAG = "1.2"}                              # the whole environment, but for HOME and PATH
    stdin = "services: {}"                           # standard input, or "@FILE" for what a file holds
    cwd = "app"                                      # where in the case's folder it is run

A case called `bad-...` is one that compose rejects. In answers the folder of all cases is written `/cases`, so that
they are the same on every machine.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import yaml

__all__ = ["CASES", "HOME", "PLACEHOLDER", "Answer", "Case", "read_cases"]

CASES: Final = Path(__file__).parent / "cases"
HOME: Final = "/home/user"  # the same for all, and not there
PLACEHOLDER: Final = "/cases"
_SUFFIXES: Final = {".yaml", ".yml"}
# What makes `config` print something else than the project.
_TEXT: Final = {
    "--environment",
    "--hash",
    "--images",
    "--models",
    "--networks",
    "--profiles",
    "--quiet",
    "--services",
    "--variables",
    "--volumes",
}


class _Loader(yaml.CSafeLoader):
    """As compose writes YAML: dates and a lone `=` are texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if not tag.endswith((":timestamp", ":value"))]
    for first, known in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Case:
    """One question to compose: files, flags and an environment. `root` is the folder whose path answers leave out."""

    name: str
    root: Path
    directory: Path
    args: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    about: str = ""

    @property
    def rejected(self) -> bool:
        """Whether its name says that compose refuses it."""
        return self.name.rpartition("/")[2].startswith("bad-")

    @property
    def form(self) -> Literal["json", "yaml", "text"]:
        """What is printed: the project, which is asked for as JSON if nothing else is, or lines in any order."""
        if _TEXT & set(self.config):
            return "text"
        return "yaml" if "yaml" in self.config else "json"

    @property
    def environ(self) -> dict[str, str]:
        """The whole environment that it is asked in."""
        return {"HOME": HOME, "PATH": "/usr/bin:/bin", **self.env}

    @property
    def command(self) -> list[str]:
        """The arguments of `docker compose` and of `fizz`."""
        return [*self.args, "config", *(["--format", "json"] if self.form == "json" else []), *self.config]


@dataclass(frozen=True, slots=True)
class Answer:
    """A project, lines of text, or why there is neither."""

    value: Any = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        return self.error is None

    @classmethod
    def of(cls, case: Case, output: str) -> "Answer":
        """The answer that a program printed."""
        text = output.replace(str(case.root), PLACEHOLDER)
        match case.form:
            case "json":
                return cls(json.loads(text))
            case "yaml":
                return cls(yaml.load(text, _Loader))
        return cls(sorted(text.splitlines()))

    @classmethod
    def refusal(cls, case: Case, message: str) -> "Answer":
        return cls(error=message.replace(str(case.root), PLACEHOLDER))


def read_cases(root: Path = CASES) -> Iterator[Case]:
    """All cases of a folder, or the one of a file, by name."""
    if root.is_file():
        yield _file(root, root.parent)
        return
    folders = {path.parent for path in root.rglob("case.toml")}
    for folder in folders:
        yield _folder(folder, root)
    for path in sorted(root.rglob("*")):
        if path.suffix in _SUFFIXES and not folders.intersection(path.parents) and path.is_file():
            yield _file(path, root)


def _file(path: Path, root: Path) -> Case:
    first = path.read_bytes().split(b"\n", 1)[0].decode(errors="replace")
    name = path.relative_to(root).with_suffix("").as_posix()
    return Case(name, root, path.parent, ("-f", path.name), about=first.removeprefix("#").strip())


def _folder(folder: Path, root: Path) -> Case:
    table = tomllib.loads((folder / "case.toml").read_text())
    text: str = table.get("stdin", "")
    stdin = (folder / text[1:]).read_bytes() if text.startswith("@") else text.encode()
    name = folder.relative_to(root).as_posix()
    args, config, env = tuple(table.get("args", ())), tuple(table.get("config", ())), table.get("env", {})
    return Case(name, root, folder / table.get("cwd", ""), args, config, env, stdin, table["about"])
