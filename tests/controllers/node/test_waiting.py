"""What a Container waits for before it runs, and what it gets, on a node in memory."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from fizz.client.objects import Key
from fizz.client.testing import eventually
from fizz.controllers.node.engine import EngineLost, Refused
from fizz.schemas import labels
from tests.controllers.node.world import FakeObjects, World, config, container, network, secret, volume

EXIT = ["sh", "-c", "exit 3"]
DONE = ["sh", "-c", "exit 0"]


@dataclass
class Content:
    """A file on the host, looked at."""

    source: str

    @property
    def path(self) -> Path:
        return Path(self.source)

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def mode(self) -> int:
        return self.path.stat().st_mode & 0o777

    @property
    def inode(self) -> int:
        return self.path.stat().st_ino


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_container_waits_for_its_network_and_says_which_is_missing(world: World) -> None:
    world.objects.put(container("web", networks=[{"name": "front"}]))
    await world.settle()
    missing = world.status("web")

    world.objects.put(network("front"))
    await world.settle()

    assert (missing.phase, missing.reason) == ("Pending", "NetworkMissing")
    assert "'front'" in (missing.message or "")
    assert world.status("web").phase == "Running"
    assert list(world.status("web").ip_addresses or {}) == ["front"]


async def test_a_container_waits_for_its_volume(world: World) -> None:
    world.objects.put(container("db", mounts=[{"type": "volume", "source": "data", "target": "/data"}]))
    await world.settle()
    missing = world.status("db")

    world.objects.put(volume("data"))
    await world.settle()

    assert (missing.phase, missing.reason) == ("Pending", "VolumeMissing")
    assert world.status("db").phase == "Running"
    assert world.engine.by_name("blog-db").host_config["Binds"] == ["blog_data:/data:rw"]


async def test_a_container_waits_for_its_secret_and_gets_it_as_a_file(world: World) -> None:
    projection = {"name": "password", "key": "text", "target": "/run/secrets/password", "mode": 0o400}
    world.objects.put(container("db", secrets=[projection]))
    await world.settle()
    missing = world.status("db")

    world.objects.put_source(secret("password", text="s3cr3t"))
    await world.settle()

    mount = world.engine.by_name("blog-db").host_config["Mounts"][0]
    source = Content(mount["Source"])
    assert (missing.phase, missing.reason) == ("Pending", "SecretMissing")
    assert (mount["Type"], mount["Target"], mount["ReadOnly"]) == ("bind", "/run/secrets/password", True)
    assert (source.text, source.mode) == ("s3cr3t", 0o400)
    assert source.path.parent == world.folder / "files" / "uid-db"


async def test_a_running_container_sees_a_new_content_in_the_same_file(world: World) -> None:
    projection = {"name": "motd", "key": "text", "target": "/etc/motd"}
    world.objects.put_source(config("motd", text="hello"))
    world.objects.put(container("web", configs=[projection]))
    await world.settle()
    box = world.engine.by_name("blog-web")
    source = Content(box.host_config["Mounts"][0]["Source"])
    inode = source.inode

    world.objects.put_source(config("motd", text="good bye"))
    await world.settle()

    assert (source.text, source.inode) == ("good bye", inode)
    assert world.engine.by_name("blog-web").id == box.id


async def test_files_go_with_the_container(world: World) -> None:
    projection = {"name": "motd", "key": "text", "target": "/etc/motd"}
    world.objects.put_source(config("motd", text="hello"))
    world.objects.put(container("web", configs=[projection]))
    await world.settle()

    world.objects.delete(container("web"))
    await world.settle()

    assert world.files.uids() == []


async def test_files_lost_in_a_reboot_are_there_again_before_the_start(world: World) -> None:
    projection = {"name": "motd", "key": "text", "target": "/etc/motd"}
    world.objects.put_source(config("motd", text="hello"))
    world.objects.put(container("web", configs=[projection], restartPolicy={"name": "always"}))
    await world.settle()
    box = world.engine.by_name("blog-web")
    source = Content(box.host_config["Mounts"][0]["Source"])
    box.end(255, world.engine.now())
    world.files.remove("uid-web")
    world.restart()
    seen: list[bool] = []
    world.engine.hook = lambda verb, when: seen.append(source.path.exists()) if verb == "start" else None

    await world.settle()

    assert seen == [True, True]
    assert world.engine.by_name("blog-web").id == box.id
    assert world.status("web").phase == "Running"


async def test_variables_come_from_secrets_and_config_maps(world: World) -> None:
    world.objects.put_source(secret("db", password="s3cr3t"))
    world.objects.put_source(config("db", host="db.example"))
    env = [
        {"name": "PLAIN", "value": "x"},
        {"name": "EMPTY"},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "db", "key": "host"}}},
    ]
    world.objects.put(container("web", env=env))

    await world.settle()

    assert world.engine.by_name("blog-web").body["Env"] == ["PLAIN=x", "EMPTY=", "PASSWORD=s3cr3t", "HOST=db.example"]


async def test_an_image_is_pulled_once_for_all_and_then_all_start(world: World) -> None:
    world.engine.registry.add("nginx:1")
    go = world.engine.hold("pull")
    world.objects.put(container("web", image="nginx:1"), container("api", image="nginx:1"))
    await world.settle()
    waiting = world.status("web")

    go.set()
    await world.settle()

    assert (waiting.phase, waiting.reason, waiting.message) == ("Creating", "Pulling", None)
    assert world.in_engine() == {"blog-web": "running", "blog-api": "running"}
    assert world.engine.calls["pull"] == 1
    assert world.objects.reasons("web") == ["Pulling", "Pulled", "Created", "Started"]


async def test_a_container_can_be_deleted_while_its_image_is_pulled(world: World) -> None:
    world.engine.registry.add("nginx:1")
    world.engine.hold("pull")
    world.objects.put(container("web", image="nginx:1"))
    await world.settle()

    world.objects.delete(container("web"))
    await world.settle()

    assert world.objects.containers() == []


async def test_a_pull_that_fails_is_tried_again_later(world: World) -> None:
    world.objects.put(container("web", image="nginx:1"))
    await world.settle()
    await world.settle()
    failed = world.status("web")

    world.engine.registry.add("nginx:1")
    await world.advance(5)

    assert (failed.phase, failed.reason) == ("Pending", "ImagePullFailed")
    assert "nginx:1" in (failed.message or "")
    assert world.status("web").phase == "Running"
    assert world.engine.calls["pull"] == 2


async def test_an_image_that_must_not_be_pulled_is_waited_for(world: World) -> None:
    world.objects.put(container("web", image="own:1", pullPolicy="never"))
    await world.settle()
    missing = world.status("web")

    world.engine.load_by_hand("own:1")
    await world.settle()

    assert (missing.phase, missing.reason) == ("Pending", "ImageMissing")
    assert world.status("web").phase == "Running"
    assert world.engine.calls["pull"] == 0


async def test_an_image_that_is_there_is_pulled_only_if_the_policy_says_always(world: World) -> None:
    world.engine.registry.add("busybox")
    world.objects.put(container("web"), container("api", pullPolicy="always"))

    await world.settle()
    await world.settle()

    assert world.engine.calls["pull"] == 1
    assert "Pulled" in world.objects.reasons("api")
    assert "Pulled" not in world.objects.reasons("web")


async def test_a_start_that_fails_is_tried_again_with_growing_patience(world: World) -> None:
    world.engine.fail("start", Refused("port is already allocated"), times=3)
    world.objects.put(container("web"))
    await world.settle()
    failed = world.status("web")

    await world.advance(0.2)
    early = world.engine.calls["start"]
    await world.advance(10)

    assert (failed.phase, failed.reason, failed.message) == ("Creating", "StartFailed", "port is already allocated")
    assert early == 1
    assert world.engine.calls["start"] == 4
    assert world.status("web").phase == "Running"
    assert world.engine.calls["create"] == 1


async def test_the_name_of_a_foreign_container_is_not_taken_by_force(world: World) -> None:
    other = World(world.folder / "other", world.engine, FakeObjects())
    other.session.owner = type(world.session.owner)("another-server", "node-1")
    other.objects.put(container("web", uid="other"))
    await other.settle()
    world.restart()
    world.objects.put(container("web"))

    await world.settle()

    assert world.status("web").reason == "NameTaken"
    assert "docker rm -f blog-web" in (world.status("web").message or "")
    assert world.engine.by_name("blog-web").labels[labels.UID] == "other"

    world.engine.remove_by_hand(world.engine.by_name("blog-web").id)
    await world.settle()
    assert world.status("web").phase == "Running"


async def test_a_container_that_was_created_without_an_answer_is_adopted(world: World) -> None:
    def lose_the_answer(verb: str, when: str) -> None:
        if (verb, when) == ("create", "after"):
            world.engine.hook = None
            world.events = asyncio.Queue()  # and the event with it
            raise EngineLost("no answer")

    world.objects.put(container("web"))
    await world.connect()
    world.engine.hook = lose_the_answer

    await world.settle()
    await world.advance(5)

    assert world.in_engine() == {"blog-web": "running"}
    assert world.engine.calls["create"] == 2
    assert world.status("web").phase == "Running"


async def test_the_name_of_another_of_ours_is_waited_for(world: World) -> None:
    world.objects.put(container("old", containerName="web"))
    await world.settle()
    world.objects.put(container("new", containerName="web"))
    await world.settle()
    waiting = world.status("new")

    world.objects.delete(container("old"))
    await world.settle()

    assert (waiting.phase, waiting.reason) == ("Pending", "NameTaken")
    assert waiting.message == (
        "Container blog/old has the name 'web' in the engine; "
        "give one of the two another containerName (container_name in a compose file), or delete that one"
    )
    assert world.status("new").phase == "Running"
    assert list(world.in_engine()) == ["web"]


async def test_who_has_the_name_of_a_new_container_is_told_once_it_had_time_to_go(world: World) -> None:
    new = container("new", containerName="web")
    new.metadata.creation_timestamp = world.now()
    world.objects.put(container("old", containerName="web"))
    await world.settle()
    world.objects.put(new)

    await world.settle()
    at_once = world.status("new")
    await world.advance(3)
    later = world.status("new")

    assert (at_once.reason, at_once.message) == ("NameTaken", None)
    assert "blog/old" in (later.message or "")


async def test_the_name_of_one_that_is_being_deleted_is_waited_for_without_a_complaint(world: World) -> None:
    world.objects.put(container("old", containerName="web"))
    await world.settle()
    stopping = world.engine.hold("stop")
    world.objects.delete(container("old"))
    going = asyncio.create_task(world.settle())
    await eventually(lambda: world.engine.calls["stop"] == 1)
    world.objects.put(container("new", containerName="web"))

    await world.containers.reconcile(Key("blog", "new"))
    waiting = world.status("new")
    stopping.set()
    await going
    await world.settle()

    assert (waiting.phase, waiting.reason, waiting.message) == ("Pending", "NameTaken", None)
    assert world.status("new").phase == "Running"


async def test_a_container_that_is_just_being_removed_by_hand_is_waited_for(world: World) -> None:
    world.objects.put(container("web"))
    await world.settle()
    box = world.engine.by_name("blog-web")
    box.state = "removing"
    world.engine.say(box, "die")

    await world.settle()
    waiting, asked = world.status("web"), world.engine.calls["create"]
    await world.advance(2)
    later = world.engine.calls["create"]
    world.engine.remove_by_hand(box.id)
    await world.settle()

    assert (waiting.reason, waiting.message) == ("NameTaken", None)
    assert asked == 2
    assert later == 5
    assert world.objects.reasons("web").count("Failed") == 0
    assert world.in_engine() == {"blog-web": "running"}


async def test_the_name_of_one_of_ours_that_was_not_known_is_told_of(world: World) -> None:
    world.objects.put(container("old", containerName="web"))
    await world.settle()
    world.mirror.forget(world.engine.by_name("web").id)
    world.objects.put(container("new", containerName="web"))

    await world.containers.reconcile(Key("blog", "new"))

    assert (world.status("new").message or "").startswith("Container blog/old has the name 'web'")


async def test_a_container_shares_the_network_of_another_once_that_runs(world: World) -> None:
    world.objects.put(container("side", networkMode="container:main"))
    world.objects.put(container("main", image="late"))
    await world.settle()
    waiting = world.status("side")

    world.engine.load_by_hand("late")
    await world.settle()
    await world.settle()

    main = world.engine.by_name("blog-main")
    assert waiting.reason == "NeighbourNotRunning"
    assert world.engine.by_name("blog-side").host_config["NetworkMode"] == f"container:{main.id}"


async def test_a_field_that_the_engine_cannot_honour_is_named(world: World) -> None:
    world.objects.put(container("web", mounts=[{"type": "image", "source": "x", "target": "/x"}]))

    await world.settle()

    status = world.status("web")
    assert (status.phase, status.reason) == ("Pending", "Unsupported")
    assert "mounts[/x].type: image" in (status.message or "")


async def test_a_new_container_does_not_join_a_network_that_is_being_deleted(world: World) -> None:
    front = network("front")
    world.objects.put(front, container("old", networks=[{"name": "front"}]))
    await world.settle()

    world.objects.delete(front)
    world.objects.put(container("new", networks=[{"name": "front"}]))
    await world.settle()
    held = world.objects.network(Key("blog", "front"))
    waiting = world.status("new")
    world.objects.delete(container("old"))
    await world.settle()

    assert held
    assert held.status
    assert held.status.message == "used by old"
    assert (waiting.phase, waiting.reason) == ("Pending", "NetworkDeleting")
    assert world.objects.network(Key("blog", "front")) is None, "the new container must not hold it"
    assert world.status("new").reason == "NetworkMissing"

    world.objects.put(network("front"))
    await world.settle()

    assert world.status("new").phase == "Running"


async def test_a_container_that_is_replaced_lets_go_of_a_network_that_is_being_deleted(world: World) -> None:
    front = network("front")
    world.objects.put(front, container("web", networks=[{"name": "front"}]))
    await world.settle()

    world.objects.delete(front)
    changed = container("web", networks=[{"name": "front"}], command=["sleep", "5"])
    changed.status = world.status("web")
    world.objects.put(changed)
    await world.settle()

    assert world.objects.network(Key("blog", "front")) is None
    assert world.in_engine() == {}
