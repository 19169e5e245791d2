"""Rules: what they allow, and whether some rules together allow all that another one does.

A rule allows an action if its verbs, groups, resources and names all do:

    Rule(verbs=("get", "list"), groups=("fizz.dev",), resources=("deployments", "deployments/status"))

The second question is asked when somebody writes a role or a binding: nobody may give what they do not hold. A rule
that no single rule holds is taken apart into its smallest ones (one verb, one group, one resource, one name), each of
which some single rule must hold:

    held      get in fizz.dev on deployments  +  list in fizz.dev on deployments
    wanted    get, list in fizz.dev on deployments      holds: get is held by the first, list by the second

Only facts go in and come out; who holds which rules is `index`'s business.

Source: "Using RBAC Authorization" of the Kubernetes documentation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

from fizz.apiserver.auth.actions import Action
from fizz.schemas.base import JSON

__all__ = ["PARTS_LIMIT", "Rule", "TooManyParts", "allows", "compact", "missing"]

_ALL: Final = "*"
PARTS_LIMIT: Final = 10_000
"""Smallest rules at most that are looked at to answer the second question. Somebody who may write roles must not be
able to keep the server busy with a small text: a thousand verbs times a thousand resources."""


class TooManyParts(ValueError):
    """The rules fall into more parts than are looked at."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A PolicyRule. Without `names` it is about all objects; `urls` are for paths that are no resource's."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @classmethod
    def load(cls, rule: JSON) -> Self:
        """Read the wire form, whose types have been checked."""
        return cls(*(tuple(rule.get(key) or ()) for key in _KEYS))

    def dump(self) -> JSON:
        """The wire form; what is empty is left out."""
        values = (self.verbs, self.groups, self.resources, self.names, self.urls)
        return {key: list(value) for key, value in zip(_KEYS, values, strict=True) if value or key == "verbs"}

    def __str__(self) -> str:
        names = ("Verbs", "APIGroups", "Resources", "ResourceNames", "NonResourceURLs")
        values = (self.verbs, self.groups, self.resources, self.names, self.urls)
        shown = [
            f"{name}:[{', '.join(map(_quoted, value))}]" for name, value in zip(names, values, strict=True) if value
        ]
        return f"{{{', '.join([*shown[1:], *shown[:1]])}}}"


_KEYS: Final = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")


def allows(rule: Rule, action: Action) -> bool:
    """Whether the rule allows the action."""
    if _ALL not in rule.verbs and action.verb not in rule.verbs:
        return False
    if action.path is not None:
        return any(_covers_url(url, action.path) for url in rule.urls)
    return (
        (_ALL in rule.groups or action.group in rule.groups)
        and _covers_resource(rule.resources, action.full_resource, action.subresource)
        and (not rule.names or action.name in rule.names)
    )


def missing(held: Sequence[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What `wanted` allows and `held` does not, as rules that are as short as can be. Raises `TooManyParts`."""
    found: list[Rule] = []
    left = PARTS_LIMIT
    for rule in wanted:
        if any(_covers(each, rule) for each in held):
            continue
        left -= _count(rule)
        if left < 0:
            raise TooManyParts(f"the rules have more than {PARTS_LIMIT} combinations of verb, group, resource and name")
        found += [part for part in _parts(rule) if not any(_covers(each, part) for each in held)]
    return compact(found)


def _count(rule: Rule) -> int:
    resources = len(rule.groups) * len(rule.resources) * max(1, len(rule.names))
    return len(rule.verbs) * (resources + len(rule.urls))


def _parts(rule: Rule) -> Iterator[Rule]:
    for group, resource, verb in product(rule.groups, rule.resources, rule.verbs):
        if not rule.names:
            yield Rule((verb,), (group,), (resource,))
        for name in rule.names:
            yield Rule((verb,), (group,), (resource,), (name,))
    for url, verb in product(rule.urls, rule.verbs):
        yield Rule((verb,), urls=(url,))


def _covers(held: Rule, part: Rule) -> bool:
    """Whether one rule allows all that another one does."""
    if not _holds_all(held.verbs, part.verbs):
        return False
    if not all(any(_covers_url(each, url) for each in held.urls) for url in part.urls):
        return False
    if not part.resources and not part.groups:
        return True
    return (
        _holds_all(held.groups, part.groups)
        and all(_covers_resource(held.resources, each, each.partition("/")[2]) for each in part.resources)
        and (not held.names or (bool(part.names) and set(part.names) <= set(held.names)))
    )


def _holds_all(held: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return _ALL in held or set(wanted) <= set(held)


def _covers_resource(held: tuple[str, ...], resource: str, subresource: str) -> bool:
    """`*` is everything, `*/scale` that subresource of everything; `deployments` is not `deployments/scale`."""
    return _ALL in held or resource in held or (bool(subresource) and f"{_ALL}/{subresource}" in held)


def _covers_url(held: str, url: str) -> bool:
    """`*` at the end stands for any rest."""
    return held == url or (held.endswith(_ALL) and url.startswith(held.rstrip(_ALL)))


def compact(rules: Iterable[Rule]) -> list[Rule]:
    """The same rules in fewer: each once, and those that differ in their verbs alone together."""
    found: dict[tuple[tuple[str, ...], ...], dict[str, None]] = {}
    for rule in rules:
        verbs = found.setdefault((rule.groups, rule.resources, rule.names, rule.urls), {})
        verbs.update(dict.fromkeys(rule.verbs))
    return [Rule(tuple(verbs), *rest) for rest, verbs in found.items()]


def _quoted(text: str) -> str:
    return f'"{text}"'
