"""What the engine ends up with when a compose file is run: containers, networks and volumes, as `docker inspect` tells.

Left out is what differs between any two runs (ids, times, addresses that the engine picks, names of anonymous volumes),
and the labels that a program keeps for itself: those of compose about files, images, versions and hashes, and
`fizz.dev/...`.
"""

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.parity.corpus import Answer, Case

__all__ = ["RUN", "fizz_server", "run_and_inspect"]

RUN: Final = Path(__file__).parent / "run"
_SECONDS: Final = 120
_LABELS: Final = re.compile(
    r"fizz\.dev/.*|com\.docker\.compose\.(config-hash|version|image|image\.builder|depends_on|replace"
    r"|project\.(config_files|working_dir|environment_file))"
)
_PICKED: Final = re.compile(r"172\.(1[7-9]|2\d|3[01])\.|192\.168\.")  # where the engine picks networks from
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_SHORT: Final = re.compile(r"\b[0-9a-f]{12}\b")
_CONTAINER: Final = ("Name", "Path", "Args", "Driver", "Platform", "RestartCount", "AppArmorProfile", "ExecIDs")
_NETWORK: Final = ("Name", "Driver", "Scope", "EnableIPv6", "IPAM", "Internal", "Attachable", "Ingress", "Options")
_VOLUME: Final = ("Name", "Driver", "Scope", "Options")
_ENDPOINT: Final = ("IPAMConfig", "Links", "DriverOpts")

JSON = dict[str, Any]


def run_and_inspect(case: Case, program: str, environ: Mapping[str, str]) -> Answer:
    """Run a file, look, and remove all of it. What fails to start is looked at, too."""
    project = f"parity-{case.name.rpartition('/')[2]}"
    command = [program, "-p", project, *case.args]

    def call(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments],
            cwd=case.directory,
            env=dict(environ),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return done.stderr if done.returncode else ""

    try:
        failure = call("up", "-d")
        found = _inspect(project)
        return Answer(found) if found["containers"] else Answer.refusal(case, failure)
    finally:
        call("down", "-v", "-t", "0")


@contextmanager
def fizz_server(program: str) -> Iterator[Mapping[str, str]]:
    """`fizz server` with a store of its own; the environment in which `fizz` finds it."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        # ports are compared as the engine publishes them; that Fizz does it otherwise is on purpose (networking.md)
        environ = {
            **os.environ,
            "FIZZ_INGRESS": "engine",
            "FIZZ_DATA_DIR": folder,
            "FIZZ_NODE_NAME": Path(folder).name.replace("_", "-").lower(),
        }
        with (Path(folder) / "server.log").open("w") as log:
            server = subprocess.Popen([program, "server"], env=environ, stdout=log, stderr=log)
        try:
            end = time.monotonic() + _SECONDS
            while not (Path(folder) / "fizz.sock").exists():
                if server.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(
                        f"fizz server does not start: {(Path(folder) / 'server.log').read_text()[-1000:]}"
                    )
                time.sleep(0.05)
            yield environ
        finally:
            server.terminate()
            server.wait(_SECONDS)


def _inspect(project: str) -> JSON:
    """All that belongs to a project, by kind and name."""
    label = f"label=com.docker.compose.project={project}"
    return {
        "containers": _all("container", ["-a", "--filter", label], _container),
        "networks": _all("network", ["--filter", label], _network),
        "volumes": _all("volume", ["--filter", label], _volume),
    }


def _all(kind: str, filters: list[str], clean: Callable[[JSON], JSON]) -> JSON:
    names = _docker(kind, "ls", "-q", *filters).split()
    found = json.loads(_docker(kind, "inspect", *names)) if names else []
    return {each["Name"].lstrip("/"): _lean(clean(each)) for each in found}


def _lean(found: JSON) -> JSON:
    """Without what is null or empty, which the engine does not tell apart."""
    lean = {key: _lean_value(value) for key, value in found.items()}
    return {key: value for key, value in lean.items() if value not in (None, [], {}, "")}


def _lean_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_lean_value(each) for each in value]
    return _lean(value) if isinstance(value, dict) else value


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=_SECONDS, check=True).stdout


def _container(found: JSON) -> JSON:
    config: JSON = dict(found["Config"])
    config["Hostname"] = _SHORT.sub("<id>", config["Hostname"])
    config["Env"] = sorted(config["Env"] or [])
    config["Labels"] = _labels(config["Labels"])
    host: JSON = dict(found["HostConfig"])
    for key in ("NetworkMode", "IpcMode", "PidMode"):
        host[key] = _anonymous(host[key])
    host["Binds"] = sorted(map(_anonymous, host["Binds"] or []))
    host["Mounts"] = sorted(host.get("Mounts") or [], key=lambda mount: str(mount["Target"]))
    host["Links"] = sorted(host["Links"] or [])
    host["ExtraHosts"] = sorted(host["ExtraHosts"] or [])
    host["Ulimits"] = sorted(host["Ulimits"] or [], key=lambda limit: str(limit["Name"]))
    host["VolumesFrom"] = [_anonymous(each) for each in host["VolumesFrom"] or []]
    return {
        **{key: found[key] for key in _CONTAINER},
        "Config": config,
        "HostConfig": host,
        "Mounts": sorted(map(_mount, found["Mounts"]), key=lambda mount: str(mount["Destination"])),
        "Networks": {name: _endpoint(each, found["Id"]) for name, each in found["NetworkSettings"]["Networks"].items()},
    }


def _mount(mount: JSON) -> JSON:
    """Names and places of anonymous volumes are random."""
    return {key: _anonymous(value) if isinstance(value, str) else value for key, value in mount.items()}


def _endpoint(endpoint: JSON, identity: str) -> JSON:
    aliases = sorted({alias for alias in endpoint["Aliases"] or [] if not identity.startswith(alias)})
    return {**{key: endpoint[key] for key in _ENDPOINT}, "Aliases": aliases}


def _network(found: JSON) -> JSON:
    kept = {key: found[key] for key in _NETWORK}
    pools = [pool for pool in found["IPAM"]["Config"] or [] if not _PICKED.match(pool["Subnet"])]
    return {**kept, "IPAM": {**found["IPAM"], "Config": pools}, "Labels": _labels(found["Labels"])}


def _volume(found: JSON) -> JSON:
    return {**{key: found[key] for key in _VOLUME}, "Labels": _labels(found["Labels"])}


def _labels(labels: Mapping[str, str] | None) -> JSON:
    return {key: value for key, value in (labels or {}).items() if not _LABELS.fullmatch(key)}


def _anonymous(text: str) -> str:
    """The text without the ids of containers and the names of anonymous volumes."""
    return _HEX.sub("<id>", text)
