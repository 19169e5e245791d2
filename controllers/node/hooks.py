"""Commands that are run in a container after it has started and before it is stopped.

After a start: the agent runs them beside everything else, so that a command that never ends keeps nothing from being
stopped or removed. Until they are done the container does not count as started. One that fails ends the rest, and is
told; the container goes on running, as in compose.

They are run once for each start that the agent or a person brought about. When the engine starts a crashed container
again they are not, as in compose. What tells one from the other is the engine's count of restarts. If the agent itself
ends in between, they are run again.

Before a stop: the agent runs them and then stops the container, whatever came of them: a container that could not be
stopped because of its own mistake would never go.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fizz.client.objects import Key
from fizz.controllers.node.engine import Containers, EngineContainer, EngineError, EngineLost
from fizz.controllers.node.sources import Sources, environment
from fizz.schemas.execs import ExecRequest
from fizz.schemas.hooks import Hook, PostStartStatus

__all__ = ["PostStarts", "exec_request", "is_due", "record_of", "run_hooks", "run_in_time"]

_SECONDS: Final = 600.0
"""How long commands before a stop may take altogether. Long, because compose sets no limit, but an end."""
_SHOWN: Final = 200
"""Characters of a command and of its output that messages repeat."""


def exec_request(hook: Hook, sources: Sources) -> ExecRequest:
    """The hook as the engine runs it. Raises `SourceMissing`."""
    return ExecRequest(
        command=tuple(hook.command),
        user=hook.user or "",
        working_dir=hook.working_dir or "",
        environment=tuple(
            name if value is None else f"{name}={value}" for name, value in environment(hook.env, sources)
        ),
        privileged=bool(hook.privileged),
    )


def record_of(container: EngineContainer, error: str | None = None) -> PostStartStatus:
    """What the status says when the hooks after the present start are done."""
    assert container.started_at is not None, "hooks run in a container that has started"
    return PostStartStatus(
        container_id=container.id, started_at=container.started_at.replace(microsecond=0), error=error
    )


def is_due(known: PostStartStatus | None, container: EngineContainer) -> bool:
    """Whether the hooks have to be run, `known` being what is known of the last time."""
    if container.state != "running" or container.started_at is None:
        return False
    if known is None or known.container_id != container.id:
        return True
    return known.started_at != container.started_at.replace(microsecond=0) and not container.restart_count


async def run_hooks(engine: Containers, container: str, requests: Sequence[ExecRequest]) -> str | None:
    """Run them one after the other; what went wrong, None if nothing did. Raises `EngineLost`."""
    for request in requests:
        shown = " ".join(request.command)[:_SHOWN]
        try:
            done = await engine.execute(container, request)
        except EngineLost:
            raise
        except EngineError as error:
            return f"{shown!r} cannot be run: {error}"
        if done.exit_code != 0:
            output = f": {done.output.strip()[-_SHOWN:]}" if done.output.strip() else ""
            return f"{shown!r} ended with exit code {done.exit_code}{output}"
    return None


async def run_in_time(engine: Containers, container: str, requests: Sequence[ExecRequest]) -> str | None:
    """The same, but after ten minutes the rest is given up. Raises `EngineLost`."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await run_hooks(engine, container, requests)
    except TimeoutError:
        return f"it took more than {_SECONDS:.0f} seconds"


@dataclass(slots=True)
class _Run:
    """The hooks after one start."""

    container: EngineContainer
    task: asyncio.Task[str | None]

    def is_for(self, container: EngineContainer) -> bool:
        return (self.container.id, self.container.started_at) == (container.id, container.started_at)


class PostStarts:
    """Runs the hooks after starts. `look` is called for each Container whose hooks are done."""

    def __init__(self, engine: Containers, look: Callable[[Key], None]) -> None:
        self._engine, self._look = engine, look
        self._runs: dict[Key, _Run] = {}

    def begin(self, key: Key, container: EngineContainer, requests: Sequence[ExecRequest]) -> None:
        """Run them, in place of those after an earlier start."""
        self.forget(key)
        task = asyncio.create_task(run_hooks(self._engine, container.id, requests), name=f"post-start {key}")
        task.add_done_callback(lambda _: self._look(key))
        self._runs[key] = _Run(container, task)

    def is_running(self, key: Key, container: EngineContainer) -> bool:
        """Whether those after the present start of the container are being run."""
        run = self._runs.get(key)
        return run is not None and run.is_for(container) and not run.task.done()

    def result(self, key: Key, container: EngineContainer) -> PostStartStatus | None:
        """What came of those after the present start; None while nothing has, or if the engine was lost meanwhile."""
        run = self._runs.get(key)
        if run is None or not run.is_for(container) or not run.task.done() or run.task.cancelled():
            return None
        lost = run.task.exception()
        if isinstance(lost, EngineLost):
            return None
        return record_of(run.container, run.task.result())

    def forget(self, key: Key) -> None:
        """Nobody waits for them any more."""
        run = self._runs.pop(key, None)
        if run is not None and not run.task.done():
            run.task.cancel()

    async def close(self) -> None:
        """Wait for none of them."""
        tasks = [run.task for run in self._runs.values()]
        for key in list(self._runs):
            self.forget(key)
        await asyncio.gather(*tasks, return_exceptions=True)
