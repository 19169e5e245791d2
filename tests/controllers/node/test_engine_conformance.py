"""What every engine does: the same for the fake one, and, marked e2e, for the Docker Engine at DOCKER_HOST.

The real one needs an image with a shell, which `busybox_image` names.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fizz.controllers.node.engine import (
    Connection,
    CreateRequest,
    EngineEvent,
    Execution,
    ImageMissing,
    InUse,
    Missing,
    NameTaken,
    PullFailed,
    Refused,
)
from fizz.schemas.base import JSON
from fizz.schemas.execs import ExecRequest
from tests.controllers.node.bench import LABEL, Bench

FOREVER = ["sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.02; done"]


async def test_info_tells_version_and_size(bench: Bench) -> None:
    info = await bench.engine.info()

    await bench.engine.ping()
    assert info.version
    assert info.api_version >= (1, 24)
    assert info.cpus > 0
    assert info.memory > 0


async def test_a_container_goes_from_created_over_running_to_exited(bench: Bench) -> None:
    container = await bench.create("web", FOREVER)

    created = await bench.engine.inspect(container)
    assert (created.state, created.started_at, created.name) == ("created", None, f"{bench.run}-web")
    assert created.labels[LABEL] == bench.run

    await bench.engine.start(container)
    running = await bench.engine.inspect(container)
    assert running.state == "running"
    assert running.started_at is not None
    assert running.endpoints.keys() <= {"bridge"}

    await bench.engine.stop(container)
    stopped = await bench.engine.inspect(container)
    assert (stopped.state, stopped.exit_code) == ("exited", 7)
    assert stopped.finished_at is not None


async def test_an_anonymous_volume_outlives_its_container_unless_it_is_to_go_with_it(bench: Bench) -> None:
    first = await bench.create("one", FOREVER, Mounts=[{"Type": "volume", "Target": "/data"}])
    volumes = (await bench.engine.inspect(first)).volumes
    await bench.engine.remove(first)
    kept = await bench.engine.volume(volumes["/data"])

    mount = {"Type": "volume", "Source": volumes["/data"], "Target": "/data"}
    second = await bench.create("two", FOREVER, Mounts=[mount])
    handed_on = (await bench.engine.inspect(second)).volumes
    await bench.engine.remove(second, [*volumes.values(), f"{bench.run}-no-such-volume"])

    assert kept is not None
    assert handed_on == volumes
    assert await bench.engine.volume(volumes["/data"]) is None


async def test_a_volume_that_another_container_uses_does_not_go(bench: Bench) -> None:
    first = await bench.create("one", FOREVER, Mounts=[{"Type": "volume", "Target": "/data"}])
    name = (await bench.engine.inspect(first)).volumes["/data"]
    second = await bench.create("two", FOREVER, Binds=[f"{name}:/lent"])

    await bench.engine.remove(first, [name])

    assert await bench.engine.volume(name) is not None
    await bench.engine.remove(second, [name])
    assert await bench.engine.volume(name) is None


async def test_starting_and_stopping_twice_is_no_error(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)
    await bench.engine.start(container)

    await bench.engine.stop(container)
    await bench.engine.stop(container)

    assert (await bench.engine.inspect(container)).state == "exited"


async def test_a_program_that_ends_leaves_its_exit_code(bench: Bench) -> None:
    container = await bench.run_it("job", ["sh", "-c", "exit 3"])

    ended = await bench.until(container, lambda found: found.state == "exited")

    assert ended.exit_code == 3
    assert not ended.runs


async def test_the_engine_restarts_what_crashes_as_often_as_it_may(bench: Bench) -> None:
    policy = {"Name": "on-failure", "MaximumRetryCount": 2}
    container = await bench.run_it("job", ["sh", "-c", "exit 3"], RestartPolicy=policy)

    ended = await bench.until(container, lambda found: found.state == "exited" and found.restart_count == 2)

    assert ended.exit_code == 3


async def test_a_command_is_run_in_a_container(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)

    good = await bench.engine.execute(container, ExecRequest(("sh", "-c", "echo hello")))
    bad = await bench.engine.execute(container, ExecRequest(("sh", "-c", "exit 3"), environment=("A=1",)))

    assert (good, bad) == (Execution(0, "hello\n"), Execution(3, ""))


async def test_no_command_is_run_in_a_container_that_does_not_run(bench: Bench) -> None:
    container = await bench.create("web", FOREVER)

    with pytest.raises(Refused):
        await bench.engine.execute(container, ExecRequest(("true",)))
    with pytest.raises(Missing):
        await bench.engine.execute("nobody", ExecRequest(("true",)))


async def test_whose_namespaces_and_volumes_it_shares_is_seen(bench: Bench) -> None:
    main = await bench.run_it("main", FOREVER)
    side = await bench.create("side", FOREVER, PidMode=f"container:{main}", VolumesFrom=[f"{main}:ro"])

    assert (await bench.engine.inspect(side)).shares == {main}
    assert (await bench.engine.inspect(main)).shares == frozenset()


async def test_a_name_is_given_once(bench: Bench) -> None:
    await bench.create("web", FOREVER)

    with pytest.raises(NameTaken):
        await bench.create("web", FOREVER)


async def test_a_container_is_found_by_its_name(bench: Bench) -> None:
    container = await bench.create("web", FOREVER)

    found = await bench.engine.inspect(f"{bench.run}-web")

    assert found.id == container


async def test_a_running_container_gives_its_name_to_another_one(bench: Bench) -> None:
    first = await bench.run_it("web", FOREVER)

    await bench.engine.rename(first, f"{bench.run}-old")
    second = await bench.create("web", FOREVER)

    assert (await bench.engine.inspect(first)).name == f"{bench.run}-old"
    assert (await bench.engine.inspect(first)).state == "running"
    with pytest.raises(NameTaken):
        await bench.engine.rename(second, f"{bench.run}-old")
    with pytest.raises(Missing):
        await bench.engine.rename("nothing-of-that-name", f"{bench.run}-other")


async def test_an_image_that_is_not_there_is_said_to_be_missing(bench: Bench) -> None:
    request = bench.request("web", FOREVER)

    with pytest.raises(ImageMissing):
        await bench.engine.create(CreateRequest(request.name, {**request.body, "Image": "fizz-test/absent:1"}))

    assert await bench.engine.image("fizz-test/absent:1") is None
    assert await bench.engine.image(bench.image) is not None


async def test_a_pull_that_fails_says_so(bench: Bench) -> None:
    with pytest.raises(PullFailed):
        async for _ in bench.engine.pull("127.0.0.1:1/absent:1", ""):
            pass


async def test_what_is_not_there_is_missing(bench: Bench) -> None:
    engine, absent = bench.engine, "f" * 64

    for call in (engine.inspect, engine.raw, engine.start, engine.stop, engine.remove, engine.remove_network):
        with pytest.raises(Missing):
            await call(absent)
    with pytest.raises(Missing):
        await engine.remove_volume(bench.run)


async def test_containers_are_found_by_label_running_or_not(bench: Bench) -> None:
    running, created = await bench.run_it("web", FOREVER), await bench.create("db", FOREVER)

    by_value = await bench.engine.containers(bench.label)
    by_key = await bench.engine.containers(LABEL)

    assert {container.id for container in by_value} == {running, created}
    assert {container.id for container in by_key} >= {running, created}
    assert await bench.engine.containers(f"{LABEL}=absent") == []


async def test_a_removed_container_is_gone(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)

    await bench.engine.remove(container)

    assert await bench.engine.containers(bench.label) == []


async def test_a_container_joins_networks_before_it_starts(bench: Bench) -> None:
    front, back = await bench.network("front"), await bench.network("back")
    request = bench.request("web", FOREVER, NetworkMode=f"{bench.run}-front")
    endpoints = {f"{bench.run}-front": {"Aliases": ["web"]}}
    body = {**request.body, "NetworkingConfig": {"EndpointsConfig": endpoints}}
    container = (await bench.engine.create(CreateRequest(request.name, body))).id
    await bench.engine.connect(container, Connection(f"{bench.run}-back", {"Aliases": ["web"]}))
    waiting = await bench.engine.inspect(container)

    await bench.engine.start(container)

    joined = (await bench.engine.inspect(container)).endpoints
    assert waiting.endpoints.keys() == {f"{bench.run}-front", f"{bench.run}-back"}
    assert {endpoint.network_id for endpoint in joined.values()} == {front, back}
    assert all(endpoint.address for endpoint in joined.values())


async def test_a_network_in_use_stays(bench: Bench) -> None:
    network = await bench.network("front")
    container = await bench.run_it("web", FOREVER)
    await bench.engine.connect(container, Connection(f"{bench.run}-front", {}))

    with pytest.raises(InUse):
        await bench.engine.remove_network(network)

    await bench.engine.remove(container)
    await bench.engine.remove_network(network)
    assert await bench.engine.networks(f"{bench.run}-front") == []


async def test_networks_are_found_by_their_whole_name(bench: Bench) -> None:
    network = await bench.network("front")

    assert [found.id for found in await bench.engine.networks(f"{bench.run}-front")] == [network]
    assert await bench.engine.networks(f"{bench.run}-fro") == []
    with pytest.raises(NameTaken):
        await bench.network("front")


async def test_starting_in_a_network_that_is_gone_is_refused(bench: Bench) -> None:
    network = await bench.network("front")
    endpoints: JSON = {"EndpointsConfig": {f"{bench.run}-front": {}}}
    request = bench.request("web", FOREVER, NetworkMode=f"{bench.run}-front")
    body = {**request.body, "NetworkingConfig": endpoints}
    container = (await bench.engine.create(CreateRequest(request.name, body))).id
    await bench.engine.remove_network(network)

    with pytest.raises(Refused):
        await bench.engine.start(container)


async def test_starting_in_a_network_that_was_made_anew_is_refused(bench: Bench) -> None:
    network, name = await bench.network("front"), f"{bench.run}-front"
    request = bench.request("web", FOREVER, NetworkMode=name)
    body = {**request.body, "NetworkingConfig": {"EndpointsConfig": {name: {}}}}
    container = (await bench.engine.create(CreateRequest(request.name, body))).id
    await bench.engine.start(container)
    await bench.engine.stop(container)
    await bench.engine.remove_network(network)
    await bench.network("front")

    stopped = await bench.engine.inspect(container)

    assert stopped.endpoints[name].network_id == network
    with pytest.raises(Refused):
        await bench.engine.start(container)


async def test_a_volume_is_made_once_and_not_removed_in_use(bench: Bench) -> None:
    name = f"{bench.run}-data"
    body = {"Name": name, "Labels": {LABEL: bench.run}}
    first, second = await bench.engine.create_volume(body), await bench.engine.create_volume(body)
    mounts = [{"Type": "volume", "Source": name, "Target": "/data"}]
    container = await bench.create("web", FOREVER, Mounts=mounts)

    with pytest.raises(InUse):
        await bench.engine.remove_volume(name)

    await bench.engine.remove(container)
    assert first == second == await bench.engine.volume(name)
    await bench.engine.remove_volume(name)
    assert await bench.engine.volume(name) is None


async def test_a_published_port_is_shown_and_taken_once(bench: Bench) -> None:
    bindings = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18231-18240"}]}
    container = await bench.run_it("web", FOREVER, PortBindings=bindings)
    port = (await bench.engine.inspect(container)).ports[0]

    taken = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port.host_port)}]}
    with pytest.raises(Refused):
        await bench.run_it("other", FOREVER, PortBindings=taken)

    assert (port.container_port, port.protocol, port.host_ip) == (80, "tcp", "127.0.0.1")
    assert 18231 <= port.host_port <= 18240


async def test_events_tell_what_happens_in_order(bench: Bench) -> None:
    async with bench.engine.events() as events:
        container = await bench.run_it("web", FOREVER)
        await bench.engine.stop(container)
        await bench.engine.remove(container)

        seen = await _until_gone(events, container)

    actions = [event.action for event in seen if event.type == "container" and event.id == container]
    assert actions[:3] == ["create", "start", "kill"]
    assert set(actions[3:5]) == {"die", "stop"}  # engines differ in the order of these two
    assert actions[5:] == ["destroy"]
    kill = next(event for event in seen if event.action == "kill" and event.id == container)
    assert kill.signal == 15
    assert kill.labels[LABEL] == bench.run


async def test_events_tell_of_networks_and_volumes(bench: Bench) -> None:
    async with bench.engine.events() as events:
        network = await bench.network("front")
        await bench.engine.create_volume({"Name": f"{bench.run}-data"})
        await bench.engine.remove_network(network)
        await bench.engine.remove_volume(f"{bench.run}-data")

        found = set()
        async with asyncio.timeout(10):
            while ("volume", "destroy", f"{bench.run}-data") not in found:
                event = await anext(events)
                found.add((event.type, event.action, event.id))

    assert found >= {("network", "create", network), ("network", "destroy", network)}
    assert ("volume", "create", f"{bench.run}-data") in found


async def test_logs_are_lines_with_times(bench: Bench) -> None:
    container = await bench.run_it("job", ["sh", "-c", "echo one; echo two; exit 0"])
    ended = await bench.until(container, lambda found: found.state == "exited")

    entries = [entry async for batch in bench.engine.logs(ended, follow=False, tail=None, since="") for entry in batch]
    last = [entry async for batch in bench.engine.logs(ended, follow=False, tail=1, since="") for entry in batch]
    since = [
        entry
        async for batch in bench.engine.logs(ended, follow=False, tail=None, since=entries[-1].time)
        for entry in batch
    ]

    assert [entry.text for entry in entries] == [b"one\n", b"two\n"]
    assert entries[0].time <= entries[1].time
    assert entries[0].stream == "stdout"
    assert [entry.text for entry in last] == [b"two\n"]
    assert entries[-1] in since


async def test_a_followed_log_ends_with_the_container(bench: Bench) -> None:
    program = "echo ready; trap 'exit 7' TERM; while true; do sleep 0.02; done"
    container = await bench.run_it("web", ["sh", "-c", program])
    running = await bench.engine.inspect(container)
    texts: list[bytes] = []
    begun = asyncio.Event()

    async def follow() -> None:
        async for batch in bench.engine.logs(running, follow=True, tail=None, since=""):
            texts.extend(entry.text for entry in batch)
            if texts:
                begun.set()

    following = asyncio.create_task(follow())
    async with asyncio.timeout(20):
        await begun.wait()
        await bench.engine.stop(container)
        await following

    assert texts == [b"ready\n"]


async def test_following_can_be_given_up(bench: Bench) -> None:
    container = await bench.run_it("web", FOREVER)
    running = await bench.engine.inspect(container)

    async def follow() -> None:
        async for _ in bench.engine.logs(running, follow=True, tail=None, since=""):
            pass

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    following.cancel()

    with pytest.raises(asyncio.CancelledError):
        await following


async def _until_gone(events: AsyncIterator[EngineEvent], container: str) -> list[EngineEvent]:
    seen = []
    async with asyncio.timeout(10):
        async for event in events:
            seen.append(event)
            if event.action == "destroy" and event.id == container:
                break
    return seen
