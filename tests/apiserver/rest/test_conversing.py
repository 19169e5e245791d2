"""Who may talk to programs in containers; that it is talked to is in tests/client/test_conversation.py."""

from typing import Any

import orjson
import pytest

from fizz.apiserver.rest.gate import Door
from fizz.schemas import channels
from tests.apiserver.rest.access_kit import JSON, Caller, bind, role, rule

EXEC = "/apis/fizz.dev/v1/namespaces/blog/containers/web/exec"


async def upgrade(
    api: Any, path: str = EXEC, *, protocols: list[str] | None = None, **headers: str
) -> tuple[int, JSON]:
    """Ask for a WebSocket; the code and the Status of the refusal."""
    sent: list[Any] = []

    async def receive() -> JSON:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"command=sh",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [channels.PROTOCOL] if protocols is None else protocols,
        "extensions": {"websocket.http.response": {}},
    }
    await api.serve(scope, receive, send)
    assert sent[0]["type"] == "websocket.http.response.start", "it was let in"
    return sent[0]["status"], orjson.loads(b"".join(each.get("body", b"") for each in sent[1:]))


async def test_talking_to_a_program_is_a_creation_however_it_is_asked_for(api: Any, jane: Caller) -> None:
    token = f"Bearer {jane.token}"
    await role(api, "reader", rule("get list watch", "containers containers/exec", "fizz.dev"), namespace="blog")
    await bind(api, "reader", "jane", namespace="blog", kind="Role")
    nobody = await upgrade(api.at(Door.TLS))
    wrong = await upgrade(api.at(Door.TLS), authorization="Bearer nonsense")
    refused, status = await upgrade(api.at(Door.TLS), authorization=token)

    await role(api, "runner", rule("create", "containers/exec", "fizz.dev"), namespace="blog")
    await bind(api, "runner", "jane", namespace="blog", kind="Role")
    allowed = await upgrade(api.at(Door.TLS), authorization=token)
    other = await upgrade(api.at(Door.TLS), EXEC.replace("exec", "attach"), authorization=token)

    assert (nobody[0], wrong[0], refused, other[0]) == (403, 401, 403, 403)
    assert 'User "jane" cannot create resource "containers/exec"' in status["message"]
    assert (allowed[0], allowed[1]["reason"]) == (404, "NotFound")  # it may, but there is no such container


async def test_pages_of_other_sites_may_not_talk_to_programs(api: Any) -> None:
    plain = api.at(Door.PLAIN)
    code, status = await upgrade(plain, host="localhost:7080", origin="https://elsewhere.example")

    assert (code, status["message"]) == (403, "pages of other sites may not use this server")
    assert (await upgrade(plain, host="localhost:7080"))[0] == 404


@pytest.mark.parametrize(
    ("path", "protocols", "code", "says"),
    [
        pytest.param(EXEC, [], 400, channels.PROTOCOL, id="no protocol"),
        pytest.param(EXEC, ["v4.channel.k8s.io"], 400, channels.PROTOCOL, id="another protocol"),
        pytest.param(EXEC.replace("/exec", "/log"), None, 404, "could not find", id="no conversation"),
        pytest.param("/apis/fizz.dev/v1/deployments", None, 404, "could not find", id="no container"),
    ],
)
async def test_what_is_no_conversation_is_refused(
    api: Any, path: str, protocols: list[str] | None, code: int, says: str
) -> None:
    found, status = await upgrade(api, path, protocols=protocols)

    assert (found, says in status["message"]) == (code, True)
