"""The connection to a Docker Engine: requests and answers, in whatever thread they are made.

The docker library's low-level client carries them: it knows unix sockets, TLS and ssh, the credentials of registries,
and how to find out the version. The API version is the engine's, or the newest that this code knows if that is older;
it is found out again when the connection was lost, because after a restart the engine may be another.
"""

import base64
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import orjson
import requests
from docker import APIClient, auth
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from fizz.controllers.node.docker_errors import refusal
from fizz.controllers.node.engine import ApiVersion, EngineLost
from fizz.controllers.node.engine_json import version_of
from fizz.schemas.base import JSON

__all__ = ["DockerConnection", "Params"]

Params = Mapping[str, str | Sequence[str]]

_NEWEST: Final[ApiVersion] = (1, 51)
"""The newest API version that this code knows."""
_CONNECTIONS: Final = 64
"""Connections that are kept for the next call. More may be open; they are closed after use."""
_CONNECT_SECONDS: Final = 10.0
_CALL_SECONDS: Final = 120.0
"""Seconds until a call counts as lost. Creating and starting can be slow where the disk is."""
_PING_SECONDS: Final = 5.0


class DockerConnection:
    """The engine at `host`, as DOCKER_HOST names it. Everything here blocks, and may be called from many threads."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = threading.Lock()
        """Guards the making of `_client`, so that it is made once."""
        self._client: APIClient | None = None
        self.version: ApiVersion = _NEWEST

    def forget(self) -> None:
        """Begin anew with the next request. Those under way are not disturbed."""
        self._client = None

    def close(self) -> None:
        """Give up the connections that are kept."""
        client, self._client = self._client, None
        if client:
            client.close()

    def send(
        self,
        verb: str,
        method: str,
        path: str,
        params: Params | None = None,
        body: JSON | Iterator[bytes] | None = None,
        *,
        timeout: float | None = _CALL_SECONDS,
        stream: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """One request. `timeout` None waits for ever for an answer, not for a connection. A `body` of bytes, a tar
        file, is sent as it comes.

        Raises `EngineLost`, or what the engine's refusal of the verb means.
        """
        client = self._connected()
        url = "{}/v{}.{}{}".format(client.base_url, *self.version, path)
        data = orjson.dumps(body) if isinstance(body, dict) else body
        content_type = "application/json" if data is None or isinstance(data, bytes) else "application/x-tar"
        try:
            response = client.request(
                method,
                url,
                params=params,
                data=data,
                headers={"Content-Type": content_type, **(headers or {})},
                timeout=(_CONNECT_SECONDS, timeout),
                stream=stream,
            )
        except requests.RequestException as error:
            self._client = None  # whoever comes next begins anew
            raise self._lost(error) from error
        if response.status_code >= 400:
            raise refusal(verb, response.status_code, _message(response))
        return response

    def knock(self) -> None:
        """See whether the engine takes a new connection and answers, quickly. Raises `EngineLost`."""
        self._connected()
        version = "{}.{}".format(*self.version)
        stranger = self._client_for(version)  # it has no connection yet
        try:
            stranger.get(f"{stranger.base_url}/v{version}/_ping", timeout=_PING_SECONDS).raise_for_status()
        except requests.RequestException as error:
            raise self._lost(error) from error
        finally:
            stranger.close()

    def credentials(self, repository: str) -> dict[str, str]:
        """The header with which a repository's registry lets us in; empty if none is known."""
        registry, _ = auth.resolve_repository_name(repository)
        header = auth.get_config_header(self._connected(), registry)
        return {"X-Registry-Auth": header.decode()} if header else {}

    def all_credentials(self) -> dict[str, str]:
        """The header with which a build is let in to all registries that we know; empty if there are none."""
        known = auth.load_config().get_all_credentials()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if not known:
            return {}
        return {"X-Registry-Config": base64.urlsafe_b64encode(orjson.dumps(known)).decode()}

    def _connected(self) -> APIClient:
        """The client; made, and the version agreed on, by whoever needs it first."""
        with self._lock:
            if self._client is None:
                self._client = self._client_for("auto")
                self.version = min(version_of(self._client.api_version), _NEWEST)
            return self._client

    def _client_for(self, version: str) -> APIClient:
        """A client that speaks that version; `auto` asks the engine for it."""
        self._listens()
        environment = {**os.environ, "DOCKER_HOST": self._host}
        try:
            client = APIClient(
                version=version,
                timeout=int(_CALL_SECONDS),
                max_pool_size=_CONNECTIONS,
                **kwargs_from_env(environment=environment),
            )
        except (DockerException, requests.RequestException, ValueError) as error:
            raise self._lost(error) from error
        client.trust_env = False  # else every request looks for proxies and passwords in files
        return client

    def _listens(self) -> None:
        """See whether anybody listens, where that is cheap: the library leaves sockets open that it cannot connect."""
        if not self._host.startswith("unix://"):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(self._host.removeprefix("unix://"))
            except OSError as error:
                raise self._lost(error) from error

    def _lost(self, error: Exception) -> EngineLost:
        return EngineLost(f"the Docker Engine at {self._host} does not answer: {error}")


def _message(response: requests.Response) -> str:
    try:
        return str(orjson.loads(response.content)["message"])
    except (ValueError, KeyError, TypeError):
        return response.text
