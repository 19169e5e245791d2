"""A real kubectl over TLS: who it is, what it may do, and what it may not give away."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Server, eventually, free_port

Kubectl = Callable[..., str]


class Failed(Exception):
    """kubectl refused; the text is what it said."""


@pytest.fixture(scope="module")
def access(make_server: Callable[[], Server]) -> Server:
    """A server that listens over TLS."""
    server = make_server()
    server.start("--listen", f"127.0.0.1:{free_port()}")
    return server


@pytest.fixture
def kube(access: Server, kubectl: str, tmp_path: Path) -> Kubectl:
    """kubectl as the administrator."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(access.fizz("kubeconfig", "-n", "default").stdout)

    def run(*arguments: str, stdin: str | None = None) -> str:
        command = [kubectl, "--kubeconfig", str(kubeconfig), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Failed(done.stdout + done.stderr)
        return done.stdout

    return run


def test_kubectl_knows_who_it_is_and_what_it_may(kube: Kubectl) -> None:
    assert "system:masters" in kube("auth", "whoami")
    assert kube("auth", "can-i", "*", "*").strip() == "yes"
    assert "*.*" in kube("auth", "can-i", "--list")


def test_a_service_account_may_what_its_role_says(kube: Kubectl) -> None:
    kube("create", "serviceaccount", "ci")
    kube("create", "role", "reader", "--verb=get,list,watch", "--resource=configmaps")
    kube("create", "rolebinding", "ci", "--role=reader", "--serviceaccount=default:ci")
    token = f"--token={kube('create', 'token', 'ci', '--duration=15m').strip()}"

    assert "system:serviceaccount:default:ci" in kube(token, "auth", "whoami")
    assert kube(token, "auth", "can-i", "list", "configmaps").strip() == "yes"
    with pytest.raises(Failed, match="no"):
        kube(token, "auth", "can-i", "delete", "configmaps")
    listed = kube(token, "auth", "can-i", "--list")
    assert ["configmaps", "[]", "[]", "[get", "list", "watch]"] in [line.split() for line in listed.splitlines()]
    assert kube(token, "get", "configmaps", "-o", "name") == ""
    with pytest.raises(Failed, match="cannot list resource"):
        kube(token, "get", "secrets")
    kube("delete", "serviceaccount", "ci")
    with pytest.raises(Failed, match=r"Unauthorized|must be logged in"):
        kube(token, "get", "configmaps")


def test_acting_as_somebody_else_is_being_no_more_than_that(kube: Kubectl) -> None:
    kube("create", "clusterrolebinding", "viewers", "--clusterrole=view", "--group=viewers")
    jane = ("--as=jane", "--as-group=viewers")

    assert "jane" in kube(*jane, "auth", "whoami")
    assert "default" in kube(*jane, "get", "namespaces")
    with pytest.raises(Failed, match="Forbidden"):
        kube(*jane, "get", "secrets")
    with pytest.raises(Failed, match="Forbidden"):
        kube("--as=joe", "get", "namespaces")


def test_nobody_grants_what_they_do_not_hold(kube: Kubectl) -> None:
    group = "rbac.authorization.k8s.io"
    resources = f"clusterroles.{group},clusterrolebindings.{group}"
    kube("create", "clusterrole", "granter", "--verb=create,get", f"--resource={resources}")
    kube("create", "clusterrolebinding", "granter", "--clusterrole=granter", "--user=joe")

    for attempt in (
        ("create", "clusterrole", "more", "--verb=get", "--resource=secrets"),
        ("create", "clusterrolebinding", "more", "--clusterrole=cluster-admin", "--user=joe"),
    ):
        with pytest.raises(Failed, match="attempting to grant RBAC permissions not currently held"):
            kube("--as=joe", *attempt)
    kube("--as=joe", "create", "clusterrole", "same", "--verb=get", f"--resource=clusterroles.{group}")


def test_a_labelled_role_joins_the_default_roles(kube: Kubectl) -> None:
    kube(
        "apply",
        "-f",
        "-",
        stdin="""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: painter
  labels: {rbac.authorization.k8s.io/aggregate-to-edit: "true"}
rules: [{apiGroups: [fizz.dev], resources: [deployments], verbs: [paint]}]
""",
    )
    kube("create", "rolebinding", "editors", "--clusterrole=edit", "--user=ed")

    def may() -> bool:
        try:
            return kube("--as=ed", "auth", "can-i", "paint", "deployments.fizz.dev").startswith("yes")
        except Failed:
            return False

    eventually(may, what="the aggregated role")


def test_tokens_of_users_are_made_listed_and_ended(access: Server, kube: Kubectl) -> None:
    token = access.fizz("token", "create", "jane", "--group", "devs", "--expires", "1h").stdout.strip()

    told = kube(f"--token={token}", "auth", "whoami")
    assert "jane" in told
    assert "devs" in told
    identifier = token.split("_")[1]
    assert any(line.startswith(identifier) for line in access.fizz("token", "list").stdout.splitlines())
    access.fizz("token", "delete", identifier)
    with pytest.raises(Failed, match=r"Unauthorized|must be logged in"):
        kube(f"--token={token}", "auth", "whoami")
    access.fizz("token", "delete", identifier, code=1)


def test_fizz_itself_goes_over_tls_with_a_token(access: Server) -> None:
    config = access.fizz("kubeconfig").stdout
    url = next(line.split()[-1] for line in config.splitlines() if "server:" in line)
    token = access.fizz("token", "create", "admin", "--admin").stdout.strip()

    assert "fizz-system" in access.fizz("get", "namespaces", FIZZ_SERVER=url, FIZZ_TOKEN=token).stdout
    refused = access.fizz("get", "namespaces", code=1, FIZZ_SERVER=url)
    assert "system:anonymous" in refused.stderr
    untrusted = access.fizz("get", "namespaces", code=1, FIZZ_SERVER=url, FIZZ_CA="/etc/ssl/certs/ca-certificates.crt")
    assert "certificate is not trusted" in untrusted.stderr
