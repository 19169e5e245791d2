"""A Docker Engine of a test's own, beside the machine's: other folders, other socket, other network.

It lives in a network namespace of its own, because an engine takes the bridge `docker0` of where it lives for its own,
and removes it if told to have none.
"""

import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from functools import partial
from pathlib import Path

import docker
import docker.errors
import requests

from tests.e2e.harness import eventually

__all__ = ["PrivateEngine"]

_ATTEMPTS = 5
"""On a busy machine an engine does not find its own containerd in time, and gives up."""


class PrivateEngine:
    """Can be stopped and started again on the same data. Its containers end with it, as with any engine.

    It gets a network namespace of its own, unless it is to live in that of the caller, which then is no host's.
    """

    def __init__(self, *, own_network: bool = True) -> None:
        self._own_network = own_network
        self._folder = Path(tempfile.mkdtemp(prefix="fizz-engine-"))
        self._namespace = f"fizz-{uuid.uuid4().hex[:8]}"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{self._folder}/docker.sock"
        self.client = docker.DockerClient(self.url, timeout=120, version="1.41")

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = self._folder
        apart = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
        command = [
            *(apart if self._own_network else []),
            "dockerd",
            f"--host={self.url}",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/pid",
            f"--containerd-namespace={self._namespace}",
            f"--containerd-plugins-namespace={self._namespace}-plugins",
        ]
        for _ in range(_ATTEMPTS):
            with (folder / "log").open("ab") as log:
                self._process = process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
            eventually(partial(self._ended_or_answers, process), within=60, what="the engine answers")
            if process.poll() is None:
                return
        raise AssertionError(f"the private engine does not start: {(folder / 'log').read_text()[-2000:]}")

    def _ended_or_answers(self, process: subprocess.Popen[bytes]) -> bool:
        return process.poll() is not None or self.answers()

    def answers(self) -> bool:
        """Whether it is up."""
        with socket.socket(socket.AF_UNIX) as probe:  # the client leaves a socket open that cannot connect
            listens = probe.connect_ex(self.url.removeprefix("unix://")) == 0
        try:
            return listens and self.client.ping() is True
        except (docker.errors.DockerException, requests.RequestException):
            return False  # it has begun to listen, and does not get any further

    def load(self, image: str) -> None:
        """Bring an image of the machine's engine over."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
            subprocess.run(["docker", "--host", self.url, "load", "--quiet"], stdin=saving.stdout, check=True)

    def stop(self) -> None:
        """End it as a service manager does."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def kill9(self) -> None:
        """Kill it, as the kernel does when memory runs out. Its containers go on, until it is started again."""
        assert self._process
        self._process.kill()
        self._process.wait(60)

    def destroy(self) -> None:
        """End it and remove all that it kept."""
        for container in self.client.containers.list(all=True, ignore_removed=True):
            container.remove(force=True)
        self.stop()
        self.client.close()
        shutil.rmtree(self._folder, ignore_errors=True)
