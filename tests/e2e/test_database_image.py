"""The database image that is made where no registry answers does what people expect of the official one."""

import io
import tarfile
from collections.abc import Callable, Iterator

import docker
import pytest
from docker.models.containers import Container

from tests.e2e.harness import eventually, output_of

IMAGE = "mariadb:10.11"


@pytest.fixture
def create(engine: docker.DockerClient) -> Iterator[Callable[..., Container]]:
    """Creates containers of the image, that are not started yet and are removed in the end."""
    made: list[Container] = []

    def create(*command: str, environment: dict[str, str]) -> Container:
        made.append(engine.containers.create(IMAGE, list(command), environment=environment))
        return made[-1]

    yield create
    for container in made:
        container.remove(force=True, v=True)


def archive(**files: str) -> bytes:
    """A tar file of small text files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def healthy(container: Container) -> bool:
    return container.exec_run(["healthcheck.sh", "--connect", "--innodb_initialized"]).exit_code == 0


def query(container: Container, statement: str, *, user: str, password: str) -> str:
    command = ["mariadb", f"-u{user}", f"-p{password}", "-h127.0.0.1", "--skip-column-names", "-e", statement]
    return output_of(container, *command).strip()


def test_makes_users_and_database_as_the_environment_and_start_scripts_say(create: Callable[..., Container]) -> None:
    password = r"it's \ a secret"
    container = create(
        "--character-set-server=utf8mb4",
        environment={
            "MYSQL_RANDOM_ROOT_PASSWORD": "1",
            "MYSQL_DATABASE": "shop",
            "MARIADB_USER": "clerk",
            "MARIADB_PASSWORD_FILE": "/password",
        },
    )
    container.put_archive("/", archive(password=password + "\n"))
    container.put_archive("/docker-entrypoint-initdb.d", archive(**{"1.sql": "CREATE TABLE ware (name TEXT);"}))
    container.start()

    eventually(lambda: healthy(container), within=60, what="the database is healthy")

    assert query(container, "SHOW TABLES IN shop", user="clerk", password=password) == "ware"
    assert query(container, "SELECT @@character_set_server", user="clerk", password=password) == "utf8mb4"


def test_data_outlives_a_restart(create: Callable[..., Container]) -> None:
    container = create(environment={"MARIADB_ROOT_PASSWORD": "root"})
    container.start()
    eventually(lambda: healthy(container), within=60, what="the database is healthy")
    query(container, "CREATE DATABASE kept", user="root", password="root")

    container.restart()

    eventually(lambda: healthy(container), within=60, what="the database is healthy again")
    assert query(container, "SHOW DATABASES LIKE 'kept'", user="root", password="root") == "kept"


def test_refuses_to_start_without_a_word_on_the_root_password(create: Callable[..., Container]) -> None:
    container = create(environment={"MARIADB_DATABASE": "shop"})
    container.start()

    assert container.wait()["StatusCode"] == 1
    assert b"MARIADB_ROOT_PASSWORD" in container.logs()
