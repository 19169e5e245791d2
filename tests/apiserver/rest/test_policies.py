"""Admission policies judge what is written, in CEL, where a binding says so."""

from typing import Any

import pytest

from tests.apiserver.rest.access_kit import Caller, bind, make_token, role, rule
from tests.apiserver.rest.webhook_kit import BASE, CONFIG_MAPS, JSON

POLICIES, BINDINGS = f"{BASE}/validatingadmissionpolicies", f"{BASE}/validatingadmissionpolicybindings"
MAPS = "/api/v1/namespaces/blog/configmaps"
SMALL: JSON = {"expression": "size(object.data) <= 2"}


async def policy(api: Any, name: str = "small", **spec: Any) -> JSON:
    constraints = {"resourceRules": [{**CONFIG_MAPS, "operations": ["CREATE", "UPDATE"]}]}
    whole = {"matchConstraints": constraints, "validations": [SMALL], **spec}
    answer = await api.post(POLICIES, {"metadata": {"name": name}, "spec": whole})
    assert answer.code == 201, answer.body
    made: JSON = answer.json
    return made


async def binding(api: Any, policy_name: str = "small", *actions: str, name: str = "everywhere", **spec: Any) -> None:
    whole = {"policyName": policy_name, "validationActions": list(actions or ("Deny",)), **spec}
    answer = await api.post(BINDINGS, {"metadata": {"name": name}, "spec": whole})
    assert answer.code == 201, answer.body


async def write(api: Any, name: str = "a", namespace: str = "blog", **data: str) -> Any:
    body = {"metadata": {"name": name}, "data": data}
    return await api.post(f"/api/v1/namespaces/{namespace}/configmaps", body)


BIG = {"a": "1", "b": "2", "c": "3"}
DENIED = "ValidatingAdmissionPolicy 'small' with binding 'everywhere' denied request: "


@pytest.fixture(autouse=True)
async def blog(api: Any) -> None:
    await api.namespace()


async def test_what_does_not_hold_is_refused_in_kubernetes_words(api: Any) -> None:
    made = await policy(api)
    assert (made["spec"]["failurePolicy"], made["spec"]["matchConstraints"]["matchPolicy"]) == ("Fail", "Equivalent")
    assert made["status"] == {"observedGeneration": 1, "typeChecking": {}}
    assert (await write(api, "before", **BIG)).code == 201  # without a binding, it does not count
    await binding(api)
    answer = await write(api, **BIG)
    said = f"{DENIED}failed expression: size(object.data) <= 2"
    assert (answer.code, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["message"] == f'configmaps "a" is forbidden: {said}'
    assert answer.json["details"] == {"name": "a", "kind": "configmaps", "causes": [{"message": said}]}
    assert (await write(api, a="1")).code == 201
    assert (await api.patch(f"{MAPS}/a", {"data": BIG})).code == 422
    assert (await api.delete(f"{MAPS}/before")).code == 200


async def test_messages_and_reasons_are_the_policys(api: Any) -> None:
    validations = [
        {**SMALL, "reason": "Forbidden", "messageExpression": "'%d is too many'.format([size(object.data)])"},
        {"expression": "!('c' in object.data)", "message": "no c"},
    ]
    await policy(api, validations=validations)
    await binding(api)
    answer = await write(api, **BIG)
    assert (answer.code, answer.json["reason"]) == (403, "Forbidden")
    assert answer.json["message"].endswith("denied request: 3 is too many")
    assert (await write(api, c="1")).json["message"].endswith("denied request: no c")


async def test_a_message_that_cannot_be_made_falls_back(api: Any) -> None:
    words = {"messageExpression": "object.none.at.all", "message": "too many"}
    await policy(api, validations=[{**SMALL, **words}])
    await binding(api)
    assert (await write(api, **BIG)).json["message"].endswith("denied request: too many")


async def test_warnings_and_audits_let_the_write_pass(api: Any) -> None:
    await policy(api)
    await binding(api, "small", "Warn", "Audit")
    answer = await write(api, **BIG)
    assert answer.code == 201
    assert answer.headers["warning"] == (
        "299 - \"Validation failed for ValidatingAdmissionPolicy 'small' with binding 'everywhere': "
        'failed expression: size(object.data) <= 2"'
    )


async def test_variables_are_worked_out_when_they_are_needed(api: Any) -> None:
    variables = [
        {"name": "count", "expression": "size(object.data)"},
        {"name": "twice", "expression": "variables.count * 2"},
        {"name": "broken", "expression": "object.none"},
    ]
    validations = [{"expression": "variables.twice <= 4", "messageExpression": "'twice: ' + string(variables.twice)"}]
    await policy(api, variables=variables, validations=validations)
    await binding(api)
    assert (await write(api, a="1")).code == 201
    assert (await write(api, "b", **BIG)).json["message"].endswith("denied request: twice: 6")
    await policy(api, "other", variables=variables, validations=[{"expression": "variables.broken == 1"}])
    await binding(api, "other", name="there")
    assert (
        (await write(api, "c", a="1"))
        .json["message"]
        .endswith(
            "denied request: expression 'variables.broken == 1' resulted in error: "
            'composited variable "broken" fails to evaluate: no such key: none'
        )
    )


async def test_expressions_see_the_request_the_namespace_and_what_was_there(api: Any) -> None:
    validations = [
        {"expression": "request.userInfo.username == 'administrator' && request.operation in ['CREATE', 'UPDATE']"},
        {"expression": "namespaceObject.metadata.name == request.namespace && request.name == object.metadata.name"},
        {"expression": "oldObject == null || oldObject.data.a == object.data.a", "message": "a stays"},
        {"expression": "has(object.metadata.uid) && request.resource.resource == 'configmaps'"},
    ]
    await policy(api, validations=validations)
    await binding(api)
    assert (await write(api, a="1")).code == 201
    assert (await api.patch(f"{MAPS}/a", {"data": {"b": "2"}})).code == 200
    assert (await api.patch(f"{MAPS}/a", {"data": {"a": "2"}})).json["message"].endswith("denied request: a stays")


async def test_an_expression_that_fails_refuses_or_passes_by_the_failure_policy(api: Any) -> None:
    made = await policy(api, validations=[{"expression": "object.data.need == 'x'"}])
    await binding(api)
    answer = await write(api, a="1")
    assert answer.json["message"].endswith("expression 'object.data.need == 'x'' resulted in error: no such key: need")
    made["spec"]["failurePolicy"] = "Ignore"
    changed = (await api.put(f"{POLICIES}/small", made)).json
    assert (changed["metadata"]["generation"], changed["status"]["observedGeneration"]) == (2, 2)
    assert (await write(api, a="1")).code == 201
    assert (await write(api, "b", need="y")).code == 422


async def test_parameters_are_found_by_name_or_by_labels(api: Any) -> None:
    params = {"apiVersion": "v1", "kind": "ConfigMap"}
    constraints: JSON = {
        "resourceRules": [CONFIG_MAPS],
        "objectSelector": {"matchExpressions": [{"key": "limits", "operator": "DoesNotExist"}]},
    }
    limit = [{"expression": "size(object.data) <= int(params.data.max)", "message": "over the limit"}]
    await policy(api, paramKind=params, matchConstraints=constraints, validations=limit)
    await binding(api, paramRef={"name": "limits", "parameterNotFoundAction": "Deny"})
    missing = await write(api, a="1")
    assert missing.json["message"].endswith(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )
    await api.config_map("limits", {"max": "1"}, labels={"limits": "yes"})
    assert (await write(api, a="1")).code == 201
    assert (await write(api, "b", a="1", b="2")).json["message"].endswith("denied request: over the limit")
    await api.delete(f"{BINDINGS}/everywhere")
    selector = {"matchLabels": {"limits": "yes"}}
    await binding(api, paramRef={"selector": selector, "namespace": "blog", "parameterNotFoundAction": "Allow"})
    await api.config_map("more", {"max": "5"}, labels={"limits": "yes"})
    assert (await write(api, "b", a="1", b="2")).code == 422  # it must hold for each of them
    await api.delete(f"{MAPS}/limits")
    assert (await write(api, "b", a="1", b="2")).code == 201
    await api.delete(f"{MAPS}/more")
    assert (await write(api, "c", **BIG)).code == 201  # there is none, and that is allowed


@pytest.mark.parametrize(
    ("kind", "ref", "said"),
    [
        ({"apiVersion": "example.com/v1", "kind": "None"}, {"name": "x"}, "failed to find resource referenced"),
        ({"apiVersion": "v1", "kind": "Namespace"}, {"name": "x", "namespace": "y"}, "must not be provided"),
        ({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview"}, {"name": "x"}, "failed to find resource"),
    ],
)
async def test_a_binding_that_cannot_be_followed_is_named(api: Any, kind: JSON, ref: JSON, said: str) -> None:
    await policy(api, paramKind=kind)
    await binding(api, "small", "Audit", paramRef={**ref, "parameterNotFoundAction": "Allow"})
    answer = await write(api, a="1")
    assert answer.code == 422
    assert "failed to configure binding: " in answer.json["message"]
    assert said in answer.json["message"]


async def test_conditions_and_resources_of_a_binding_choose_requests(api: Any) -> None:
    await api.post("/api/v1/namespaces", {"metadata": {"name": "prod", "labels": {"env": "prod"}}})
    conditions = [{"name": "not-free", "expression": "!object.metadata.name.startsWith('free')"}]
    await policy(api, matchConditions=conditions)
    narrowed = {
        "namespaceSelector": {"matchLabels": {"env": "prod"}},
        "excludeResourceRules": [{**CONFIG_MAPS, "resourceNames": ["special"]}],
    }
    await binding(api, matchResources=narrowed)
    assert (await write(api, **BIG)).code == 201
    assert (await write(api, "free", "prod", **BIG)).code == 201
    assert (await write(api, "special", "prod", **BIG)).code == 201
    assert (await write(api, "b", "prod", **BIG)).code == 422


async def test_a_binding_may_name_fewer_resources(api: Any) -> None:
    await policy(api, matchConstraints={"resourceRules": [{**CONFIG_MAPS, "resources": ["*"]}]})
    await binding(api, matchResources={"resourceRules": [{**CONFIG_MAPS, "resources": ["secrets"]}]})
    assert (await write(api, **BIG)).code == 201
    secret = {"metadata": {"name": "s"}, "stringData": BIG}
    assert (await api.post("/api/v1/namespaces/blog/secrets", secret)).code == 422


async def test_deletions_are_judged_too_and_policies_are_not(api: Any) -> None:
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}
    keep = [{"expression": "request.operation != 'DELETE' || oldObject.metadata.name != 'kept'", "message": "kept"}]
    await policy(api, matchConstraints={"resourceRules": [everything]}, validations=keep)
    await binding(api)
    await write(api, "kept", a="1")
    assert (await api.delete(f"{MAPS}/kept")).json["message"].endswith("denied request: kept")
    assert (await api.delete(f"{BINDINGS}/everywhere")).code == 200
    assert (await api.delete(f"{MAPS}/kept")).code == 200


async def test_expressions_may_ask_what_the_user_may_do(api: Any) -> None:
    breakglass = "authorizer.group('example.com').resource('locks').namespace('blog').name('all').check('break')"
    validations = [
        {"expression": f"{breakglass}.allowed()", "messageExpression": f"'why: <' + {breakglass}.reason() + '>'"},
        {"expression": "authorizer.requestResource.check('create').allowed() || request.operation == 'DELETE'"},
        {"expression": "!authorizer.serviceAccount('blog', 'ci').path('/metrics').check('get').allowed()"},
    ]
    await policy(api, validations=validations)
    await binding(api)
    assert (await write(api, a="1")).code == 201  # the administrator may do anything
    await role(api, "maps", rule("create", "configmaps"))
    await bind(api, "maps", "jane")
    jane = Caller(api, (await make_token(api, "jane")).text)
    body = {"metadata": {"name": "b"}}
    answer = await jane("POST", MAPS, body)
    assert (answer.code, answer.json["message"].rpartition(": ")[2]) == (422, "<>")
    await role(api, "breakers", rule("break", "locks", "example.com"))
    await bind(api, "breakers", "jane")
    assert (await jane("POST", MAPS, body)).code == 201


async def test_who_writes_policies_must_be_allowed_to_read_their_parameters(api: Any) -> None:
    await role(api, "policies", rule("create update", "validatingadmissionpolicies", "admissionregistration.k8s.io"))
    await role(api, "bindings", rule("create", "validatingadmissionpolicybindings", "admissionregistration.k8s.io"))
    await role(api, "reader", rule("get", "secrets"))
    await bind(api, "policies", "jane")
    await bind(api, "bindings", "jane")
    jane = Caller(api, (await make_token(api, "jane")).text)
    spec: JSON = {
        "paramKind": {"apiVersion": "v1", "kind": "Secret"},
        "matchConstraints": {"resourceRules": [CONFIG_MAPS]},
        "validations": [{"expression": "false", "messageExpression": "string(params.data.password)"}],
    }
    body = {"metadata": {"name": "nosy"}, "spec": spec}
    refused = await jane("POST", POLICIES, body)
    assert refused.code == 403
    assert 'jane must have "get" permission on all objects of the referenced paramKind' in refused.json["message"]
    unknown = {**body, "spec": {**spec, "paramKind": {"apiVersion": "example.com/v1", "kind": "None"}}}
    assert (await jane("POST", POLICIES, unknown)).code == 403
    assert (await api.post(POLICIES, body)).code == 201
    whole = {"policyName": "nosy", "validationActions": ["Deny"]}
    refs: tuple[JSON, ...] = ({"name": "s"}, {"selector": {}})
    for ref in refs:
        bound = {**whole, "paramRef": {**ref, "namespace": "blog", "parameterNotFoundAction": "Deny"}}
        refused = await jane("POST", BINDINGS, {"metadata": {"name": "b"}, "spec": bound})
        assert refused.code == 403
        assert f'must have "{"get" if "name" in ref else "list"}" permission' in refused.json["message"]
    await bind(api, "reader", "jane")
    named = {**whole, "paramRef": {"name": "s", "namespace": "blog", "parameterNotFoundAction": "Deny"}}
    assert (await jane("POST", BINDINGS, {"metadata": {"name": "b"}, "spec": named})).code == 201
    assert (await jane("POST", POLICIES, {**body, "metadata": {"name": "other"}})).code == 201


async def test_tables_tell_parameters(api: Any) -> None:
    await policy(api)
    await policy(api, "limited", paramKind={"apiVersion": "v1", "kind": "ConfigMap"})
    await binding(api)
    ref = {"name": "limits", "namespace": "blog", "parameterNotFoundAction": "Deny"}
    await binding(api, "limited", "Audit", name="limited", paramRef=ref)

    async def cells(path: str) -> list[list[Any]]:
        headers = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        rows = (await api.request("GET", path, headers=headers)).json["rows"]
        return [row["cells"][:-1] for row in rows]

    assert await cells(POLICIES) == [["limited", 1, "v1/ConfigMap"], ["small", 1, "<unset>"]]
    assert await cells(BINDINGS) == [["everywhere", "small", "<unset>"], ["limited", "limited", "blog/limits"]]


async def test_loops_are_bounded(api: Any) -> None:
    items = ",".join(["1"] * 200)
    await policy(api, validations=[{"expression": f"[{items}].all(x, [{items}].all(y, [{items}].all(z, true)))"}])
    await binding(api)
    assert "call cost exceeds limit" in (await write(api, a="1")).json["message"]


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"matchConstraints": None}, "spec.matchConstraints", "Required value"),
        ({"matchConstraints": {}}, "spec.matchConstraints.resourceRules", "Required value"),
        ({"validations": []}, "spec.validations", "must contain at least one item"),
        ({"validations": [{"expression": "1 +"}]}, "spec.validations[0].expression", "compilation failed"),
        ({"validations": [{"expression": "1 + 1"}]}, "spec.validations[0].expression", "must evaluate to bool"),
        ({"validations": [{"expression": "nothing"}]}, "spec.validations[0].expression", "undeclared reference"),
        ({"validations": [{"expression": "variables.x"}]}, "spec.validations[0].expression", "undefined field 'x'"),
        ({"validations": [{**SMALL, "reason": "Odd"}]}, "spec.validations[0].reason", "Unsupported value"),
        ({"validations": [{**SMALL, "message": "a\nb"}]}, "spec.validations[0].message", "line breaks"),
        ({"validations": [{**SMALL, "messageExpression": "1"}]}, "spec.validations[0].messageExpression", "string"),
        ({"variables": [{"name": "1", "expression": "1"}]}, "spec.variables[0].name", "not a valid CEL identifier"),
        ({"paramKind": {"kind": "X"}}, "spec.paramKind.apiVersion", "Required value"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "1"}]}, "spec.auditAnnotations[0].valueExpression",
         "must evaluate to string or null_type"),
    ],
)  # fmt: skip
async def test_a_policy_that_makes_no_sense_is_refused(api: Any, spec: JSON, field: str, said: str) -> None:
    constraints = {"resourceRules": [CONFIG_MAPS]}
    whole = {"matchConstraints": constraints, "validations": [SMALL], **spec}
    answer = await api.post(POLICIES, {"metadata": {"name": "x"}, "spec": whole})
    assert answer.code == 422
    causes = answer.json["details"]["causes"]
    assert [each["field"] for each in causes] == [field]
    assert said in causes[0]["message"]


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"policyName": ""}, "spec.policyName", "Required value"),
        ({"validationActions": []}, "spec.validationActions", "Required value"),
        ({"validationActions": ["Deny", "Deny"]}, "spec.validationActions[1]", "Duplicate value"),
        ({"validationActions": ["Deny", "Warn"]}, "spec.validationActions", "must not contain both Deny and Warn"),
        ({"paramRef": {"parameterNotFoundAction": "Deny"}}, "spec.paramRef", "one of name or selector"),
        ({"paramRef": {"name": "a"}}, "spec.paramRef.parameterNotFoundAction", "Required value"),
        ({"paramRef": {"name": "a", "selector": {}, "parameterNotFoundAction": "Deny"}}, "spec.paramRef.name",
         "mutually exclusive"),
    ],
)  # fmt: skip
async def test_a_binding_that_makes_no_sense_is_refused(api: Any, spec: JSON, field: str, said: str) -> None:
    whole = {"policyName": "x", "validationActions": ["Deny"], **spec}
    answer = await api.post(BINDINGS, {"metadata": {"name": "x"}, "spec": whole})
    assert answer.code == 422
    causes = answer.json["details"]["causes"]
    assert [each["field"] for each in causes] == [field]
    assert said in causes[0]["message"]
