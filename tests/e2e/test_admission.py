"""Webhooks and policies with kubectl, as operators' manifests bring them."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Server
from tests.e2e.machinery import Program, serving

MANIFESTS = Path(__file__).parent / "operators" / "certificates.yaml"
POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: small}
spec:
  matchConstraints:
    resourceRules:
    - {operations: [CREATE, UPDATE], apiGroups: [""], apiVersions: [v1], resources: [configmaps]}
  validations:
  - expression: "!has(object.data) || size(object.data) <= 2"
    message: at most two keys
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: small}
spec: {policyName: small, validationActions: [%s]}
"""


@pytest.fixture(scope="module")
def kc(make_server: Callable[[], Server], kubectl: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with serving(make_server()) as kubeconfig:
        yield Program(kubectl, kubeconfig, tmp_path_factory.mktemp("admission"))


def test_an_operators_manifests_are_taken_as_they_are(kc: Program) -> None:
    """The operator fills in the caBundle later; until then its own kinds alone cannot be written."""
    kc("create", "-f", MANIFESTS)
    kc("apply", "--server-side", "--force-conflicts", "-f", MANIFESTS)
    assert "mutatingwebhookconfigurations" in kc("api-resources", "--api-group=admissionregistration.k8s.io")
    shown = kc("get", "mutatingwebhookconfigurations,validatingwebhookconfigurations")
    assert shown.split()[:3] == ["NAME", "WEBHOOKS", "AGE"]
    assert "mutatingwebhookconfiguration.admissionregistration.k8s.io/certificates-webhook" in shown
    assert "Failure Policy:  Fail" in kc("describe", "validatingwebhookconfiguration", "certificates-webhook")
    explained = kc("explain", "mutatingwebhookconfigurations.webhooks", "--recursive")
    assert "reinvocationPolicy" in explained
    kc("wait", "--for=condition=Established", "crd/issuers.certificates.example.com", "--timeout=10s")
    issuer = "apiVersion: certificates.example.com/v1\nkind: Issuer\nmetadata: {name: mine}\nspec: {}\n"
    refused = kc("create", "-f", "-", stdin=issuer, code=1)
    assert 'failed calling webhook "webhook.certificates.example.com": failed to call webhook: ' in refused
    assert 'service "certificates-webhook" not found' in refused
    kc("create", "configmap", "unconcerned")
    bundle = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
    patch = f'[{{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":"{bundle}"}}]'
    kc("patch", "validatingwebhookconfiguration", "certificates-webhook", "--type=json", "-p", patch)
    kc("delete", "-f", MANIFESTS)


def test_a_policy_refuses_or_warns(kc: Program) -> None:
    kc("apply", "-f", "-", stdin=POLICY % "Deny")
    assert kc("get", "validatingadmissionpolicies").split()[:4] == ["NAME", "VALIDATIONS", "PARAMKIND", "AGE"]
    assert kc("get", "validatingadmissionpolicybindings").split()[:4] == ["NAME", "POLICYNAME", "PARAMREF", "AGE"]
    three = [f"--from-literal={key}=1" for key in "abc"]
    refused = kc("create", "configmap", "big", *three, code=1)
    assert "ValidatingAdmissionPolicy 'small' with binding 'small' denied request: at most two keys" in refused
    kc("create", "configmap", "small", *three[:2])
    kc("apply", "-f", "-", stdin=POLICY % "Warn")
    assert "Warning: Validation failed for ValidatingAdmissionPolicy 'small'" in kc(
        "create", "configmap", "big", *three
    )
    assert "expression" in kc("explain", "validatingadmissionpolicies.spec.validations")
    kc("delete", "validatingadmissionpolicy/small", "validatingadmissionpolicybinding/small")


def test_rbac_guards_them(kc: Program) -> None:
    kc("create", "clusterrole", "hooks", "--verb=get,list", "--resource=validatingwebhookconfigurations")
    kc("create", "clusterrolebinding", "hooks", "--clusterrole=hooks", "--user=jane")
    assert kc("auth", "can-i", "list", "validatingwebhookconfigurations", "--as=jane").split()[-1] == "yes"
    assert "no" in kc("auth", "can-i", "create", "validatingwebhookconfigurations", "--as=jane", code=1)
    kc("get", "validatingwebhookconfigurations", "--as=jane")
    assert "Forbidden" in kc("get", "mutatingwebhookconfigurations", "--as=jane", code=1)
