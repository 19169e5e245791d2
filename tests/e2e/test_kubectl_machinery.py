"""What people do with kubectl, with the real one, over TLS: custom and core kinds, every verb, every form."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server, eventually
from tests.e2e.kubectl_kit import TAB, in_namespace, namespace_of, with_crontabs
from tests.e2e.machinery import DEFINITION, Program


@pytest.fixture(scope="module")
def kubectl_here(
    make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    yield from with_crontabs(make_server(), kubectl, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture
def kc(kubectl_here: Program, project: str) -> Iterator[Program]:
    """kubectl in a namespace that has TAB in it."""
    yield from in_namespace(kubectl_here, project)


def test_it_finds_its_way(kc: Program) -> None:
    assert "crontabs" in kc("api-resources", "--categories=all", "-o", "name")
    assert "stable.example.com/v1" in kc("api-versions")
    fields = kc("explain", "crontab", "--recursive")
    assert "cronSpec\t<string> -required-" in fields
    assert "When it runs." in kc("explain", "crontab.spec.cronSpec")
    for line in kc("api-resources", "--no-headers", "--verbs=list").splitlines():
        *name, version, _, kind = line.split()
        assert "FIELDS:" in kc("explain", name[0], f"--api-version={version}", "--recursive"), kind


def test_it_shows_objects_in_every_form(kc: Program) -> None:
    assert [line.split() for line in kc("get", "ct", "--no-headers").splitlines()] == [
        ["my", "*", "*", "*", "*", "*/5", "1"]
    ]
    assert json.loads(kc("get", "ct", "my", "-o", "json"))["spec"]["image"] == "busybox"
    assert "cronSpec" in kc("get", "ct", "-o", "yaml")
    assert kc("get", "ct,cm", "-l", "app=my", "-o", "name").split() == ["crontab.stable.example.com/my", "configmap/my"]
    assert kc("get", "ct", "-o", "jsonpath={.items[*].metadata.name}") == "my"
    assert kc("get", "ct", "-o", "custom-columns=N:.metadata.name", "--no-headers").strip() == "my"
    assert kc("get", "ct", "-o", "go-template={{range .items}}{{.kind}}{{end}}") == "CronTab"
    assert "my" in kc("get", "ct", "--field-selector", "spec.image=busybox", "-o", "name")
    assert "Cron Spec:" in kc("describe", "ct", "my")


def test_it_changes_objects_in_every_way(kc: Program) -> None:
    assert "unchanged" in kc("apply", "-f", "-", stdin=TAB)
    kc("patch", "ct", "my", "--type=merge", "-p", '{"spec":{"image":"m"}}')
    kc("patch", "ct", "my", "--type=json", "-p", '[{"op":"replace","path":"/spec/image","value":"j"}]')
    kc("patch", "cm", "my", "-p", '{"data":{"s":"t"}}')
    assert "not supported" in kc("patch", "ct", "my", "--type=strategic", "-p", "{}", code=1)
    kc("patch", "ct", "my", "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Up"}}')
    kc("wait", "ct/my", "--for=jsonpath={.status.phase}=Up", "--timeout=5s")
    kc("scale", "ct", "my", "--replicas=4")
    kc("label", "ct", "my", "tier=web")
    kc("annotate", "ct", "my", "note=read")
    kc("edit", "cm", "my", KUBE_EDITOR="sed -i 's/  a: b/  a: edited/'")
    assert kc("get", "cm", "my", "-o", "jsonpath={.data}") == '{"a":"edited","s":"t"}'
    shown = json.loads(kc("get", "ct", "my", "-o", "json"))
    assert (shown["spec"]["image"], shown["spec"]["replicas"], shown["metadata"]["labels"]["tier"]) == ("j", 4, "web")
    kc("replace", "-f", "-", stdin=TAB)
    kc("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=TAB)
    assert "serverside-applied" in kc("apply", "--server-side", "-f", "-", stdin=TAB)


def test_it_compares_and_tries_without_doing(kc: Program) -> None:
    changed = TAB.replace("a: b", "a: c")
    assert "+  a: c" in kc("diff", "-f", "-", stdin=changed, code=1)
    kc("diff", "-f", "-", stdin=TAB)
    assert "configured (server dry run)" in kc("apply", "--dry-run=server", "-f", "-", stdin=changed)
    assert kc("get", "cm", "my", "-o", "jsonpath={.data.a}") == "b"


def test_it_is_told_what_is_wrong(kc: Program) -> None:
    odd = TAB.replace("replicas: 1", "nope: 1")
    assert 'unknown field "spec.nope"' in kc("apply", "--validate=strict", "-f", "-", stdin=odd, code=1)
    assert "at most ten replicas" in kc("scale", "ct", "my", "--replicas=11", code=1)
    wrong = kc("apply", "-f", "-", stdin=TAB.replace("* * * * */5", "never"), code=1)
    assert "spec.cronSpec in body should match" in wrong
    assert "NotFound" in kc("get", "ct", "absent", code=1)


def test_it_creates_core_kinds_in_protobuf(kc: Program) -> None:
    kc("create", "configmap", "c", "--from-literal=k=v")
    kc("create", "secret", "generic", "s", "--from-literal=k=v")
    kc("create", "serviceaccount", "bob")
    kc("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    kc("create", "rolebinding", "bob-reads", "--role=reader", f"--serviceaccount={namespace_of(kc)}:bob")
    assert kc("get", "secret", "s", "-o", "jsonpath={.data.k}") == "dg=="
    assert kc("auth", "can-i", "list", "cm", f"--as=system:serviceaccount:{namespace_of(kc)}:bob").strip() == "yes"


def test_it_prunes_and_kustomizes(kc: Program, tmp_path: Path) -> None:
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, labels: {set: s}}\n"
    prune = ("apply", "--prune", "-l", "set=s", "--prune-allowlist=core/v1/ConfigMap", "-f", "-")
    kc(*prune, stdin=one.replace("NAME", "first"))
    assert "configmap/first pruned" in kc(*prune, stdin=one.replace("NAME", "second"))
    (tmp_path / "kustomization.yaml").write_text("configMapGenerator:\n- name: made\n  literals: [a=b]\n")
    assert "configmap/made-" in kc("apply", "-k", tmp_path)
    kc("diff", "-k", tmp_path)


def test_it_watches_what_comes_and_goes(kc: Program, tmp_path: Path) -> None:
    log = tmp_path / "watch.log"
    watch = kc.start("get", "ct", "-w", "--no-headers", log=log)
    try:
        eventually(lambda: "my" in log.read_text(), what="the watch shows what is there")
        kc("delete", "ct", "my", "--cascade=foreground", "--timeout=10s")
        kc("apply", "-f", "-", stdin=TAB.replace("name: my", "name: other"))
        eventually(lambda: "other" in log.read_text(), what="the watch shows what came")
    finally:
        watch.terminate()
        watch.wait(10)
    kc("delete", "ct", "other", "--wait=false")
    kc("wait", "ct/other", "--for=delete", "--timeout=10s")


def test_dependents_go_with_their_owner_and_stay_when_orphaned(kc: Program) -> None:
    uid = kc("get", "ct", "my", "-o", "jsonpath={.metadata.uid}")
    owner = f'{{"apiVersion":"stable.example.com/v1","kind":"CronTab","name":"my","uid":"{uid}"}}'
    kc("patch", "cm", "my", "--type=merge", "-p", f'{{"metadata":{{"ownerReferences":[{owner}]}}}}')
    kc("delete", "ct", "my", "--cascade=orphan")
    eventually(lambda: not kc("get", "cm", "my", "-o", "jsonpath={.metadata.ownerReferences}"), what="it is orphaned")
    kc("patch", "cm", "my", "--type=merge", "-p", f'{{"metadata":{{"ownerReferences":[{owner}]}}}}')
    kc("wait", "cm/my", "--for=delete", "--timeout=20s")


def test_a_definition_takes_its_objects_along(kc: Program) -> None:
    definition = (
        DEFINITION.read_text().replace("crontab", "gadget").replace("CronTab", "Gadget").replace("[ct]", "[gd]")
    )
    kc("apply", "-f", "-", stdin=definition)
    kc("wait", "--for=condition=Established", "crd/gadgets.stable.example.com", "--timeout=10s")
    kc("apply", "-f", "-", stdin=TAB.replace("CronTab", "Gadget"))
    kc("delete", "crd", "gadgets.stable.example.com", "--timeout=20s")
    assert "gadgets" not in kc("api-resources", "--api-group=stable.example.com", "-o", "name")
