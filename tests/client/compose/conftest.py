"""Loading a project from texts: the real loader over files in memory."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fizz.client.compose import Loaded, LoadOptions, MemoryFilesystem, Project, load, render

Load = Callable[..., Loaded]

ENVIRON = {"HOME": "/home/me", "FOO": "foo", "EMPTY": "", "NUM": "42"}


def load_text(
    text: str | bytes,
    files: Mapping[str, str | bytes] | None = None,
    environ: Mapping[str, str] | None = None,
    /,
    **options: Any,
) -> Loaded:
    """Load `/project/compose.yaml` with this text, and with other files named relative to it."""
    paths = {f"/project/{name}": content for name, content in {"compose.yaml": text, **(files or {})}.items()}
    filesystem = MemoryFilesystem(paths, cwd="/project")
    return load(LoadOptions(**options), {**ENVIRON, **(environ or {})}, filesystem)


@pytest.fixture
def loaded() -> Load:
    """`loaded(text, files, environ, **options)` -> Loaded."""
    return load_text


@pytest.fixture
def project(loaded: Load) -> Callable[..., Project]:
    """`project(text, ...)` -> the project, which has to be valid."""

    def make(*arguments: Any, **options: Any) -> Project:
        result = loaded(*arguments, **options)
        assert result.project, [problem.format() for problem in result.problems]
        return result.project

    return make


@pytest.fixture
def service(project: Callable[..., Project]) -> Callable[..., dict[str, Any]]:
    """`service(text of keys, ...)` -> the canonical service `web` with the image x and these keys."""

    def make(keys: str, *arguments: Any, **options: Any) -> dict[str, Any]:
        lines = "".join(f"    {line}\n" for line in keys.splitlines())
        text = f"services:\n  web:\n    image: x\n{lines}"
        web: dict[str, Any] = render(project(text, *arguments, **options), escape=False)["services"]["web"]
        return web

    return make


@pytest.fixture
def errors(loaded: Load) -> Callable[..., list[str]]:
    """`errors(text, ...)` -> all that keeps it from being run, as lines; there has to be something."""

    def find(*arguments: Any, **options: Any) -> list[str]:
        result = loaded(*arguments, **options)
        assert result.project is None or result.blockers
        return [problem.format() for problem in (*result.errors, *result.blockers)]

    return find


@pytest.fixture
def warnings(loaded: Load) -> Callable[..., list[str]]:
    """`warnings(text, ...)` -> all warnings as lines, of a project that is valid."""

    def find(*arguments: Any, **options: Any) -> list[str]:
        result = loaded(*arguments, **options)
        assert result.project, [problem.format() for problem in result.problems]
        return [problem.format() for problem in result.warnings]

    return find
