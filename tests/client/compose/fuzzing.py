"""Inputs that try to break loading, and what must hold for each: problems are told, nothing is raised.

Four kinds: projects of any structure (hypothesis), bytes and text that may be YAML, real files with something wrong,
and files that are small but want to become big. `hack/fuzz` makes as many as you like; the tests make a few.
"""

import random
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from fizz.client.compose import (
    Loaded,
    LoadOptions,
    MemoryFilesystem,
    Project,
    TranslateError,
    load,
    render,
    service_hash,
    translate,
)
from fizz.client.compose.spec import PROJECT, SERVICE

__all__ = ["KEYS", "bomb", "mutated", "noise", "projects", "read", "survives", "to_text", "use"]

_CASES: Final = Path(__file__).parents[2] / "parity" / "cases"
KEYS: Final = sorted(
    {path.split(".")[-1].removesuffix("[]") for path, _, _ in PROJECT.attributes()} | {"a", "x-a", "default"}
)
_WORDS: Final = [
    "", "x", "a", "80", "80:80", "a=b", "a:b", "/a", "/a:/b", "./x:/y:ro", "10s", "64m", "all", "no", "service:a",
    "${FOO}", "${X:?e}", "$", "${A:-${B}}", "é\u2028", "\x00",
]  # fmt: skip

_scalars = st.one_of(
    st.sampled_from(_WORDS), st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)
_services = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.dictionaries(st.sampled_from([*SERVICE.keys]), _values)
)
projects: Final = st.builds(
    lambda parts, rest: {**rest, "services": {name: {"image": "x", **keys} for name, keys in parts.items()}},
    _services,
    st.dictionaries(st.sampled_from([*PROJECT.keys]), _values, max_size=3),
)
"""Projects whose services have any keys of the specification with any values."""


def to_text(project: dict[str, Any]) -> str:
    """A project as YAML."""
    return str(yaml.safe_dump(project, allow_unicode=True))


def survives(text: str | bytes, **options: Any) -> Loaded:
    """Load it, and use whatever comes of it."""
    loaded = read(text, **options)
    if loaded.project:
        use(loaded.project)
    return loaded


def read(text: str | bytes, **options: Any) -> Loaded:
    """Load it. What cannot be used is told, in one line each."""
    files = {"/p/compose.yaml": text, "/p/a": "A=1\n", "/p/x": "services: {}\n"}
    loaded = load(LoadOptions(**options), {"FOO": "foo", "HOME": "/h"}, MemoryFilesystem(files, cwd="/p"))
    assert (loaded.project is None) == bool(loaded.errors)
    for problem in loaded.problems:
        assert "\n" not in problem.format()
    return loaded


def use(project: Project) -> None:
    """Everything that commands do with a project that is loaded."""
    render(project, form="json")
    for service in project.services.values():
        service_hash(service)
    with suppress(TranslateError):
        assert [item.dump() for item in translate(project)]


@cache
def _real() -> tuple[list[str], list[str]]:
    """Files of the corpus, and what they are made of: words, and what is between them."""
    texts = [path.read_bytes().decode(errors="replace") for path in sorted(_CASES.rglob("*.y*ml"))]
    return texts, re.findall(r"\w+|\s+|[^\w\s]+", " ".join(texts))


def mutated(chance: random.Random) -> str:
    """A real file with something put in, taken out, doubled, or moved."""
    texts, tokens = _real()
    text = chance.choice(texts)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.randint(1, 40))
        match chance.randrange(5):
            case 0:
                text = text[:start] + chance.choice(tokens) + text[start:]
            case 1:
                text = text[:start] + text[start + chance.randint(1, 9) :]
            case 2:
                text = text[:end] + text[start:end] + text[end:]
            case 3:
                lines = text.split("\n")
                lines.insert(chance.randrange(len(lines)), lines[chance.randrange(len(lines))])
                text = "\n".join(lines)
            case _:
                text = text[:start] + chr(chance.choice([0, 9, 13, 0x85, 0x2028, 0xFEFF, 0x1F600])) + text[start:]
    return text


def noise(chance: random.Random) -> bytes:
    """Bytes, or text of the characters that mean something in YAML and to interpolation."""
    if chance.random() < 0.5:
        return chance.randbytes(chance.randint(0, 300))
    alphabet = "ab:{}[]&*!|>-?,#'\"% \n\t<~$1.x"
    return "".join(chance.choices(alphabet, k=chance.randint(0, 200))).encode()


def bomb(chance: random.Random) -> str:
    """A file that is small for what it stands for."""
    size = chance.choice([2, 9, 30, 150, 1500])
    return chance.choice(_BOMBS)(size)


def _aliases(size: int) -> str:
    lines = ["x-0: &a0 [b, b]", *(f"x-{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, size))]
    return "\n".join([*lines, f"services: {{a: {{image: x, command: *a{size - 1}}}}}"])


def _deep(size: int) -> str:
    lines = ["x-0: &a0 [b]", *(f"x-{n}: &a{n} {{k: [*a{n - 1}]}}" for n in range(1, size))]
    return "\n".join([*lines, f"services: {{a: {{image: x, x-deep: *a{size - 1}}}}}"])


def _merges(size: int) -> str:
    lines = [
        "x-0: &a0 {k0: v}",
        *(f"x-{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], k{n}: *a{n - 1}}}" for n in range(1, size)),
    ]
    return "\n".join([*lines, f"services: {{a: {{image: x, labels: *a{size - 1}}}}}"])


def _many(size: int) -> str:
    return "services:\n" + "".join(
        f"  s{n}: {{image: x, depends_on: [s{(n + 1) % size}], extends: s{(n + 1) % size}}}\n" for n in range(size)
    )


_BOMBS: Final[list[Callable[[int], str]]] = [
    _aliases,
    _deep,
    _merges,
    _many,
    lambda size: f"services: {'[' * size}{']' * size}",
    lambda size: "".join(f"{' ' * n}a:\n" for n in range(size)),
    lambda size: "services: {a: {image: " + "${A:-" * size + "}" * size + "}}",
    lambda size: f"services: {{a: {{image: x, ports: ['1-{min(size * 40, 65535)}']}}}}",
    lambda size: f"services: {{a: {{image: x, command: {'x ' * size * 100}}}}}",
    lambda size: f"services: {{a: {{image: x, scale: {'9' * size * 10}, mem_limit: {'9' * size}g, cpus: 1e{size}}}}}",
    lambda size: "include: [" + "compose.yaml, " * size + "]\nservices: {a: {image: x}}",
    lambda size: "services: {a: {image: x}}\n---\n" * size,
    lambda size: "services: {a: {image: x, environment: [" + ", ".join(f"A{n}=$A{n}" for n in range(size)) + "]}}",
    lambda size: "%TAG ! tag:a\n---\n" + "!" * size + "a: !<" + "x" * size + "> b",
    lambda size: f"services: {{a: {{image: x, command: '{'$(' * size}{'`' * size}'}}}}",
    lambda size: "? " * size + "a",
    lambda size: "- " * size + "a",
    lambda size: "a: " + "&" + "b" * size * 50 + " c",
]
