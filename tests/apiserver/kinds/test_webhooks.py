"""Webhook configurations: what they mean where they say nothing, and what is refused with which words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fizz.apiserver.kinds import lifecycle
from fizz.apiserver.kinds.registry import Registry

JSON = dict[str, Any]
RULE: JSON = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"]}
HOOK: JSON = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://localhost/"},
    "rules": [RULE],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
SERVICE: JSON = {"name": "a", "namespace": "b"}


def outcome(kind: str, *hooks: JSON) -> lifecycle.Outcome:
    resource = Registry.builtin().by_kind("admissionregistration.k8s.io/v1", kind)
    assert resource is not None
    body: JSON = {"metadata": {"name": "hooks"}, "webhooks": list(hooks)}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return lifecycle.create(resource, body, namespace=None, now=now, uid="u", suffix="x")


def test_what_is_not_said_is_filled_in_as_kubernetes_does() -> None:
    made = outcome("MutatingWebhookConfiguration", {**HOOK, "clientConfig": {"service": SERVICE}})
    assert made.causes == []
    assert made.obj["webhooks"] == [
        {
            **HOOK,
            "clientConfig": {"service": {**SERVICE, "port": 443}},
            "rules": [{**RULE, "scope": "*"}],
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {},
            "objectSelector": {},
            "timeoutSeconds": 10,
            "reinvocationPolicy": "Never",
        }
    ]


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"name": "short.com"}, "name", "should be a domain with at least three segments separated by dots"),
        ({"name": "A.b.c"}, "name", "a lowercase RFC 1123 subdomain"),
        ({"clientConfig": {}}, "clientConfig", "exactly one of url or service is required"),
        ({"clientConfig": {"url": "http://a"}}, "clientConfig.url", "'https' is the only allowed URL scheme"),
        ({"clientConfig": {"url": "https://"}}, "clientConfig.url", "host must be specified"),
        ({"clientConfig": {"url": "https://a:x/"}}, "clientConfig.url", "url must be a valid URL"),
        ({"clientConfig": {"url": "https://a?b"}}, "clientConfig.url", "query parameters are not permitted"),
        ({"clientConfig": {"url": "https://a#b"}}, "clientConfig.url", "fragments are not permitted"),
        ({"clientConfig": {"url": "https://u:p@a"}}, "clientConfig.url", "user information is not permitted"),
        ({"clientConfig": {"service": {**SERVICE, "port": 0}}}, "clientConfig.service.port", "port is not valid"),
        ({"clientConfig": {"service": {**SERVICE, "path": "x"}}}, "clientConfig.service.path", "must start with a '/'"),
        ({"clientConfig": {"service": {**SERVICE, "name": ""}}}, "clientConfig.service.name", "service name is"),
        ({"sideEffects": None}, "sideEffects", "must specify one of None, NoneOnDryRun"),
        ({"sideEffects": "Some"}, "sideEffects", 'supported values: "None", "NoneOnDryRun"'),
        ({"failurePolicy": "Maybe"}, "failurePolicy", 'supported values: "Fail", "Ignore"'),
        ({"timeoutSeconds": 31}, "timeoutSeconds", "the timeout value must be between 1 and 30 seconds"),
        ({"admissionReviewVersions": []}, "admissionReviewVersions", "must specify one of v1"),
        ({"admissionReviewVersions": ["v0"]}, "admissionReviewVersions", "must include at least one of v1"),
        ({"rules": [{**RULE, "operations": ["GET"]}]}, "rules[0].operations[0]", "Unsupported value"),
        ({"rules": [{**RULE, "operations": ["*", "CREATE"]}]}, "rules[0].operations", "if '*' is present"),
        ({"rules": [{**RULE, "apiGroups": []}]}, "rules[0].apiGroups", "Required value"),
        ({"rules": [{**RULE, "apiVersions": [""]}]}, "rules[0].apiVersions[0]", "Required value"),
        ({"rules": [{**RULE, "resources": ["*", "a"]}]}, "rules[0].resources", "other resources without subresources"),
        ({"rules": [{**RULE, "resources": ["*/*", "a"]}]}, "rules[0].resources", "must not specify other resources"),
        ({"rules": [{**RULE, "resources": ["a/*", "a/b"]}]}, "rules[0].resources[1]", "must not specify a/b"),
        ({"rules": [{**RULE, "scope": "World"}]}, "rules[0].scope", "Unsupported value"),
        ({"matchConditions": [{"name": "a", "expression": "1"}]}, "matchConditions[0].expression", "to bool"),
        ({"matchConditions": [{"name": "a", "expression": "foo"}]}, "matchConditions[0].expression", "undeclared"),
        ({"matchConditions": [{"name": "", "expression": "true"}]}, "matchConditions[0].name", "Required value"),
        (
            {"objectSelector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}},
            "objectSelector.matchExpressions[0].operator",
            "not a valid selector operator",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(change: JSON, field: str, said: str) -> None:
    hook = {key: value for key, value in {**HOOK, **change}.items() if value is not None}
    causes = outcome("ValidatingWebhookConfiguration", hook).causes
    assert [each.field for each in causes] == [f"webhooks[0].{field}"]
    assert said in str(causes[0])


def test_two_webhooks_of_one_name_are_refused() -> None:
    (cause,) = outcome("ValidatingWebhookConfiguration", HOOK, HOOK).causes
    assert str(cause).startswith("webhooks[1]")
