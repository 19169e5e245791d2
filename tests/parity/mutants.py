"""Files that nobody wrote: those of the corpus with something removed, replaced, doubled, renamed or put over them.

A mutant is one compose file, or two that are merged, and the flags that `config` gets. The trees of YAML's nodes are
changed rather than values, so that `yes`, `0o17`, `1:30`, quotes, tags and anchors stay as they are written. Where a
key gets another value, that is mostly one that the corpus has under that key, so that many mutants are nearly right.

`reduced` finds out what of a mutant matters: it removes whatever can go without changing the answer to a question.
"""

import copy
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml

__all__ = ["Mutant", "Mutator", "reduced"]

_SCALARS: Final = (
    "", "~", "null", "x", "yes", "no", "on", "off", "true", "false", "'true'", "'yes'", "0", "1", "-1", "2", "80",
    "'80'", "65536", "1.5", "1e3", ".5", "-0", "0x1F", "0o17", "017", "'017'", "1_000", "1:30", "10:20:30",
    "2024-01-02", "2001-12-14t21:59:43.10-05:00", "10s", "1m30s", "1h1m", "1.5m", "-1s", "64m", "1gb", "1.5g",
    "'1024'", "80:80", "'8080-8081:80-81'", "127.0.0.1:80:80", "'[::1]:80:80/udp'", "80/udp", "80-82", "a=b", "A",
    "a:b", "a=", "=b", "'a b'", "/a", "/a:/b", "./a:/b:ro", "a:/b:z,rw", "~/a:/b", "C:\\a:/b", "/a:/b:/c:ro",
    "service:web", "container:x", "host", "none", "all", "always", "on-failure:3", "on-failure", "unless-stopped",
    "service_healthy", "$FOO", "${FOO}", "${FOO:-x}", "${NUM:-3}", "${NONE}", "${NONE:?e}", "$$x", "${", "*",
    "!!str 1", "!!int '1'", "!!bool 'yes'", "!x y", "!reset null", "!override x", "é", "\"a\\tb\"", "'{}'", "nan",
    ".inf", "=", "<<", "CMD", "[CMD, x]", "[]", "{}", "[x]", "[1]", "[null]", "[x, x]", "{a: b}", "{a: 1}",
    "{a: null}", "{a: [x]}", "[{a: b}]", "!reset []", "!override []",
)  # fmt: skip
_FLAGS: Final[tuple[tuple[str, ...], ...]] = (
    *(((),) * 6),
    *((("--format", "yaml"),) * 3),
    ("--no-interpolate",),
    ("--no-normalize",),
    ("--no-normalize", "--format", "yaml"),
    ("--no-consistency",),
    ("--no-path-resolution",),
    ("--hash", "*"),
    ("--images",),
)
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LONG: Final = 6000  # characters: what is longer takes too long to be made smaller
_REDUCTIONS: Final = 150  # questions that finding out what matters may take


@dataclass(frozen=True, slots=True)
class Mutant:
    """Files that are merged in this order, as trees, and the flags of `config`."""

    trees: tuple[yaml.Node, ...]
    flags: tuple[str, ...]

    def texts(self) -> list[str]:
        """The files."""
        return [str(yaml.serialize(tree, allow_unicode=True, width=1000)) for tree in self.trees]


class Mutator:
    """Makes mutants of some files; those that are no YAML are passed over."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._trees: list[yaml.Node] = []
        self._donors: dict[str, list[yaml.Node]] = defaultdict(list)
        self._scalars = [_compose(text) for text in _SCALARS]
        for text in texts:
            try:
                tree = yaml.compose(text, _LOADER)
                yaml.serialize(tree, allow_unicode=True)
            except (yaml.YAMLError, ValueError):
                continue
            if isinstance(tree, yaml.MappingNode) and len(text) < _LONG and _has_plain_keys(tree):
                self._trees.append(tree)
                for key, value in _entries(tree):
                    self._donors[key].append(value)
        self._keys = sorted(self._donors)

    def make(self, chance: random.Random) -> Mutant:
        """One mutant; the same state of chance makes the same one."""
        tree = copy.deepcopy(chance.choice(self._trees))
        trees = [tree]
        if chance.random() < 0.3:
            trees.append(self._over(tree, chance))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3)) if len(trees) > 1 else chance.choice((1, 1, 1, 2, 3))):
            self._change(chance.choice(trees), chance)
        return Mutant(tuple(trees), chance.choice(_FLAGS))

    def _over(self, tree: yaml.Node, chance: random.Random) -> yaml.Node:
        """A file to be put over another one: parts of the same services, with what others have under these keys."""
        over = copy.deepcopy(tree)
        for parent in list(_mappings(over)):
            kept = [pair for pair in parent.value if chance.random() < 0.6]
            parent.value = kept or parent.value[:1]
            for index, (key, value) in enumerate(parent.value):
                if chance.random() < 0.3 and not (parent is over or key.value in {"services", "image"}):
                    parent.value[index] = (key, self._value(key.value, value, chance))
        return over

    def _change(self, tree: yaml.Node, chance: random.Random) -> None:
        """One change somewhere in a tree, which is changed in place."""
        parents = [node for node in _nodes(tree) if not isinstance(node, yaml.ScalarNode) and node.value]
        if not parents:
            return
        parent = chance.choice(parents)
        index = chance.randrange(len(parent.value))
        if isinstance(parent, yaml.SequenceNode):
            self._change_list(parent, index, chance)
            return
        key, value = parent.value[index]
        match chance.randrange(8):
            case 0:
                del parent.value[index]
            case 1:
                other = chance.choice(self._keys) if chance.random() < 0.5 else key.value + chance.choice("sx_- A1")
                parent.value[index] = (yaml.ScalarNode(key.tag, other), value)
            case 2:
                other = chance.choice(self._keys)
                known = {name.value for name, _ in parent.value}
                if other not in known:
                    node = yaml.ScalarNode("tag:yaml.org,2002:str", other)
                    parent.value.append((node, copy.deepcopy(chance.choice(self._donors[other]))))
            case _:
                parent.value[index] = (key, self._value(key.value, value, chance))

    def _change_list(self, parent: yaml.SequenceNode, index: int, chance: random.Random) -> None:
        item = parent.value[index]
        match chance.randrange(4):
            case 0:
                del parent.value[index]
            case 1:
                parent.value.append(copy.deepcopy(item))
            case _:
                parent.value[index] = self._value("", item, chance)

    def _value(self, key: str, value: yaml.Node, chance: random.Random) -> yaml.Node:
        """Another value for a key."""
        match chance.randrange(5):
            case 0 | 1 if self._donors.get(key):
                return copy.deepcopy(chance.choice(self._donors[key]))
            case 2 if isinstance(value, yaml.ScalarNode) and value.value:
                return self._edited(value, chance)
            case 3 if isinstance(value, yaml.MappingNode | yaml.SequenceNode) or chance.random() < 0.3:
                return _wrapped(value, chance)
        return copy.deepcopy(chance.choice(self._scalars))

    @staticmethod
    def _edited(node: yaml.ScalarNode, chance: random.Random) -> yaml.Node:
        """A text with a character more or less."""
        text, place = str(node.value), chance.randrange(len(node.value) + 1)
        more = chance.choice(":/-=.,@$% 01aZ~")
        edited = text[:place] + more + text[place:] if chance.random() < 0.6 else text[:place] + text[place + 1 :]
        return yaml.ScalarNode("tag:yaml.org,2002:str", edited, style="'")


def reduced(mutant: Mutant, same: Callable[[Mutant], bool]) -> Mutant:
    """The mutant without all that can be removed while `same` stays true."""
    asked = 0
    progress = True
    while progress and asked < _REDUCTIONS:
        progress = False
        for smaller in _smaller(mutant):
            asked += 1
            if same(smaller):
                mutant, progress = smaller, True
                break
            if asked >= _REDUCTIONS:
                break
    return mutant


def _smaller(mutant: Mutant) -> Iterator[Mutant]:
    """The mutant without one of its parts, large parts first."""
    for number in range(len(mutant.trees)):
        if len(mutant.trees) > 1:
            yield replace(mutant, trees=tuple(tree for index, tree in enumerate(mutant.trees) if index != number))
    for number, tree in enumerate(mutant.trees):
        places = [
            (rank, index)
            for rank, node in enumerate(_nodes(tree))
            if not isinstance(node, yaml.ScalarNode)
            for index in range(len(node.value))
        ]
        for rank, index in places:
            copied = copy.deepcopy(tree)
            del list(_nodes(copied))[rank].value[index]
            yield replace(mutant, trees=(*mutant.trees[:number], copied, *mutant.trees[number + 1 :]))


def _compose(text: str) -> yaml.Node:
    if re.match(r"[*<=]", text):
        return yaml.ScalarNode("tag:yaml.org,2002:str", text)
    node = yaml.compose(text, _LOADER)
    return node or yaml.ScalarNode("tag:yaml.org,2002:null", "")


def _wrapped(node: yaml.Node, chance: random.Random) -> yaml.Node:
    """The value in a list, or out of one; a mapping's keys as a list of `key=value`."""
    if isinstance(node, yaml.SequenceNode) and node.value:
        return chance.choice((node.value[0], yaml.SequenceNode(node.tag, node.value[:1])))
    if isinstance(node, yaml.MappingNode) and chance.random() < 0.7:
        pairs = [
            f"{key.value}={value.value}" if isinstance(value, yaml.ScalarNode) else key.value
            for key, value in node.value
        ]
        items: list[yaml.Node] = [yaml.ScalarNode("tag:yaml.org,2002:str", pair) for pair in pairs]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items)
    return yaml.SequenceNode("tag:yaml.org,2002:seq", [node])


def _nodes(tree: yaml.Node) -> Iterator[yaml.Node]:
    """A tree's values from top to bottom, each once, though aliases may lead to it again."""
    seen: set[int] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, yaml.MappingNode):
            waiting += [value for _, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)


def _mappings(tree: yaml.Node) -> Iterator[yaml.MappingNode]:
    return (node for node in _nodes(tree) if isinstance(node, yaml.MappingNode))


def _has_plain_keys(tree: yaml.Node) -> bool:
    return all(isinstance(key, yaml.ScalarNode) for node in _mappings(tree) for key, _ in node.value)


def _entries(tree: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    for node in _mappings(tree):
        for key, value in node.value:
            yield key.value, value
