"""`fizz kubeconfig`: what kubectl and helm need to find this server."""

import click

from fizz.client.api import Client
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import to_yaml
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.place import namespace_of
from fizz.client.cli.session import run
from fizz.schemas.types import JSON

__all__ = ["command", "kubeconfig"]


@click.command("kubeconfig")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace of the context; that of the project here.")
@project_options
@connection_options
@pass_options
def command(options: Options, namespace: str | None) -> None:
    """Print a kubeconfig for kubectl and helm.

    \b
    kubectl --kubeconfig <(fizz kubeconfig) get deployments.fizz.dev -A
    """
    place = namespace_of(options, namespace)
    click.echo(to_yaml(run(options, lambda client: _ask(client, place))), nl=False)


async def _ask(client: Client, namespace: str) -> JSON:
    information: JSON = await client.raw("GET", "/apis/fizz.dev/v1/serverinfo")
    address = information.get("listen")
    if not address:
        raise Failure(
            "the server answers on its unix socket only, and kubectl needs TCP; "
            "start it with `fizz server --listen 127.0.0.1:7443`, or set FIZZ_LISTEN"
        )
    return kubeconfig(f"http://{address}", namespace)


def kubeconfig(url: str, namespace: str) -> JSON:
    """A kubeconfig with one context."""
    context = {"cluster": "fizz", "user": "fizz", "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fizz", "cluster": {"server": url}}],
        "users": [{"name": "fizz", "user": {}}],
        "contexts": [{"name": "fizz", "context": context}],
        "current-context": "fizz",
    }
