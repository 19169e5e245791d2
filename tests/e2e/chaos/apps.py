"""What chaos is brought over, and how each app has to be: the compose file that was last applied says it.

An `App` holds its compose model. Scaling and updating change the model and write the file; the judge compares the
engine with the model, never with what Fizz says alone.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["App", "Wanted", "shop", "wordpress"]

VERSION: Final = "CHAOS_VERSION"
"""The variable whose change is an update."""
_EXAMPLE: Final = Path(__file__).parents[3] / "examples" / "wordpress-compose.yml"
_SERVE: Final = f"mkdir -p /www; echo $${VERSION} > /www/index.html; exec httpd -f -p 80 -h /www"
_HEALTHY: Final = {"test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1/"], "interval": "2s"}


@dataclass(frozen=True)
class Wanted:
    """One container as it has to be. `version` is the variable's value, None before the first update."""

    service: str
    name: str
    version: str | None
    networks: frozenset[str]
    checked: bool


@dataclass
class App:
    """A compose project. `urls` are its pages by service, `scales` the services whose number may change."""

    model: dict[str, Any]
    file: Path
    urls: dict[str, str]
    scales: tuple[str, ...] = ()
    updates: tuple[str, ...] = ()
    changes: int = 0
    written: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write()

    @property
    def name(self) -> str:
        return str(self.model["name"])

    @property
    def volumes(self) -> list[str]:
        """The engine's names of its volumes."""
        return [f"{self.name}_{volume}" for volume in self.model.get("volumes", {})]

    @property
    def ports(self) -> list[int]:
        """The ports that it publishes."""
        return [int(url.rpartition(":")[2].partition("/")[0]) for url in self.urls.values()]

    def write(self) -> None:
        """Write the file."""
        self.file.write_text(yaml.safe_dump(self.model, sort_keys=False))
        self.written = copy.deepcopy(self.model)

    def scale(self, service: str, replicas: int) -> None:
        """From now on there are so many containers of the service."""
        self.model["services"][service]["scale"] = replicas
        self.write()

    def update(self, service: str) -> None:
        """From now on its containers are another version."""
        self.changes += 1
        self.model["services"][service].setdefault("environment", {})[VERSION] = str(self.changes)
        self.write()

    def version(self, service: str) -> str | None:
        found = self.model["services"][service].get("environment", {}).get(VERSION)
        return None if found is None else str(found)

    def wanted(self) -> Iterator[Wanted]:
        """All containers that there have to be, and no others."""
        for service, written in self.model["services"].items():
            networks = frozenset(f"{self.name}_{network}" for network in written.get("networks", ["default"]))
            for number in range(1, written.get("scale", 1) + 1):
                name = f"{self.name}-{service}-{number}"
                yield Wanted(service, name, self.version(service), networks, "healthcheck" in written)


def wordpress(folder: Path) -> App:
    """The example that people know. Its installer reads the database, and in this step asks nobody in the internet."""
    model = yaml.safe_load(_EXAMPLE.read_text())
    url = "http://127.0.0.1:8080/wp-admin/install.php?step=1"
    return App(model, folder / "wordpress.yml", {"wordpress": url}, scales=("wordpress",), updates=("wordpress",))


def shop(folder: Path) -> App:
    """Twenty services: three that answer to the outside, and what stands behind them."""
    services: dict[str, Any] = {}
    for service, port, replicas in (("web", 18080, 3), ("api", 18081, 2), ("admin", 18082, 1)):
        services[service] = {
            **_service(["sh", "-c", _SERVE]),
            "environment": {VERSION: "0"},
            "healthcheck": _HEALTHY,
            "ports": [f"{port}:80"],
            "scale": replicas,
            "networks": ["front", "back"],
            "depends_on": {"db": {"condition": "service_healthy"}},
        }
    services["web"]["depends_on"]["api"] = {"condition": "service_started"}
    for service in ("db", "cache", "queue"):
        services[service] = {
            **_service(["sh", "-c", "exec sleep 100000"]),
            "volumes": [f"{service}:/data"],
            "networks": ["back"],
            "healthcheck": {"test": ["CMD", "test", "-d", "/data"], "interval": "2s"},
        }
    for number in range(1, 15):
        services[f"worker-{number:02}"] = {
            **_service(["sh", "-c", "exec sleep 100000"]),
            "networks": ["back"],
            "depends_on": ["queue"] if number % 2 else {"cache": {"condition": "service_healthy"}},
        }
    model = {
        "name": "shop",
        "services": services,
        "networks": {"front": {}, "back": {}},
        "volumes": {"db": {}, "cache": {}, "queue": {}},
    }
    urls = {"web": "http://127.0.0.1:18080/", "api": "http://127.0.0.1:18081/", "admin": "http://127.0.0.1:18082/"}
    changing = ("web", "api", "worker-01", "worker-02")
    return App(model, folder / "shop.yml", urls, scales=changing, updates=(*changing, "admin", "db"))


def _service(command: list[str]) -> dict[str, Any]:
    common = {"image": "busybox:latest", "init": True, "restart": "unless-stopped", "stop_grace_period": "2s"}
    return {**common, "command": command}
