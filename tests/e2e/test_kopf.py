"""An operator written with kopf runs unmodified: handlers of all sorts, and webhooks that it registers itself."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.rest.webhook_kit import certificate
from tests.e2e.harness import Server, eventually
from tests.e2e.machinery import Program, define_crontabs, serving

OPERATOR = Path(__file__).parent / "operators" / "counting.py"
TAB = 'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {{name: {name}}}\nspec: {{cronSpec: "* * * * *", '
CONFIGURATIONS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")


def tab(name: str, image: str = "busybox") -> str:
    return TAB.format(name=name) + f"image: {image}}}\n"


def webhooks(kc: Program, kind: str) -> list[Any]:
    found: list[Any] = json.loads(kc("get", kind, "counting.example.com", "-o", "json")).get("webhooks") or []
    return found


@pytest.fixture(scope="module")
def kc(make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("kopf")
    files = {"WEBHOOK_CERTIFICATE": folder / "cert.pem", "WEBHOOK_KEY": folder / "key.pem"}
    for file, text in zip(files.values(), certificate("127.0.0.1"), strict=True):
        file.write_text(text)
    with serving(make_server()) as kubeconfig:
        program = Program(kubectl, kubeconfig, folder)
        define_crontabs(program)
        log = folder / "kopf.log"
        operator = Program(sys.executable, kubeconfig, folder)
        operator.environment = {**operator.environment, **{name: str(file) for name, file in files.items()}}
        running = operator.start("-m", "kopf", "run", OPERATOR, "--namespace=default", "--standalone", log=log)
        try:
            for kind in CONFIGURATIONS:
                program("wait", f"{kind}/counting.example.com", "--for=create", "--timeout=30s")
                eventually(lambda kind=kind: webhooks(program, kind), what=f"{kind} are managed")  # type: ignore[misc]
            yield program
        finally:
            running.terminate()
            running.wait(20)
            said = log.read_text()
        assert "Traceback" not in said, said
        assert all(text in said for text in ("the daemon is there", "the daemon goes", "deletion was handled")), said
        assert "the index has 1 images" in said
        assert [webhooks(program, kind) for kind in CONFIGURATIONS] == [[], []]  # it takes them away when it ends


def test_handlers_of_all_sorts_leave_their_marks(kc: Program) -> None:
    kc("apply", "-f", "-", stdin=tab("my"))

    def marks() -> set[str]:
        found = json.loads(kc("get", "ct", "my", "-o", "json"))["metadata"].get("annotations", {})
        return {name.removeprefix("example.com/") for name in found if name.startswith("example.com/")}

    eventually(lambda: "ticked" in marks(), what="the timer ran")
    eventually(lambda: kc("get", "ct", "my", "-o", "jsonpath={.status.phase}") == "Created", what="it was created")
    kc("patch", "ct", "my", "--type=merge", "-p", '{"spec":{"image":"nginx"}}')
    eventually(lambda: {"updated", "image"} <= marks(), what="update and field handlers ran")
    kc("label", "ct", "my", "more=yes")
    eventually(lambda: "relabelled" in marks(), what="the handler of a field's updates ran")
    eventually(lambda: "it was counted" in kc("events", "--for", "ct/my"), what="the event is there")
    kc("delete", "ct", "my", "--timeout=20s")


def test_its_webhooks_change_and_refuse_and_warn(kc: Program) -> None:
    kc("apply", "-f", "-", stdin=tab("asked"))
    assert kc("get", "ct", "asked", "-o", "jsonpath={.metadata.labels.example\\.com/asked}") == "yes"
    refused = kc("apply", "-f", "-", stdin=tab("bad", "forbidden"), code=1)
    assert 'admission webhook "judged.counting.example.com" denied the request: that image is not welcome' in refused
    assert "NotFound" in kc("get", "ct", "bad", code=1)
    refused = kc("patch", "ct", "asked", "--type=merge", "-p", '{"spec":{"image":"forbidden"}}', code=1)
    assert "that image is not welcome" in refused
    assert "Warning: that image is old (dry run)" in kc(
        "apply", "--server-side", "--dry-run=server", "-f", "-", stdin=tab("old", "old")
    )
    assert "NotFound" in kc("get", "ct", "old", code=1)
    kc("delete", "ct", "asked", "--timeout=20s")
