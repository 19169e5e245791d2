"""An operator written with kopf runs unmodified."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server, eventually
from tests.e2e.machinery import Program, define_crontabs, serving

OPERATOR = Path(__file__).parent / "operators" / "counting.py"
TAB = 'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata: {name: my}\nspec: {cronSpec: "* * * * *"}\n'


@pytest.fixture(scope="module")
def kubectl_here(
    make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("kopf")
    with serving(make_server()) as kubeconfig:
        program = Program(kubectl, kubeconfig, folder)
        define_crontabs(program)
        log = folder / "kopf.log"
        operator = Program(sys.executable, kubeconfig, folder)
        running = operator.start("-m", "kopf", "run", OPERATOR, "--namespace=default", "--standalone", log=log)
        try:
            yield program
        finally:
            running.terminate()
            running.wait(20)
            said = log.read_text()
        assert "Traceback" not in said, said
        assert all(text in said for text in ("the daemon is there", "the daemon goes", "deletion was handled")), said
        assert "the index has 1 images" in said


def test_handlers_of_all_sorts_leave_their_marks(kubectl_here: Program) -> None:
    kc = kubectl_here
    kc("apply", "-f", "-", stdin=TAB)

    def marks() -> set[str]:
        found = json.loads(kc("get", "ct", "my", "-o", "json"))["metadata"].get("annotations", {})
        return {name.removeprefix("example.com/") for name in found if name.startswith("example.com/")}

    eventually(lambda: "ticked" in marks(), what="the timer ran")
    eventually(lambda: kc("get", "ct", "my", "-o", "jsonpath={.status.phase}") == "Created", what="it was created")
    kc("patch", "ct", "my", "--type=merge", "-p", '{"spec":{"image":"nginx"}}')
    eventually(lambda: {"updated", "image"} <= marks(), what="update and field handlers ran")
    eventually(lambda: "it was counted" in kc("events", "--for", "ct/my"), what="the event is there")
    kc("delete", "ct", "my", "--timeout=20s")
