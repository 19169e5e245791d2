"""helm manages a chart with core and custom kinds: install, upgrade, history, rollback, uninstall."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.harness import Server
from tests.e2e.machinery import CHART, Program, serving


@pytest.fixture(scope="module")
def programs(
    make_server: Callable[[], Server], kubectl: str, helm: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, Program]]:
    folder = tmp_path_factory.mktemp("helm")
    with serving(make_server()) as kubeconfig:
        yield Program(helm, kubeconfig, folder), Program(kubectl, kubeconfig, folder)


def test_a_release_lives_from_install_to_uninstall(programs: tuple[Program, Program]) -> None:
    helm, kubectl = programs
    place, wait = ("-n", "shop"), ("--wait", "--timeout", "30s")

    def color() -> str:
        return kubectl("get", *place, "configmap/one-settings", "crontab/one-tab", "-o", "jsonpath={..color}{..image}")

    helm("install", "one", CHART, *place, "--create-namespace", *wait)
    assert color() == "redred"
    helm("upgrade", "one", CHART, *place, "--set", "color=blue", *wait)
    assert color() == "blueblue"
    helm("rollback", "one", "1", *place, *wait)
    assert color() == "redred"
    history = helm("history", "one", *place)
    assert [line.split()[0] for line in history.splitlines()[1:]] == ["1", "2", "3"]
    assert "Rollback to 1" in history
    assert "deployed" in helm("list", *place)
    assert "one-tab" in helm("status", "one", *place)
    helm("uninstall", "one", *place, *wait)
    left = kubectl("get", *place, "configmap,secret,crontab,role,serviceaccount", "-o", "name").split()
    assert not [name for name in left if "one" in name]


def test_charts_are_tried_before_they_are_installed(programs: tuple[Program, Program]) -> None:
    helm, kubectl = programs
    assert "0 chart(s) failed" in helm("lint", CHART)
    assert "kind: CronTab" in helm("template", "try", CHART)
    assert "try-settings" in helm("install", "try", CHART, "--dry-run=server")
    assert "try" not in kubectl("get", "configmap,secret", "-o", "name")


def test_a_release_is_installed_or_upgraded_with_one_command(programs: tuple[Program, Program]) -> None:
    helm, kubectl = programs
    command = ("upgrade", "--install", "three", CHART, "--wait", "--timeout", "30s", "--rollback-on-failure")
    helm(*command)
    helm(*command, "--set", "color=green", "--force-conflicts")
    assert kubectl("get", "configmap/three-settings", "-o", "jsonpath={.data.color}") == "green"
    assert "color: green" in helm("get", "values", "three")
    assert "kind: CronTab" in helm("get", "manifest", "three")
    assert "three" in helm("uninstall", "three", "--keep-history")
    assert "uninstalled" in helm("history", "three")


def test_a_failing_install_says_what_is_wrong(programs: tuple[Program, Program]) -> None:
    helm, _ = programs
    said = helm("install", "two", CHART, "--set-json", "color=[1]", code=1)
    assert "two" in said or "color" in said
