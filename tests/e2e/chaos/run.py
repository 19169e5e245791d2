"""Bursts of disturbances, one after the other: after each, all apps have to become as they have to be, in time.

    burst: one to four disturbances, within seconds     the time to converge begins with the last one
    converged: nothing differs                          it ends here
    calm: no request may fail                           or it had not converged

What must hold besides: a container that nobody removed, scaled or updated is the same one afterwards; what lies in
volumes stays; in the end a plan finds nothing to do, and `fizz down -v` leaves nothing.
"""

import asyncio
import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.e2e.chaos.apps import App
from tests.e2e.chaos.disturbances import AWAY, DISTURBANCES, Lab, disturb
from tests.e2e.chaos.judge import containers, differences, ids
from tests.e2e.load import Report, load

__all__ = ["Figures", "NotConverged", "run"]

PATIENCE: Final = 120.0  # seconds until all must be well again
CALM: Final = 1.5  # seconds in which no request may fail
_LONG: Final = 5.0  # seconds after which it is said what is still missing
_REASONS: Final = 4  # for failed requests, that are told
_MARK: Final = "kept"
_PAUSE: Final = 0.05  # seconds between requests of one client: it is the app that is tried, and not the load


class NotConverged(Exception):
    """Something is not as it has to be; the message says what, and what was done before."""


@dataclass
class Figures:
    """What is printed in the end. Times are in seconds."""

    seconds: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    converged: list[float] = field(default_factory=list)
    reports: Mapping[str, Report] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [
            f"{self.seconds:.0f} s, {len(self.converged)} bursts, {self.done.total()} disturbances: "
            + ", ".join(f"{count} {name}" for name, count in sorted(self.done.items())),
            f"time to converge: median {median(self.converged):.1f} s, max {max(self.converged):.1f} s",
        ]
        for url, report in self.reports.items():
            share = 100 * len(report.failures) / max(report.requests, 1)
            lines.append(
                f"{url}: {report.requests} requests, {len(report.failures)} failed ({share:.2f} %), "
                f"slowest answer {report.slowest:.1f} s"
            )
            lines += [f"    {count} x {why}" for why, count in Counter(report.failures).most_common(_REASONS)]
        lines.append("in calm: 0 failed")
        return "\n".join(lines)


def run(lab: Lab, seconds: float, say: Callable[[str], object], only: tuple[str, ...] = ()) -> Figures:
    """Bring chaos over the lab's apps for so long, and at least one burst. Raises `NotConverged`."""
    figures = Figures()
    names = only or tuple(DISTURBANCES)
    for app in lab.apps:
        lab.server.fizz("up", "-d", "--wait", "-f", app.file, timeout=300)
        _mark(lab, app)
    _wait(lab, "at the beginning", say)
    began = time.monotonic()
    with _requests([url for app in lab.apps for url in app.urls.values()]) as figures.reports:
        while not figures.converged or time.monotonic() - began < seconds:
            _burst(lab, names, figures, say)
        figures.seconds = time.monotonic() - began
        for app in lab.apps:
            lab.server.fizz("plan", "-f", app.file)  # exit code 0: nothing would be done
            _check_marks(lab, app)
    _down(lab)
    return figures


def _burst(lab: Lab, names: tuple[str, ...], figures: Figures, say: Callable[[str], object]) -> None:
    before = {name: id_ for app in lab.apps for name, id_ in ids(lab.engine.client, app).items()}
    lab.touched.clear()
    weights = [DISTURBANCES[name][0] for name in names]
    chosen = lab.dice.choices(names, weights, k=lab.dice.randint(1, 4))
    said = []
    for name in chosen:
        if what := disturb(lab, name):
            figures.done[name] += 1
            said.append(what)
        time.sleep(lab.dice.random())  # a random moment is what is tested
    story = "; ".join(said) or "nothing"
    say(f"  {story}")
    last = time.monotonic()
    _settle(lab)
    if (settled := time.monotonic() - last) > _LONG:
        say(f"    commands done after {settled:.1f} s")
    _wait(lab, story, say)
    figures.converged.append(time.monotonic() - last)
    say(f"    converged after {figures.converged[-1]:.1f} s")
    _check_untouched(lab, before, story)
    _calm(lab, figures, story)


def _settle(lab: Lab) -> None:
    """What people do themselves: wake what they put to sleep, and give a command again that a crash has ended."""
    for paused in lab.paused:
        with contextlib.suppress(*AWAY):
            lab.engine.client.containers.get(paused).unpause()
    lab.paused.clear()
    while lab.commands:
        process, arguments = lab.commands.pop(0)
        if process.wait(PATIENCE):
            lab.command(*arguments)


def _wait(lab: Lab, story: str, say: Callable[[str], object]) -> None:
    """Wait until nothing differs; what takes long is said."""
    end, told = time.monotonic() + PATIENCE, time.monotonic() + _LONG
    while found := [f"{app.name}: {what}" for app in lab.apps for what in differences(lab.server, app)]:
        if time.monotonic() > end:
            raise NotConverged(f"not within {PATIENCE:.0f} s after: {story}\n  " + "\n  ".join(found))
        if time.monotonic() > told:
            say(f"    still: {'; '.join(found)}")
            told += _LONG
        time.sleep(0.1)


def _check_untouched(lab: Lab, before: Mapping[str, str], story: str) -> None:
    after = {name: id_ for app in lab.apps for name, id_ in ids(lab.engine.client, app).items()}
    lost = [name for name in before if not _is_touched(lab, name) and after.get(name) != before[name]]
    if lost:
        raise NotConverged(f"{', '.join(lost)} did not need to be made anew after: {story}")


def _is_touched(lab: Lab, name: str) -> bool:
    return any(name == each or (each.endswith("-") and name.startswith(each)) for each in lab.touched)


def _calm(lab: Lab, figures: Figures, story: str) -> None:
    """What is asked from now on is answered."""
    began = time.monotonic()
    before = {url: report.answers.total() for url, report in figures.reports.items()}
    time.sleep(CALM)
    for url, report in figures.reports.items():
        while report.answers.total() == before[url]:
            # Both of its clients may still wait for an answer to what they asked in the storm.
            if time.monotonic() > began + PATIENCE:
                raise NotConverged(f"{url} gave no answer in calm after: {story}")
            time.sleep(0.1)
        if failed := [why for why, when in zip(report.failures, report.begun, strict=True) if when >= began]:
            raise NotConverged(f"{url} failed in calm ({failed[0]}) after: {story}")


def _mark(lab: Lab, app: App) -> None:
    """Leave something in each volume."""
    for container in _holders(lab, app):
        assert container[0].exec_run(["sh", "-c", f"echo {app.name} > {container[1]}/{_MARK}"]).exit_code == 0


def _check_marks(lab: Lab, app: App) -> None:
    for container, folder in _holders(lab, app):
        done = container.exec_run(["cat", f"{folder}/{_MARK}"])
        if done.exit_code or done.output.decode().strip() != app.name:
            raise NotConverged(f"what lay in {folder} of {container.name} is gone")


def _holders(lab: Lab, app: App) -> list:  # type: ignore[type-arg]
    return [
        (container, mount["Destination"])
        for container in containers(lab.engine.client, app)
        for mount in container.attrs["Mounts"]
        if mount["Type"] == "volume" and mount["Name"] in app.volumes
    ]


def _down(lab: Lab) -> None:
    for app in lab.apps:
        lab.server.fizz("down", "-v", "-f", app.file)
        left = [str(each.name) for each in containers(lab.engine.client, app)]
        left += [str(each.name) for each in lab.engine.client.networks.list(names=[f"{app.name}_"])]
        left += [str(each.name) for each in lab.engine.client.volumes.list() if each.name in app.volumes]
        if left:
            raise NotConverged(f"down -v left {', '.join(left)}")


@contextlib.contextmanager
def _requests(urls: list[str]) -> Iterator[Mapping[str, Report]]:
    """Two clients ask for each page, one of them over one connection, in a thread of their own."""
    reports: dict[str, Report] = {}
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def ask() -> None:
        async with contextlib.AsyncExitStack() as stack:
            for url in urls:
                reports[url] = await stack.enter_async_context(load(url, clients=1, keep_alive=False, pause=_PAUSE))
                await stack.enter_async_context(load(url, clients=1, keep_alive=True, pause=_PAUSE, into=reports[url]))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(ask()), name="requests")
    thread.start()
    ready.wait()
    try:
        yield reports
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
