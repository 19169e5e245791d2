"""A server for tests of the API machinery: no node, no containers; and programs that are run against it."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.harness import Server, eventually, free_port

__all__ = ["CHART", "DEFINITION", "Program", "define_crontabs", "serving"]

CHART: Final = Path(__file__).parent / "charts" / "shop"
DEFINITION: Final = CHART / "crds" / "crontabs.yaml"


class Program:
    """A program under a kubeconfig of its own."""

    def __init__(self, path: str, kubeconfig: Path, folder: Path) -> None:
        self.path, self.kubeconfig = path, kubeconfig
        homes = {f"HELM_{name}_HOME": str(folder / f"helm-{name.lower()}") for name in ("CACHE", "CONFIG", "DATA")}
        self.environment: Mapping[str, str] = {
            **os.environ,
            **homes,
            "KUBECONFIG": str(kubeconfig),
            "HOME": str(folder),
        }

    def __call__(
        self, *arguments: str | Path, stdin: str | None = None, code: int = 0, timeout: float = 60, **environment: str
    ) -> str:
        """Run it to its end, check its exit code, and give what it wrote: output, then complaints."""
        done = subprocess.run(
            [self.path, *map(str, arguments)],
            env={**self.environment, **environment},
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )
        shown = f"{Path(self.path).name} {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stdout}"
        assert done.returncode == code, shown
        return done.stdout

    def start(self, *arguments: str | Path, log: Path) -> subprocess.Popen[str]:
        """Start it and leave it running; what it writes goes into a file."""
        with log.open("w") as output:
            return subprocess.Popen(
                [self.path, *map(str, arguments)],
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )


def define_crontabs(program: Program) -> None:
    """Make the custom kind of `DEFINITION`, and wait until it can be used."""
    program("apply", "-f", DEFINITION)
    program("wait", "--for=condition=Established", "crd/crontabs.stable.example.com", "--timeout=10s")


@contextmanager
def serving(server: Server) -> Iterator[Path]:
    """The API server with the controllers that the machinery needs, over TLS; the path of a kubeconfig."""
    log = server.log.open("a")
    started = [
        server.fizz.start("apiserver", "--listen", f"127.0.0.1:{free_port()}", output=log.fileno()),
        server.fizz.start("controllers", "gc", "namespace", "serviceaccount", "aggregation", output=log.fileno()),
    ]
    try:
        eventually(server.ready, what="the API server is ready")
        kubeconfig = server.folder / "kubeconfig"
        kubeconfig.write_text(server.fizz("kubeconfig").stdout)
        yield kubeconfig
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(20)
        log.close()
