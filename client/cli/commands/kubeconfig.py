"""`fizz kubeconfig`: what kubectl and helm need to find this server, to trust it and to be known by it."""

import base64
from urllib.parse import urlsplit

import click

from fizz.client.api import Client
from fizz.client.cli.failures import Failure
from fizz.client.cli.formats import to_yaml
from fizz.client.cli.options import Options, connection_options, pass_options, project_options
from fizz.client.cli.place import namespace_of
from fizz.client.cli.session import load_settings, run
from fizz.client.cli.tokens import Expires, make_token
from fizz.schemas.types import JSON

__all__ = ["command", "kubeconfig"]

_ADMIN = ("admin", ("system:masters",))
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


@click.command("kubeconfig")
@click.option("-n", "--namespace", metavar="NAME", help="Namespace of the context; that of the project here.")
@click.option("--address", metavar="HOST[:PORT]", help="Where clients reach the server, if not where it listens.")
@click.option("--user", metavar="NAME", help="Whose file it is; the administrator's if not given.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group of that user; may be repeated.")
@click.option(
    "--expires", type=Expires(), default="365d", show_default=True, help="How long the token lasts; or never."
)
@project_options
@connection_options
@pass_options
def command(
    options: Options,
    namespace: str | None,
    address: str | None,
    user: str | None,
    groups: tuple[str, ...],
    expires: float,
) -> None:
    """Print a kubeconfig for kubectl and helm, with a new token in it: keep the file to yourself.

    \b
    (umask 077; fizz kubeconfig > fizz.kubeconfig)
    kubectl --kubeconfig fizz.kubeconfig get deployments.fizz.dev -A

    `fizz token list` shows the tokens, `fizz token delete` ends them.
    """
    if groups and not user:
        raise click.UsageError("--group needs --user.")
    place = namespace_of(options, namespace)
    settings = load_settings(options)

    async def whole(client: Client) -> JSON:
        information: JSON = await client.raw("GET", "/apis/fizz.dev/v1/serverinfo")
        url = url_of(information, address, settings.server)
        if url.startswith("http://"):  # a plain port takes no tokens, and clients would send none
            return kubeconfig(url, place)
        token = settings.token
        if user or not token:
            name, whose = (user, groups) if user else _ADMIN
            token = await make_token(client, name, whose, expires, "fizz kubeconfig")
        return kubeconfig(url, place, ca=information.get("ca"), token=token)

    click.echo(to_yaml(run(options, whole)), nl=False)


def url_of(information: JSON, address: str | None, server: str) -> str:
    """Where clients reach a server: at the address given, else as we did, else where it says that it listens.

    Raises `Failure` for a server that listens on no port.
    """
    listen = information.get("listen")
    if not listen:
        if information.get("plain"):
            return f"http://{address or information['plain']}"
        raise Failure(
            "the server answers on its unix socket only, and kubectl needs TCP; "
            "start it with `fizz server --listen 127.0.0.1:7443`, or set FIZZ_LISTEN"
        )
    host, _, port = listen.rpartition(":")
    if address:
        bare = urlsplit(f"//{address}")
        return f"https://{address}" if bare.port else f"https://{address}:{port}"
    if server.startswith("https://"):
        return server.rstrip("/")
    return f"https://{_ANYWHERE.get(host, host)}:{port}"


def kubeconfig(url: str, namespace: str, *, ca: str | None = None, token: str | None = None) -> JSON:
    """A kubeconfig with one context."""
    cluster = {"server": url}
    if ca:
        cluster["certificate-authority-data"] = base64.b64encode(ca.encode()).decode()
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fizz", "cluster": cluster}],
        "users": [{"name": "fizz", "user": {"token": token} if token else {}}],
        "contexts": [{"name": "fizz", "context": {"cluster": "fizz", "user": "fizz", "namespace": namespace}}],
        "current-context": "fizz",
    }
