"""Rows about reading compose files: `fizz config` beside `docker compose config`."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from hack.bench_harness import Goal, Job, Jobs, Row

__all__ = ["ROWS"]

_PEER = "docker compose v5"


def service(number: int, others: int) -> str:
    """A service as they are in real files. It depends on the one before it."""
    return f"""
  app{number}:
    image: registry.example.com/shop/app{number}:${{TAG:-latest}}
    restart: unless-stopped
    command: ["serve", "--port", "8080"]
    environment:
      - DATABASE_URL=postgres://db{number}/app
      - PORT={8000 + number}
      - DEBUG
    ports: ["{10000 + number}:8080"]
    volumes: ["data{number}:/var/lib/data", "./conf/{number}:/etc/app:ro"]
    networks: [front, back]
    depends_on: [{f"app{number - 1}" if number else ""}]
    healthcheck:
      test: curl -f http://localhost:8080/health || exit 1
      interval: 10s
      retries: {others % 7 + 3}
    labels:
      traefik.enable: "true"
      traefik.http.routers.app{number}.rule: Host(`app{number}.example.com`)
    deploy:
      resources:
        limits: {{cpus: "0.5", memory: 256M}}"""


def compose_file(services: int) -> str:
    """A file of so many services."""
    volumes = "".join(f"\n  data{number}:" for number in range(services))
    body = "".join(service(number, services) for number in range(services))
    return f"name: shop\nservices:{body}\nnetworks:\n  front:\n  back: {{internal: true}}\nvolumes:{volumes}\n"


@contextmanager
def _prepared(services: int, folder: Path) -> Iterator[Jobs]:
    (folder / "compose.yaml").write_text(compose_file(services))

    def job(program: str) -> Job:
        return partial(subprocess.run, [program, "config"], cwd=folder, check=True, capture_output=True)

    yield job("fizz"), job("docker-compose")


ROWS: Sequence[Row] = [
    Row("config", "`config` of 8 services", _PEER, Goal(most=0.25), partial(_prepared, 8)),
    Row("config-1000", "`config` of 1,000 services", _PEER, Goal(ratio=3.0), partial(_prepared, 1000), rounds=5),
]
