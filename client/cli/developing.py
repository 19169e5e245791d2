"""Following the files of a project that runs, as its `develop.watch` says: sync, rebuild, restart.

Changes are gathered until half a second passes without one. The work of one service is done in order; what fails is
told, and the next change is another chance.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final

from fizz.client.api import ApiError, Client
from fizz.client.cli.apply import built_in
from fizz.client.cli.failures import Failure
from fizz.client.cli.progress import Progress
from fizz.client.cli.project import project_namespace, project_selector, unusable
from fizz.client.compose import Project
from fizz.client.compose.problems import Problems
from fizz.client.develop import Rule, Syncer, SyncError, Work, plan, rules_of
from fizz.client.images import Ignore, IgnoreError
from fizz.client.objects import Key, key_of
from fizz.schemas import labels
from fizz.schemas.names import to_label_value

__all__ = ["Developer", "read_rules"]

Changed = Sequence[tuple[Path, bool]]
"""Files and folders, and whether each is there now."""

_QUIET_MILLISECONDS: Final = 500
_IGNORE: Final = ".dockerignore"
_SHOWN: Final = 3


def read_rules(project: Project) -> list[Rule]:
    """The rules of all services. Raises `ProblemsInFiles` for what makes no sense."""
    problems = Problems()
    rules: list[Rule] = []
    for name, service in project.services.items():
        listed = (service.get("develop") or {}).get("watch") or ()
        for index, item in enumerate(listed):
            path = ("services", name, "develop", "watch", index)
            if item["action"] == "rebuild" and not service.get("build"):
                problems.error(project.place(*path), "rebuilds, but the service has no build", path=path)
            if item["action"] == "sync+exec" and not (item.get("exec") or {}).get("command"):
                problems.error(project.place(*path), "must have exec with a command", path=path)
        try:
            rules += rules_of(name, service, _context_ignore(service.get("build")))
        except IgnoreError as error:
            problems.error(project.place("services", name, "develop"), str(error), path=("services", name, "develop"))
    if problems.errors:
        raise unusable(problems.all())
    return rules


def _context_ignore(build: Mapping[str, object] | None) -> Ignore | None:
    if not build or "://" in str(build.get("context")):
        return None
    folder = Path(str(build.get("context") or "."))
    dockerfile = str(build.get("dockerfile") or "Dockerfile")
    for file in (folder / f"{dockerfile}{_IGNORE}", folder / _IGNORE):
        if file.is_file():
            return Ignore.of_file(file.read_bytes())
    return None


class Developer:
    """Keeps the containers of a project up to date with its files. `rebuild` builds and replaces those of a service."""

    def __init__(
        self,
        client: Client,
        project: Project,
        rules: Sequence[Rule],
        rebuild: Callable[[str], Awaitable[None]],
        screen: Progress,
    ) -> None:
        self._client, self._project, self._rules = client, project, rules
        self._rebuild, self._screen = rebuild, screen
        self._syncer = Syncer(client)

    async def run(self, changes: AsyncGenerator[Changed, None] | None = None) -> None:
        """Follow the files until cancelled, or until `changes` end."""
        services = ", ".join(dict.fromkeys(rule.service for rule in self._rules))
        async with aclosing(changes or watched([rule.path for rule in self._rules])) as source:
            coming = asyncio.ensure_future(anext(source, None))
            try:
                await asyncio.sleep(0)  # from here on changes are seen
                self._screen.say(f"watching files of {services}")
                await self._do(self._initial())
                while (changed := await coming) is not None:
                    coming = asyncio.ensure_future(anext(source, None))
                    await self._do(plan(self._rules, _whole(changed)))
            finally:
                coming.cancel()
                await asyncio.gather(coming, return_exceptions=True)

    def _initial(self) -> dict[str, Work]:
        """What rules with `initial_sync` copy at the start; nothing is restarted or run for it."""
        rules = [rule for rule in self._rules if rule.initial_sync and rule.syncs]
        work = plan(rules, _whole([(rule.path, True) for rule in rules]))
        return {name: Work(copies=each.copies) for name, each in work.items()}

    async def _do(self, work: Mapping[str, Work]) -> None:
        await asyncio.gather(*(self._service(name, each) for name, each in work.items()))

    async def _service(self, name: str, work: Work) -> None:
        try:
            if work.rebuild:
                self._screen.say(f"{name}: rebuilding")
                await self._rebuild(name)
                self._screen.say(f"{name}: rebuilt")
                return
            containers = await self._containers(name)
            if not containers:
                self._screen.say(f"{name}: nothing runs that could be brought up to date")
                return
            for line in await self._syncer.run(containers, work):
                self._screen.say(f"{name} | {line}")
            self._screen.say(f"{name}: {_told(work)}")
        except (SyncError, Failure, ApiError) as error:
            self._screen.say(f"{name}: failed: {error}")

    async def _containers(self, service: str) -> list[Key]:
        selector = f"{project_selector(self._project.name)},{labels.SERVICE}={to_label_value(service)}"
        listed = await self._client.list(built_in("Container"), project_namespace(self._project.name), selector)
        return [
            key_of(item)
            for item in listed.items
            if (item.get("status") or {}).get("phase") == "Running" and "deletionTimestamp" not in item["metadata"]
        ]


def _told(work: Work) -> str:
    """What was done, in words: `synced a.js, b.js; restarted`."""
    names = sorted({Path(place).name for place in (*work.copies, *work.removals)})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    parts = [f"synced {', '.join(names[:_SHOWN])}{more}"] if names else []
    parts += ["restarted"] if work.restart else []
    parts += [f"ran `{' '.join(each.command)}`" for each in work.execs]
    return "; ".join(parts)


def _whole(changed: Changed) -> set[tuple[Path, bool]]:
    """The changes, with all that is in a folder which came as a whole."""
    found = set(changed)
    for path, is_there in changed:
        if is_there and path.is_dir() and not path.is_symlink():
            for folder, folders, files in os.walk(path):
                found |= {(Path(folder, name), True) for name in (*folders, *files)}
    return found


async def watched(paths: Sequence[Path]) -> AsyncGenerator[Changed, None]:
    """The changes below some files and folders, in batches."""
    from watchfiles import awatch  # a compiled library that nothing else needs

    roots = _roots(paths)
    async for batch in awatch(
        *roots, watch_filter=None, debounce=_QUIET_MILLISECONDS, step=_QUIET_MILLISECONDS // 5, recursive=True
    ):
        yield _seen({name for _, name in batch})


def _seen(names: set[str]) -> list[tuple[Path, bool]]:
    return [(Path(name), os.path.lexists(name)) for name in names]


def _roots(paths: Sequence[Path]) -> list[Path]:
    """What must be watched to see changes of these, also of those that are not there yet: folders, none in another."""
    folders = set()
    for path in paths:
        folder = path
        while not folder.is_dir():
            folder = folder.parent
        folders.add(folder)
    return sorted(each for each in folders if not folders & set(each.parents))
