"""Rules of single kinds, as a write meets them."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from fizz.apiserver import errors
from fizz.apiserver.kinds import builtin, lifecycle
from fizz.apiserver.kinds.lifecycle import Outcome
from fizz.apiserver.kinds.registry import Resource
from fizz.schemas.base import JSON

Find = Callable[[str], Resource]
REQUIRED = "Required value"
DOCKER = "kubernetes.io/docker"
HIDDEN = 'Invalid value: "<secret contents redacted>": must be a JSON object'
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def create(resource: Resource, meta: JSON | None = None, **rest: Any) -> Outcome:
    obj = {"metadata": {"name": "a", **(meta or {})}, **rest}
    namespace = "blog" if resource.namespaced else None
    return lifecycle.create(resource, obj, namespace=namespace, now=NOW, uid="u", suffix="bcdfg")


def update(resource: Resource, old: JSON, subresource: str = "", **change: Any) -> Outcome:
    return lifecycle.update(resource, old, {**old, **change}, subresource=subresource)


def texts(outcome: Outcome) -> list[str]:
    return [str(cause) for cause in outcome.causes]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_custom_kind_has_no_rules() -> None:
    widget = Resource("example.com", "v1", "Widget", "widgets", "widget", "WidgetList", lambda: {"type": "object"})
    obj: JSON = {"metadata": {}}
    assert builtin.rules(widget).on_create(obj) == (obj, [])
    assert builtin.rules(widget).on_update({}, obj) == (obj, [])


class TestSecret:
    def test_texts_become_data_and_are_never_read_back(self, resource: Find) -> None:
        outcome = create(resource("Secret"), data={"a": b64("1"), "b": b64("2")}, stringData={"b": "3", "c": "ä"})
        assert outcome.causes == []
        assert outcome.obj["data"] == {"a": b64("1"), "b": b64("3"), "c": b64("ä")}
        assert "stringData" not in outcome.obj
        assert outcome.obj["type"] == "Opaque"

    def test_base64_is_stored_in_one_way(self, resource: Find) -> None:
        assert create(resource("Secret"), data={"a": "YW\nJj\r\n"}).obj["data"] == {"a": "YWJj"}

    @pytest.mark.parametrize("text", ["hunter2!", "YQ", "Y Q==", "ä", "YQ==YQ=="])
    def test_what_is_no_base64_cannot_be_read_and_is_not_told(self, resource: Find, text: str) -> None:
        with pytest.raises(errors.BadRequest, match="cannot be handled as a Secret: illegal base64 data") as caught:
            create(resource("Secret"), data={"a": text})
        assert text not in caught.value.message

    @pytest.mark.parametrize(
        ("kind", "data", "expected"),
        [
            pytest.param(
                "kubernetes.io/tls", {}, [f"data[tls.crt]: {REQUIRED}", f"data[tls.key]: {REQUIRED}"], id="tls"
            ),
            pytest.param("kubernetes.io/tls", {"tls.crt": "", "tls.key": ""}, [], id="tls complete"),
            pytest.param(
                "kubernetes.io/basic-auth",
                {},
                ["data[username]: Required value", "data[password]: Required value"],
                id="basic auth",
            ),
            pytest.param("kubernetes.io/basic-auth", {"username": ""}, [], id="basic auth by one of two"),
            pytest.param(
                "kubernetes.io/ssh-auth", {"ssh-privatekey": ""}, [f"data[ssh-privatekey]: {REQUIRED}"], id="ssh"
            ),
            pytest.param("kubernetes.io/ssh-auth", {"ssh-privatekey": "k"}, [], id="ssh complete"),
            pytest.param(f"{DOCKER}configjson", {}, [f"data[.dockerconfigjson]: {REQUIRED}"], id="docker config"),
            pytest.param(f"{DOCKER}configjson", {".dockerconfigjson": "{}"}, [], id="docker config complete"),
            pytest.param(f"{DOCKER}cfg", {".dockercfg": "[]"}, [f"data[.dockercfg]: {HIDDEN}"], id="no JSON object"),
            pytest.param(f"{DOCKER}cfg", {".dockercfg": "hunter2"}, [f"data[.dockercfg]: {HIDDEN}"], id="no JSON"),
            pytest.param(
                "kubernetes.io/service-account-token",
                {},
                [f"metadata.annotations[kubernetes.io/service-account.name]: {REQUIRED}"],
                id="service account",
            ),
            pytest.param("example.com/own", {}, [], id="a type of one's own"),
        ],
    )
    def test_types_ask_for_keys(self, resource: Find, kind: str, data: dict[str, str], expected: list[str]) -> None:
        assert texts(create(resource("Secret"), type=kind, stringData=data)) == expected

    def test_a_service_account_token_names_its_account(self, resource: Find) -> None:
        meta = {"annotations": {"kubernetes.io/service-account.name": "x"}}
        assert create(resource("Secret"), meta, type="kubernetes.io/service-account-token").causes == []

    def test_keys_are_file_names(self, resource: Find) -> None:
        keys = ["a/b", "..", ".", "..a", "x" * 254, ".a", "good_Key-1.txt"]
        outcome = create(resource("Secret"), stringData=dict.fromkeys(keys, ""))
        assert [cause.field for cause in outcome.causes] == [f"data[{key}]" for key in keys[:5]]

    def test_there_is_room_for_one_mebibyte(self, resource: Find) -> None:
        assert create(resource("Secret"), stringData={"a": "x" * 1024 * 1024}).causes == []
        (cause,) = create(resource("Secret"), stringData={"a": "x" * 1024 * 1024, "b": "y"}).causes
        assert (cause.reason, str(cause)) == (
            "FieldValueTooLong",
            "data: Too long: may not be more than 1048576 bytes",
        )

    def test_the_type_stays(self, resource: Find) -> None:
        old = create(resource("Secret"), type="x/y").obj
        assert texts(update(resource("Secret"), old, type="x/z")) == ['type: Invalid value: "x/z": field is immutable']

    def test_immutable_data_stays_and_stays_immutable(self, resource: Find) -> None:
        old = create(resource("Secret"), stringData={"a": "1"}, immutable=True).obj
        assert update(resource("Secret"), old, metadata={"name": "a", "labels": {"x": "y"}}).causes == []
        assert texts(update(resource("Secret"), old, stringData={"a": "2"})) == [
            "data: Forbidden: field is immutable when `immutable` is set"
        ]
        assert texts(update(resource("Secret"), old, immutable=False)) == [
            "immutable: Forbidden: field is immutable when `immutable` is set"
        ]

    def test_the_same_texts_again_are_no_change(self, resource: Find) -> None:
        old = create(resource("Secret"), stringData={"a": "1"}).obj
        assert update(resource("Secret"), old, stringData={"a": "1"}).obj == old


class TestConfigMap:
    def test_data_is_kept_as_it_is(self, resource: Find) -> None:
        outcome = create(resource("ConfigMap"), data={"a": "1"}, binaryData={"b": "YQ=="})
        assert outcome.causes == []
        assert (outcome.obj["data"], outcome.obj["binaryData"]) == ({"a": "1"}, {"b": "YQ=="})

    def test_keys_are_file_names_and_differ(self, resource: Find) -> None:
        outcome = create(resource("ConfigMap"), data={"a": "1", "x/y": ""}, binaryData={"a": "", "..": ""})
        assert [(cause.field, cause.message.rpartition(": ")[2][:20]) for cause in outcome.causes] == [
            ("data[x/y]", "a valid config key m"),
            ("binaryData[..]", "must not be '..'"),
            ("data[a]", "duplicate of key pre"),
        ]

    def test_binary_data_is_base64(self, resource: Find) -> None:
        with pytest.raises(errors.BadRequest, match="cannot be handled as a ConfigMap"):
            create(resource("ConfigMap"), binaryData={"a": "x"})

    def test_there_is_room_for_one_mebibyte_of_both(self, resource: Find) -> None:
        half = 512 * 1024
        binary = base64.b64encode(b"x" * half).decode()
        assert create(resource("ConfigMap"), data={"a": "x" * half}, binaryData={"b": binary}).causes == []
        outcome = create(resource("ConfigMap"), data={"a": "x" * half + "ä"}, binaryData={"b": binary})
        assert texts(outcome) == ["data: Too long: may not be more than 1048576 bytes"]

    def test_immutable_data_stays(self, resource: Find) -> None:
        old = create(resource("ConfigMap"), data={"a": "1"}, immutable=True).obj
        new = {name: value for name, value in old.items() if name != "immutable"}
        outcome = lifecycle.update(resource("ConfigMap"), old, {**new, "data": {"a": "2"}, "binaryData": {"b": ""}})
        assert [cause.field for cause in outcome.causes] == ["immutable", "data", "binaryData"]


class TestNamespace:
    def test_it_is_born_active_with_a_finalizer_and_its_name_as_label(self, resource: Find) -> None:
        outcome = create(resource("Namespace"), {"labels": {"a": "b"}}, status={"phase": "Terminating"})
        assert outcome.causes == []
        assert outcome.obj["spec"] == {"finalizers": ["kubernetes"]}
        assert outcome.obj["status"] == {"phase": "Active"}
        assert outcome.obj["metadata"]["labels"] == {"a": "b", "kubernetes.io/metadata.name": "a"}

    def test_it_keeps_further_finalizers(self, resource: Find) -> None:
        for given, kept in ((["x/y"], ["x/y", "kubernetes"]), (["kubernetes", "x/y"], ["kubernetes", "x/y"])):
            assert create(resource("Namespace"), spec={"finalizers": given}).obj["spec"]["finalizers"] == kept

    def test_a_manifest_without_finalizers_keeps_them(self, resource: Find) -> None:
        old = create(resource("Namespace")).obj
        manifest: JSON = {"metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "lie"}}}
        outcome = lifecycle.update(resource("Namespace"), old, manifest)
        assert outcome.causes == []
        assert outcome.obj == old

    def test_finalizers_of_a_living_namespace_stay(self, resource: Find) -> None:
        old = create(resource("Namespace")).obj
        assert update(resource("Namespace"), old, spec={"finalizers": []}).obj == old

    def dying(self, resource: Find) -> JSON:
        old = create(resource("Namespace")).obj
        return {**old, "metadata": {**old["metadata"], "deletionTimestamp": "2026-02-01T00:00:00Z"}}

    @pytest.mark.parametrize("subresource", ["", "finalize"])
    def test_finalizers_of_a_dying_namespace_may_go(self, resource: Find, subresource: str) -> None:
        outcome = update(resource("Namespace"), self.dying(resource), subresource, spec={"finalizers": []})
        assert outcome.causes == []
        assert outcome.obj["spec"]["finalizers"] == []

    def test_no_finalizer_is_added_to_a_dying_namespace(self, resource: Find) -> None:
        outcome = update(resource("Namespace"), self.dying(resource), spec={"finalizers": ["kubernetes", "x"]})
        assert [cause.field for cause in outcome.causes] == ["spec.finalizers"]

    def test_finalize_takes_nothing_but_finalizers(self, resource: Find) -> None:
        old = self.dying(resource)
        outcome = lifecycle.update(
            resource("Namespace"), old, {"metadata": {"labels": {"x": "y"}}, "spec": "odd"}, subresource="finalize"
        )
        assert outcome.obj["metadata"]["labels"] == old["metadata"]["labels"]
        assert outcome.obj["spec"] == {"finalizers": []}

    def test_a_status_write_leaves_the_finalizers(self, resource: Find) -> None:
        outcome = update(resource("Namespace"), self.dying(resource), "status", status={"phase": "Terminating"})
        assert outcome.obj["spec"] == {"finalizers": ["kubernetes"]}
        assert outcome.obj["status"] == {"phase": "Terminating"}


class TestEvent:
    @pytest.mark.parametrize(
        ("home", "about", "good"),
        [
            pytest.param("blog", "blog", True, id="at home"),
            pytest.param("blog", "other", False, id="elsewhere"),
            pytest.param("blog", None, False, id="of a cluster-scoped object"),
            pytest.param("default", None, True, id="of a cluster-scoped object, in default"),
        ],
    )
    def test_it_lives_with_what_it_speaks_of(self, resource: Find, home: str, about: str | None, good: bool) -> None:
        obj: JSON = {"metadata": {"name": "a"}, "involvedObject": {"kind": "X", "namespace": about}}
        outcome = lifecycle.create(resource("Event"), obj, namespace=home, now=NOW, uid="u", suffix="bcdfg")
        assert [cause.field for cause in outcome.causes] == ([] if good else ["involvedObject.namespace"])
        if not good:
            assert outcome.causes[0].message.endswith("does not match event.namespace")

    def test_its_times_are_written_alike(self, resource: Find) -> None:
        outcome = create(
            resource("Event"),
            involvedObject={"namespace": "blog"},
            firstTimestamp="2026-01-31T10:30:00.123456+01:00",
            lastTimestamp="2026-01-31T09:30:00Z",
            eventTime="2026-01-31T09:30:00.5Z",
            series={"count": 2, "lastObservedTime": "2026-01-31T09:30:00Z"},
        )
        assert outcome.causes == []
        assert outcome.obj["firstTimestamp"] == "2026-01-31T09:30:00Z"
        assert outcome.obj["lastTimestamp"] == "2026-01-31T09:30:00Z"
        assert outcome.obj["eventTime"] == "2026-01-31T09:30:00.500000Z"
        assert outcome.obj["series"] == {"count": 2, "lastObservedTime": "2026-01-31T09:30:00.000000Z"}

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            pytest.param("2026-01-31t09:30:00z", "2026-01-31T09:30:00Z", id="small letters"),
            pytest.param("2026-01-31T09:30:00.1234567891Z", "2026-01-31T09:30:00Z", id="many digits"),
            pytest.param("2026-01-31T09:30:00+99:99", "2026-01-31T09:30:00+99:99", id="an offset that is none"),
            pytest.param("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00", id="before the first year"),
        ],
    )
    def test_any_time_that_is_one_by_its_format_is_taken(self, resource: Find, sent: str, stored: str) -> None:
        outcome = create(resource("Event"), involvedObject={"namespace": "blog"}, firstTimestamp=sent)
        assert outcome.causes == []
        assert outcome.obj["firstTimestamp"] == stored

    def test_an_update_follows_the_same_rules(self, resource: Find) -> None:
        old = create(resource("Event"), involvedObject={"namespace": "blog"}).obj
        outcome = update(resource("Event"), old, lastTimestamp="2026-01-31T10:30:00+01:00")
        assert outcome.obj["lastTimestamp"] == "2026-01-31T09:30:00Z"


class TestLease:
    def test_counts_make_sense(self, resource: Find) -> None:
        spec = {"leaseDurationSeconds": 0, "leaseTransitions": -1}
        assert texts(create(resource("Lease"), spec=spec)) == [
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ]
        assert create(resource("Lease")).causes == []

    def test_times_have_microseconds(self, resource: Find) -> None:
        old = create(resource("Lease"), spec={"acquireTime": "2026-01-31T10:30:00+01:00"}).obj
        assert old["spec"]["acquireTime"] == "2026-01-31T09:30:00.000000Z"
        new = update(resource("Lease"), old, spec={"renewTime": "2026-01-31T09:30:00.25Z"}).obj
        assert new["spec"] == {"renewTime": "2026-01-31T09:30:00.250000Z"}


def deployment(**spec: Any) -> JSON:
    return {"dependsOn": [], "template": {"spec": {"image": "x", **spec}}}


class TestDeployment:
    def test_it_does_not_depend_on_itself(self, resource: Find) -> None:
        spec = {**deployment(), "dependsOn": [{"name": "b"}, {"name": "a"}]}
        expected = ['spec.dependsOn[1].name: Invalid value: "a": a Deployment cannot depend on itself']
        assert texts(create(resource("Deployment"), spec=spec)) == expected

    def test_it_does_not_depend_on_another_twice(self, resource: Find) -> None:
        spec = {**deployment(), "dependsOn": [{"name": "b"}, {"name": "b", "condition": "Healthy"}]}
        assert texts(create(resource("Deployment"), spec=spec)) == ['spec.dependsOn[1]: Duplicate value: {"name":"b"}']

    def test_its_template_follows_the_rules_of_containers(self, resource: Find) -> None:
        spec = deployment(mounts=[{"type": "volume", "source": "v", "target": "data"}])
        expected = ['spec.template.spec.mounts[0].target: Invalid value: "data": must be an absolute path']
        assert texts(create(resource("Deployment"), spec=spec)) == expected
        old = create(resource("Deployment"), spec=deployment()).obj
        assert texts(update(resource("Deployment"), old, spec=spec)) == expected

    def test_what_was_wrong_before_and_is_the_same_now_is_let_through(self, resource: Find) -> None:
        old = create(resource("Deployment"), spec=deployment()).obj
        old["spec"] = {**old["spec"], **deployment(mounts=[{"type": "volume", "target": "data"}], image="")}
        outcome = update(resource("Deployment"), old, spec={**old["spec"], "replicas": 3})
        assert outcome.causes == []
        assert outcome.obj["metadata"]["generation"] == 2
        old["spec"]["template"]["spec"]["image"] = "x"
        assert update(resource("Deployment"), old, "status", status={"replicas": 1}).causes == []


class TestContainer:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            pytest.param({"env": [{"name": ""}]}, ["spec.env[0].name: Required value"], id="variable without a name"),
            pytest.param({"env": [{"name": "a"}, {"name": "b", "value": ""}]}, [], id="variables without a value"),
            pytest.param(
                {"env": [{"name": "a=b"}]},
                ["spec.env[0].name: Invalid value: \"a=b\": must not contain '=' or a null character"],
                id="variable with an equals sign",
            ),
            pytest.param(
                {"env": [{"name": "a", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
                ['spec.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty'],
                id="two values",
            ),
            pytest.param(
                {"env": [{"name": "a", "valueFrom": {}}]},
                [
                    'spec.env[0].valueFrom: Invalid value: "": '
                    "exactly one of `secretKeyRef` and `configMapKeyRef` must be specified"
                ],
                id="value from nowhere",
            ),
            pytest.param(
                {"env": [{"name": "a", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}, [], id="env"
            ),
            pytest.param({"livenessProbe": {"exec": {"command": ["true"]}}}, [], id="probe"),
            pytest.param(
                {"readinessProbe": {"periodSeconds": 1}},
                ["spec.readinessProbe: Required value: one of `httpGet`, `tcpSocket` and `exec` must be specified"],
                id="probe without a way",
            ),
            pytest.param(
                {
                    "networkMode": "none",
                    "livenessProbe": {"httpGet": {"port": 80}, "tcpSocket": {"port": 80}, "successThreshold": 2},
                },
                [
                    "spec.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
                    "spec.livenessProbe.successThreshold: Invalid value: 2: must be 1",
                    "spec.livenessProbe.httpGet: Forbidden: "
                    "a container without a network cannot be reached; use `exec`",
                ],
                id="probe of two ways, one time too much, of what cannot be reached",
            ),
            pytest.param(
                {
                    "secrets": [{"name": "s", "key": "k", "target": "x"}],
                    "configs": [{"name": "c", "key": "k", "target": "/x"}],
                },
                ['spec.secrets[0].target: Invalid value: "x": must be an absolute path'],
                id="files",
            ),
            pytest.param(
                {
                    "mounts": [
                        {"type": "npipe", "source": "x", "target": r"\\.\pipe\x"},
                        {"type": "tmpfs", "target": "/t"},
                    ]
                },
                [],
                id="mounts",
            ),
            pytest.param(
                {"ports": [{"containerPort": 80, "hostPortEnd": 9}]},
                ["spec.ports[0].hostPortEnd: Invalid value: 9: may only be specified together with hostPort"],
                id="end of no range",
            ),
            pytest.param(
                {"ports": [{"containerPort": 80, "hostPort": 10, "hostPortEnd": 9}]},
                ["spec.ports[0].hostPortEnd: Invalid value: 9: must be greater than or equal to hostPort, 10"],
                id="range backwards",
            ),
            pytest.param({"ports": [{"containerPort": 80, "hostPort": 9, "hostPortEnd": 10}]}, [], id="range"),
        ],
    )
    def test_what_the_engine_would_refuse_is_refused(self, resource: Find, spec: JSON, expected: list[str]) -> None:
        assert texts(create(resource("Container"), spec={"image": "x", **spec})) == expected

    def test_it_is_bound_to_a_node_once(self, resource: Find) -> None:
        old = create(resource("Container"), spec={"image": "x"}).obj
        bound = update(resource("Container"), old, spec={"image": "x", "nodeName": "n"})
        assert bound.causes == []
        assert update(resource("Container"), bound.obj, spec={"image": "y", "nodeName": "n"}).causes == []
        for spec, shown in (({"image": "x", "nodeName": "m"}, "m"), ({"image": "x"}, "")):
            outcome = update(resource("Container"), bound.obj, spec=spec)
            assert texts(outcome) == [f'spec.nodeName: Invalid value: "{shown}": field is immutable']


def test_a_service_publishes_ranges_forwards(resource: Find) -> None:
    spec = {"deployment": "a", "ports": [{"port": 80, "hostPort": 10, "hostPortEnd": 9}]}
    assert [cause.field for cause in create(resource("Service"), spec=spec).causes] == ["spec.ports[0].hostPortEnd"]
    old = create(resource("Service"), spec={"deployment": "a"}).obj
    assert len(update(resource("Service"), old, spec=spec).causes) == 1
