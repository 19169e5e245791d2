"""From `develop.watch` and the files that changed to what is to be done. Pure.

    develop:
      watch:
        - {action: sync, path: ./web, target: /app, ignore: [node_modules/]}
        - {action: rebuild, path: package.json}

A changed `web/src/a.js` is copied to `/app/src/a.js`; a changed `package.json` builds the image anew. Several changes
that come together are one piece of work: who is rebuilt need not be synced, and is restarted once.

Left out of every rule: what the service's own .dockerignore leaves out, folders `.git`, and the files that editors make
for a moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fizz.client.images.ignore import Ignore
from fizz.schemas.execs import ExecRequest

__all__ = ["Rule", "Work", "plan", "rules_of"]

JSON = dict[str, Any]

_ALWAYS: Final = Ignore(
    [
        "**/.git", "**/.idea", "**/*___jb_old___", "**/*___jb_tmp___", "**/.#*", "**/#*#", "**/4913", "**/*~",
        "**/.*.swp", "**/.*.swx", "**/.*.swo", "**/.*.swn", "**/*.kate-swp",
    ]
)  # fmt: skip
"""Version control, and what JetBrains' editors, emacs, vim and kate leave beside a file while it is edited."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One trigger of a service. `path` is absolute; `target` is where its files are in the containers, empty if they
    are not synced. `context` and `context_ignore` are of the service's build.
    """

    service: str
    action: str
    path: Path
    target: str = ""
    ignore: Ignore = field(default_factory=lambda: Ignore([]))
    include: Ignore | None = None
    initial_sync: bool = False
    exec: ExecRequest | None = None
    context: Path | None = None
    context_ignore: Ignore = field(default_factory=lambda: Ignore([]))

    @property
    def syncs(self) -> bool:
        """Whether files are copied."""
        return self.action.startswith("sync")

    def covers(self, path: Path) -> bool:
        """Whether the rule is about that file."""
        if path == self.path:
            return True
        if not path.is_relative_to(self.path):
            return False
        inside = path.relative_to(self.path).as_posix()
        if self.ignore(inside) or _ALWAYS(inside):
            return False
        in_context = self.context is not None and path.is_relative_to(self.context)
        if in_context and self.context_ignore(path.relative_to(self.context or "/").as_posix()):
            return False
        return self.include is None or self.include(inside)

    def place(self, path: Path) -> str:
        """Where the file is in the containers."""
        if path == self.path:
            return self.target
        return f"{self.target.rstrip('/')}/{path.relative_to(self.path).as_posix()}"


@dataclass(slots=True)
class Work:
    """What is to be done for one service, in this order. `copies` and `removals` are places in the containers; a copy
    says which file it is of.
    """

    rebuild: bool = False
    copies: dict[str, Path] = field(default_factory=dict)
    removals: set[str] = field(default_factory=set)
    restart: bool = False
    execs: list[ExecRequest] = field(default_factory=list)


def rules_of(name: str, service: JSON, context_ignore: Ignore | None = None) -> list[Rule]:
    """The rules of a service, as the compose file has them."""
    context = (service.get("build") or {}).get("context")
    return [
        Rule(
            service=name,
            action=item["action"],
            path=Path(item["path"]),
            target=item.get("target") or "",
            ignore=Ignore(item.get("ignore") or ()),
            include=Ignore(item["include"]) if item.get("include") else None,
            initial_sync=bool(item.get("initial_sync")),
            exec=_exec(item.get("exec")),
            context=Path(context) if context and "://" not in context else None,
            context_ignore=context_ignore or Ignore([]),
        )
        for item in (service.get("develop") or {}).get("watch") or ()
    ]


def _exec(hook: Mapping[str, Any] | None) -> ExecRequest | None:
    if not hook or not hook.get("command"):
        return None
    variables = hook.get("environment") or {}
    return ExecRequest(
        command=tuple(hook["command"]),
        user=hook.get("user") or "",
        working_dir=hook.get("working_dir") or "",
        environment=tuple(f"{key}={value}" for key, value in variables.items() if value is not None),
        privileged=bool(hook.get("privileged")),
    )


def plan(rules: Sequence[Rule], changed: Iterable[tuple[Path, bool]]) -> dict[str, Work]:
    """The work by service. `changed` are files and folders, and whether each is there now."""
    found: dict[str, Work] = {}
    for path, is_there in sorted(changed):
        for rule in rules:
            if rule.covers(path):
                _add(found.setdefault(rule.service, Work()), rule, path, is_there=is_there)
    for work in found.values():
        if work.rebuild:  # new containers have everything, and have just started
            work.copies, work.removals, work.restart, work.execs = {}, set(), False, []
    return found


def _add(work: Work, rule: Rule, path: Path, *, is_there: bool) -> None:
    if rule.action == "rebuild":
        work.rebuild = True
        return
    if rule.syncs:
        if is_there:
            work.copies[rule.place(path)] = path
        else:
            work.removals.add(rule.place(path))
    if rule.action in {"restart", "sync+restart"}:
        work.restart = True
    if rule.action == "sync+exec" and rule.exec is not None and rule.exec not in work.execs:
        work.execs.append(rule.exec)
