"""kubectl's commands one by one, with their flags, with the real one over TLS."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server, eventually
from tests.e2e.kubectl_kit import TAB, in_namespace, namespace_of, with_crontabs
from tests.e2e.machinery import Program

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, labels: {set: s}}\ndata: {a: b}\n"
EVENT = """
apiVersion: v1
kind: Event
metadata: {name: my.1}
involvedObject: {apiVersion: stable.example.com/v1, kind: CronTab, name: my, namespace: NAMESPACE, uid: UID}
reason: Ran
message: it ran
type: TYPE
source: {component: test}
firstTimestamp: "2026-01-01T00:00:00Z"
lastTimestamp: "2026-01-01T00:00:00Z"
count: 3
"""


@pytest.fixture(scope="module")
def kubectl_here(
    make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    yield from with_crontabs(make_server(), kubectl, tmp_path_factory.mktemp("kubectl"))


@pytest.fixture
def kc(kubectl_here: Program, project: str) -> Iterator[Program]:
    yield from in_namespace(kubectl_here, project)


def event(kc: Program, kind: str, name: str = "my.1") -> str:
    """An Event about the CronTab `my`."""
    uid = kc("get", "ct", "my", "-o", "jsonpath={.metadata.uid}")
    values = {"NAMESPACE": namespace_of(kc), "TYPE": kind, "UID": uid, "my.1": name}
    text = EVENT
    for word, value in values.items():
        text = text.replace(word, value)
    return text


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_get_prints_every_form(kc: Program, tmp_path: Path) -> None:
    (tmp_path / "columns").write_text("NAME APP\n.metadata.name .metadata.labels.app\n")
    (tmp_path / "path").write_text("{.items[*].metadata.name}")
    (tmp_path / "template").write_text("{{range .items}}{{.metadata.name}},{{end}}")
    assert rows(kc("get", "ct", "-o", f"custom-columns-file={tmp_path}/columns")) == [["NAME", "APP"], ["my", "my"]]
    assert kc("get", "ct", "-o", f"jsonpath-file={tmp_path}/path") == "my"
    assert json.loads(kc("get", "ct", "-o", "jsonpath-as-json={.items[*].metadata.name}")) == ["my"]
    assert kc("get", "ct", "-o", f"go-template-file={tmp_path}/template") == "my,"
    assert rows(kc("get", "cm", "my", "-o", "wide", "--show-labels", "--no-headers"))[0][-1] == "app=my"
    assert kc("get", "cm", "my", "--show-kind", "--no-headers").startswith("configmap/my")
    assert rows(kc("get", "cm", "my", "-L", "app"))[0][-1] == "APP"
    assert "managedFields" not in kc("get", "cm", "my", "-o", "yaml")
    assert "kubectl-client-side-apply" in kc("get", "cm", "my", "-o", "yaml", "--show-managed-fields")
    several = kc("get", "ct,cm", "-l", "app", "-o", "wide")
    assert "crontab.stable.example.com/my" in several
    assert "configmap/my" in several
    assert json.loads(kc("get", "--raw", f"/api/v1/namespaces/{namespace_of(kc)}/configmaps/my"))["data"] == {"a": "b"}


def test_get_finds_and_orders(kc: Program) -> None:
    for index in range(5):
        kc("create", "configmap", f"n{index}")
    kc("label", "cm", "n1", "n2", "tier=web")
    kc("label", "cm", "n2", "n3", "old=yes")
    names = kc("get", "cm", "--chunk-size=2", "--sort-by=.metadata.name", "-o", "name").split()
    assert names == [f"configmap/{name}" for name in ("my", "n0", "n1", "n2", "n3", "n4")]

    def selected(selector: str) -> list[str]:
        return kc("get", "cm", "-l", selector, "-o", "jsonpath={.items[*].metadata.name}").split()

    assert selected("tier=web") == selected("tier==web") == selected("tier in (web,api)") == ["n1", "n2"]
    assert selected("tier!=web,!app") == selected("tier notin (web),!app") == ["n0", "n3", "n4"]
    assert selected("tier,old") == ["n2"]
    assert "unable to parse requirement" in kc("get", "cm", "-l", "tier in ()", code=1)
    assert kc("get", "cm", "--field-selector=metadata.name!=my", "-o", "name").count("\n") == 5
    assert "not a known field selector" in kc("get", "cm", "--field-selector=data.a=b", code=1)
    assert namespace_of(kc) in kc("get", "cm", "-A", "--field-selector=metadata.name=n4")
    assert kc("get", "cm", "absent", "--ignore-not-found") == ""
    assert 'configmaps "absent" not found' in kc("get", "cm", "absent", code=1)
    assert "the server doesn't have a resource type" in kc("get", "nosuch", code=1)


def test_subresources_can_be_read_and_written(kc: Program) -> None:
    assert rows(kc("get", "ct", "my", "--subresource=scale"))[0] == ["NAME", "DESIRED", "AVAILABLE", "AGE"]
    assert "kind: Scale" in kc("get", "ct", "my", "--subresource=scale", "-o", "yaml")
    kc("patch", "ct", "my", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":3}}')
    body = TAB.split("---")[0].replace("replicas: 1", "replicas: 9") + "status: {phase: Up}\n"
    kc("replace", "--subresource=status", "-f", "-", stdin=body)
    shown = json.loads(kc("get", "ct", "my", "--subresource=status", "-o", "json"))
    assert (shown["spec"]["replicas"], shown["status"]["phase"]) == (3, "Up")
    kc("edit", "ct", "my", "--subresource=status", KUBE_EDITOR="sed -i 's/phase: Up/phase: Down/'")
    assert kc("get", "ct", "my", "-o", "jsonpath={.status.phase}") == "Down"


def test_describe_reads_core_custom_and_rbac_kinds(kc: Program) -> None:
    here = namespace_of(kc)
    kc("create", "secret", "generic", "s", "--from-literal=k=v")
    kc("create", "role", "reader", "--verb=get,list", "--resource=configmaps", "--resource-name=my")
    kc("create", "rolebinding", "reads", "--role=reader", f"--serviceaccount={here}:bob", "--group=devs")
    kc("apply", "-f", "-", stdin=event(kc, "Normal"))
    assert "k:  1 bytes" in kc("describe", "secret", "s")
    assert "a:\n----\nb" in kc("describe", "configmap", "my")
    assert "Status:       Active" in kc("describe", "namespace", here)
    assert re.search(r"configmaps +\[\] +\[my\] +\[get list\]", kc("describe", "role", "reader"))
    assert re.search(rf"ServiceAccount +bob +{here}", kc("describe", "rolebinding", "reads"))
    assert "autoupdate: true" in kc("describe", "clusterrole", "view")
    assert re.search(r"Normal +Ran .* it ran", kc("describe", "ct", "my"))
    assert "Established" in kc("describe", "crd", "crontabs.stable.example.com")
    assert "Tokens:" not in kc("describe", "serviceaccount", "default")


def test_events_are_listed_for_an_object_and_by_type(kc: Program, tmp_path: Path) -> None:
    kc("create", "-f", "-", stdin=event(kc, "Warning"))
    head, row = rows(kc("get", "events"))
    assert head == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert row[1:] == ["Warning", "Ran", "crontab/my", "it", "ran"]
    assert "it ran" in kc("events", "--for", "crontab/my")
    assert "it ran" in kc("events", "--types=Warning")
    assert "No events found" in kc("events", "--types=Normal")
    log = tmp_path / "events.log"
    watch = kc.start("events", "--watch", "--for", "crontab/my", log=log)
    try:
        eventually(lambda: "it ran" in log.read_text(), what="the watch shows what was there")
        kc("create", "-f", "-", stdin=event(kc, "Normal", "my.2"))
        eventually(lambda: log.read_text().count("it ran") == 2, what="the watch shows what came")
    finally:
        watch.terminate()
        watch.wait(10)


def test_create_makes_what_it_says(kc: Program, tmp_path: Path) -> None:
    here = namespace_of(kc)
    (tmp_path / "f.txt").write_text("text")
    (tmp_path / "env").write_text("k=v\nl=w\n")
    kc("create", "configmap", "files", f"--from-file={tmp_path}/f.txt")
    kc("create", "configmap", "environment", f"--from-env-file={tmp_path}/env")
    assert kc("get", "cm", "files", "environment", "-o", "jsonpath={.items[*].data}") == (
        '{"f.txt":"text"} {"k":"v","l":"w"}'
    )
    kc(
        "create", "secret", "docker-registry", "registry", "--docker-server=r", "--docker-username=u",
        "--docker-password=p", "--docker-email=e@x",
    )  # fmt: skip
    assert kc("get", "secret", "registry", "-o", "jsonpath={.type}") == "kubernetes.io/dockerconfigjson"
    kc("create", "clusterrole", f"{here}-peek", "--verb=get", "--non-resource-url=/healthz")
    kc("create", "clusterrole", f"{here}-whole", f"--aggregation-rule=to={here}")
    kc("create", "clusterrolebinding", here, f"--clusterrole={here}-peek", "--user=jane")
    kc("delete", f"clusterrole/{here}-peek", f"clusterrole/{here}-whole", f"clusterrolebinding/{here}")
    assert kc("create", "configmap", "no", "--dry-run=client", "-o", "name").strip() == "configmap/no"
    assert "uid:" in kc("create", "configmap", "no", "--dry-run=server", "-o", "yaml")
    kc("get", "cm", "no", code=1)
    made = kc("create", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: gen-}\n")
    assert re.match(r"configmap/gen-[a-z0-9]{5} created", made)
    assert 'configmaps "files" already exists' in kc("create", "configmap", "files", code=1)
    assert "could not find the requested resource" in kc("create", "quota", "q", code=1)


def test_a_token_is_made_for_an_account_that_is_there(kc: Program) -> None:
    here = namespace_of(kc)
    eventually(lambda: "default" in kc("get", "sa", "-o", "name"), what="the default account is there")
    token = kc("create", "token", "default", "--duration=15m").strip()
    assert f"system:serviceaccount:{here}:default" in kc("auth", "whoami", "--token", token)
    kc("create", "secret", "generic", "s")
    kc("create", "token", "default", "--bound-object-kind=Secret", "--bound-object-name=s", "--audience=other")
    assert "may not specify a duration less than 10 minutes" in kc(
        "create", "token", "default", "--duration=1m", code=1
    )
    assert "not found" in kc("create", "token", "nobody", code=1)


def test_who_may_do_what(kc: Program) -> None:
    here = namespace_of(kc)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reader", "namespace": here},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}],
    }
    assert "reconciled" in kc("auth", "reconcile", "-f", "-", stdin=json.dumps(role))
    role["rules"] = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
    kc("auth", "reconcile", "-f", "-", stdin=json.dumps(role))
    kc("create", "rolebinding", "reads", "--role=reader", "--user=jane")
    for verb in ("get", "list"):
        assert kc("auth", "can-i", verb, "configmaps", "--as=jane").strip() == "yes"
    assert kc("auth", "can-i", "delete", "configmaps", "--as=jane", code=1).strip() == "no"
    assert kc("auth", "can-i", "get", "/healthz", "--as=jane").strip() == "yes"
    assert re.search(r"configmaps +\[\] +\[\] +\[get list\]", kc("auth", "can-i", "--list", "--as=jane"))
    whoami = kc("auth", "whoami", "--as=jane", "--as-group=devs", "--as-uid=u1", "--as-user-extra=team=x")
    assert all(said in whoami for said in ("jane", "devs", "u1", "Extra: team", "[x]"))
    assert "cannot delete resource" in kc("delete", "cm", "my", "--as=jane", code=1)


def test_labels_and_annotations_are_changed(kc: Program) -> None:
    assert "--overwrite is false" in kc("label", "cm", "my", "app=other", code=1)
    kc("label", "cm", "my", "app=other", "tier=web", "--overwrite")
    kc("label", "cm", "my", "tier-")
    assert kc("label", "cm", "my", "--list").split() == ["app=other"]
    kc("label", "cm", "--all", "seen=yes")
    assert "is invalid" in kc("label", "cm", "my", "bad key=1", code=1)
    assert "the object has been modified" in kc("label", "cm", "my", "x=1", "--resource-version=1", code=1)
    kc("annotate", "cm,ct", "-l", "seen=yes", "note=read")
    assert kc("get", "cm", "my", "-o", "jsonpath={.metadata.annotations.note}") == "read"
    kc("annotate", "cm", "my", "note-")


def test_scale_is_conditional_if_it_says_so(kc: Program) -> None:
    assert "Expected replicas to be 9, was 1" in kc("scale", "ct", "my", "--replicas=4", "--current-replicas=9", code=1)
    kc("scale", "ct", "my", "--replicas=4", "--current-replicas=1")
    assert "Expected resource version" in kc("scale", "ct", "my", "--replicas=5", "--resource-version=1", code=1)
    assert kc("get", "ct", "my", "-o", "jsonpath={.spec.replicas}") == "4"
    assert "could not find the requested resource" in kc("scale", "cm", "my", "--replicas=4", code=1)


def test_patch_takes_files_and_manifests(kc: Program, tmp_path: Path) -> None:
    (tmp_path / "patch.yaml").write_text("data: {p: q}\n")
    kc("patch", "cm", "my", "--patch-file", tmp_path / "patch.yaml")
    kc("patch", "-f", "-", "--type=merge", "-p", '{"metadata":{"labels":{"patched":"yes"}}}', stdin=TAB)
    assert kc("get", "cm,ct", "-l", "patched=yes", "-o", "name").count("/my") == 2
    test = '[{"op":"test","path":"/spec/replicas","value":7},{"op":"remove","path":"/spec/replicas"}]'
    assert "the test failed" in kc("patch", "ct", "my", "--type=json", "-p", test, code=1)
    assert "patched" in kc("patch", "cm", "my", "--dry-run=server", "-p", '{"data":{"z":"z"}}')
    assert kc("get", "cm", "my", "-o", "jsonpath={.data}") == '{"a":"b","p":"q"}'


def test_edit_takes_what_is_right_and_keeps_what_is_wrong(kc: Program) -> None:
    assert "no changes made" in kc("edit", "cm", "my", KUBE_EDITOR="true")
    kc("edit", "ct", "my", KUBE_EDITOR="sed -i 's/replicas: 1/replicas: 5/'")
    assert kc("get", "ct", "my", "-o", "jsonpath={.spec.replicas}") == "5"
    wrong = kc("edit", "ct", "my", KUBE_EDITOR="sed -i 's/replicas: .*/replicas: 50/'", code=1)
    assert "is invalid" in wrong
    assert "no valid changes were saved" in wrong
    assert kc("get", "ct", "my", "-o", "jsonpath={.spec.replicas}") == "5"


def test_wait_waits_for_what_comes_is_and_goes(kc: Program, tmp_path: Path) -> None:
    assert "timed out" in kc("wait", "cm/my", "--for=condition=Ready", "--timeout=1s", code=1)
    assert "condition met" in kc("wait", "cm", "--all", "--for=jsonpath={.metadata.name}", "--timeout=5s")
    assert "timed out" in kc("wait", "cm/later", "--for=create", "--timeout=1s", code=1)
    kc("wait", "cm/absent", "--for=delete", "--timeout=1s")
    for what, act in (("create", ("create", "cm", "later")), ("delete", ("delete", "cm", "later"))):
        log = tmp_path / f"{what}.log"
        waiting = kc.start("wait", "cm/later", f"--for={what}", "--timeout=20s", log=log)
        time.sleep(0.2)  # so that it waits, most of the time; it must end either way
        kc(*act)
        assert waiting.wait(20) == 0, log.read_text()
        assert "condition met" in log.read_text() or what == "delete"


def test_apply_prunes_by_allowlist_and_by_apply_set(kc: Program) -> None:
    applyset = ("apply", "--server-side", "--prune", "--applyset=configmaps/set", "-f", "-")
    here = ("-n", namespace_of(kc))
    kc(*applyset, *here, stdin=MAP.replace("NAME", "first"), KUBECTL_APPLYSET="true")
    pruned = kc(*applyset, *here, stdin=MAP.replace("NAME", "second"), KUBECTL_APPLYSET="true")
    assert "configmap/first pruned" in pruned
    assert kc("get", "cm", "-l", "set=s", "-o", "name").split() == ["configmap/second"]
    conflict = MAP.replace("NAME", "second").replace("a: b", "a: c")
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    assert 'conflict with "kubectl' in kc(*other, stdin=conflict, code=1)
    kc(*other, "--force-conflicts", stdin=conflict)
    assert "+  a: d" in kc(
        "diff", "--server-side", "--force-conflicts", "-f", "-", stdin=conflict.replace("a: c", "a: d"), code=1
    )
    assert kc("get", "cm", "second", "-o", "jsonpath={.data.a}") == "c"


@pytest.mark.parametrize("mode", ["strict", "warn", "ignore"])
def test_unknown_fields_are_refused_told_or_dropped(kc: Program, mode: str) -> None:
    odd = TAB.replace("replicas: 1", "replicas: 1, nope: 1")
    said = kc("apply", f"--validate={mode}", "-f", "-", stdin=odd, code=1 if mode == "strict" else 0)
    assert ('unknown field "spec.nope"' in said) is (mode != "ignore")
    assert kc("get", "ct", "my", "-o", "jsonpath={.spec.nope}") == ""


def test_manifests_come_from_folders_pipes_and_urls(kc: Program, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.yaml").write_text(MAP.replace("NAME", "one") + "---\n" + MAP.replace("NAME", "two"))
    (tmp_path / "deep" / "three.json").write_text('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"three"}}')
    assert kc("apply", "-f", tmp_path).count("created") == 2
    assert kc("apply", "-R", "-f", tmp_path).count("created") == 1
    proxy = kc.start("proxy", "--port=0", "--www", tmp_path, "--www-prefix=/files/", log=tmp_path / "proxy.log")
    try:
        served = eventually(
            lambda: re.search(r"127\.0\.0\.1:\d+", (tmp_path / "proxy.log").read_text()), what="the proxy says where"
        )
        assert served is not None
        assert "unchanged" in kc("apply", "-f", f"http://{served[0]}/files/deep/three.json")
        assert "1.36" in kc("--server", f"http://{served[0]}", "version")
    finally:
        proxy.terminate()
        proxy.wait(10)
    assert kc("delete", "-R", "-f", tmp_path).count("deleted") == 3


def test_replace_puts_and_by_force_makes_anew(kc: Program) -> None:
    uid = kc("get", "ct", "my", "-o", "jsonpath={.metadata.uid}")
    kc("replace", "-f", "-", stdin=TAB)
    assert kc("get", "ct", "my", "-o", "jsonpath={.metadata.uid}") == uid
    kc("replace", "--force", "-f", "-", stdin=TAB)
    assert kc("get", "ct", "my", "-o", "jsonpath={.metadata.uid}") != uid
    assert "NotFound" in kc("replace", "-f", "-", stdin=MAP.replace("NAME", "absent"), code=1)


@pytest.mark.parametrize(
    "how",
    [
        ("--grace-period=0", "--force"),
        ("--now",),
        ("--cascade=background",),
        ("--cascade=foreground",),
        ("--cascade=orphan",),
        ("--wait=false",),
    ],
    ids=" ".join,
)
def test_delete_deletes_in_every_way(kc: Program, how: tuple[str, ...]) -> None:
    assert '"my" ' in kc("delete", "cm", "my", "--dry-run=server")
    kc("delete", "cm", "my", *how)
    kc("wait", "cm/my", "--for=delete", "--timeout=20s")
    assert kc("delete", "cm", "my", "--ignore-not-found") == ""


def test_delete_deletes_many(kc: Program) -> None:
    for name in ("a", "b", "c"):
        kc("create", "cm", name)
    kc("label", "cm", "a", "kill=me")
    assert kc("delete", "cm", "-l", "kill=me").count("deleted") == 1
    assert kc("delete", "cm", "--field-selector=metadata.name=b").count("deleted") == 1
    assert kc("delete", "cm", "--all").count("deleted") == 2
    kc("delete", "--raw", f"/api/v1/namespaces/{namespace_of(kc)}/configmaps/a", code=1)


def test_watches_say_what_happens(kc: Program, tmp_path: Path) -> None:
    def changed() -> str:
        return kc("annotate", "cm", "my", f"n={time.monotonic()}", "--overwrite")

    all_log, only_log = tmp_path / "all.log", tmp_path / "only.log"
    watches = [
        kc.start("get", "cm", "-w", "--output-watch-events", "--no-headers", log=all_log),
        kc.start("get", "cm", "--watch-only", "-o", "name", log=only_log),
    ]
    try:
        eventually(lambda: "ADDED" in all_log.read_text(), what="the watch shows what is there")
        eventually(
            lambda: bool(kc("annotate", "cm", "my", f"n={time.monotonic()}", "--overwrite")) and only_log.read_text()
        )
        kc("delete", "cm", "my")
        eventually(lambda: "DELETED" in all_log.read_text(), what="the watch shows what went")
        assert "MODIFIED" in all_log.read_text()
    finally:
        for watch in watches:
            watch.terminate()
            watch.wait(10)


def test_it_explains_and_finds_its_way(kc: Program) -> None:
    assert "crontabs" in kc("api-resources", "--namespaced=true", "--sort-by=name", "-o", "name")
    wide = kc("api-resources", "--api-group=stable.example.com", "-o", "wide", "--no-headers").split()
    assert wide[:2] == ["crontabs", "ct"]
    assert "deletecollection" in wide[-2]
    assert "does not exist" in kc("explain", "crontab.spec.nope", code=1)
    assert "metadata\t<ObjectMeta>" in kc("explain", "secret")
    old = kc("explain", "crontab.spec", "--output=plaintext-openapiv2")
    assert "cronSpec\t<string> -required-" in old
    assert "When it runs." in old
    assert "stable.example.com/v1" in kc("api-versions")
    assert "fizz" in kc("version")
    assert "current-context: fizz" in kc("config", "view")
    assert "readyz check passed" in kc("get", "--raw", "/readyz?verbose")


def test_what_needs_kinds_of_kubernetes_says_so(kc: Program) -> None:
    for command in (("rollout", "status", "ct/my"), ("cluster-info",), ("top", "nodes"), ("run", "x", "--image=x")):
        assert "error: " in kc(*command, code=1)
