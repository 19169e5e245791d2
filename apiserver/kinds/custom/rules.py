"""The rules of CustomResourceDefinitions: what is filled in, what is refused, what cannot change.

Source: the defaults and the validation of apiextensions.k8s.io/v1, whose words these are.
"""

import re
from collections import Counter
from typing import Any, Final

from fizz.apiserver.kinds.causes import (
    IMMUTABLE,
    Cause,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_many,
)
from fizz.apiserver.kinds.cel.definitions import check_rules
from fizz.apiserver.kinds.clients import certificates, check_client, check_review_versions
from fizz.apiserver.kinds.custom import jsonpaths, names
from fizz.apiserver.kinds.custom.schemas import check_schema, prune_schema
from fizz.apiserver.kinds.values import equal
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON
from fizz.schemas.names import check_subdomain

__all__ = ["RULES"]

_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = (
    "byte", "date", "date-time", "double", "float", "int32", "int64", "password",
)  # fmt: skip
_APPROVAL: Final = "api-approved.kubernetes.io"
_PROTECTED: Final = (".k8s.io", ".kubernetes.io")
_MOST_SELECTABLE: Final = 8


def _prune(obj: JSON, unknown: list[str]) -> None:
    """Cut keywords of schemas that mean nothing. The definition is of the right shape down to its schemas."""
    for index, version in enumerate(_versions(obj)):
        holder = version.get("schema")
        if isinstance(holder, dict) and "openAPIV3Schema" in holder:
            path = f"spec.versions[{index}].schema.openAPIV3Schema"
            holder["openAPIV3Schema"] = prune_schema(holder["openAPIV3Schema"], path, unknown)


def _versions(obj: JSON) -> list[JSON]:
    spec = obj.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    return [each for each in versions if isinstance(each, dict)] if isinstance(versions, list) else []


def _filled(obj: JSON) -> JSON:
    """What a definition that says nothing means."""
    spec = dict(obj["spec"])
    wanted = dict(spec["names"])
    if wanted.get("kind"):
        wanted["singular"] = wanted.get("singular") or wanted["kind"].lower()
        wanted["listKind"] = wanted.get("listKind") or f"{wanted['kind']}List"
    spec["names"] = wanted
    spec["conversion"] = spec.get("conversion") or {"strategy": "None"}
    if spec.get("preserveUnknownFields") is False:
        del spec["preserveUnknownFields"]
    return {**obj, "spec": spec}


def _on_create(obj: JSON) -> Verdict:
    new = _filled(obj)
    causes = _check(new)
    stored = [each["name"] for each in new["spec"]["versions"] if each.get("storage")]
    status = {"conditions": [], "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}
    return Verdict({**new, "status": status}, causes)


def _on_update(old: JSON, new: JSON) -> Verdict:
    new = _filled(new)
    status = dict(new.get("status") or {})
    before = (old.get("status") or {}).get("storedVersions") or []
    stored = list(status.get("storedVersions") or before)
    present = [each["name"] for each in new["spec"]["versions"]]
    causes = [] if equal(old["spec"], new["spec"]) else _check(new)
    stored += [each["name"] for each in new["spec"]["versions"] if each.get("storage") and each["name"] not in stored]
    for index, name in enumerate(stored):
        if name not in present:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{name} and removes {name} from status.storedVersions"
            )
            causes.append(invalid(f"status.storedVersions[{index}]", name, detail))
    one, other = old["spec"], new["spec"]
    if names.is_established(old):
        causes += [
            invalid(f"spec.{field}", other[field], IMMUTABLE) for field in ("scope",) if one[field] != other[field]
        ]
        if one["names"]["kind"] != other["names"]["kind"]:
            causes.append(invalid("spec.names.kind", other["names"]["kind"], IMMUTABLE))
    causes += [invalid("spec.group", other["group"], IMMUTABLE)] if one["group"] != other["group"] else []
    if one["names"]["plural"] != other["names"]["plural"]:
        causes.append(invalid("spec.names.plural", other["names"]["plural"], IMMUTABLE))
    return Verdict({**new, "status": {**status, "storedVersions": stored}}, causes)


def _check(obj: JSON) -> list[Cause]:
    spec = obj["spec"]
    causes = _name(obj) + _group(spec, obj["metadata"]) + _scope(spec) + _names(spec["names"])
    causes += _version_list(spec["versions"])
    causes += _conversion(spec)
    if spec.get("preserveUnknownFields"):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        causes.append(invalid("spec.preserveUnknownFields", True, detail))
    place = _shared_places(spec["versions"])
    for index, version in enumerate(spec["versions"]):
        own = f"spec.versions[{index}]"
        places = {key: f"spec.{top}" if top else f"{own}.{key}" for key, top in place.items()}
        causes += _version(version, own, places)
    return list(dict.fromkeys(causes))


def _shared_places(versions: list[JSON]) -> dict[str, str]:
    """Where errors are told: what all versions have in common is told once, as of the definition."""
    shared: dict[str, str] = {}
    for key, top in (("schema", "validation"), ("subresources", "subresources"), ("additionalPrinterColumns",) * 2):
        values = [version.get(key) for version in versions]
        shared[key] = top if all(equal(value, values[0]) for value in values) else ""
    return {**shared, "selectableFields": ""}


def _name(obj: JSON) -> list[Cause]:
    wanted = f"{obj['spec']['names'].get('plural', '')}.{obj['spec']['group']}"
    if obj["metadata"]["name"] == wanted:
        return []
    return [invalid("metadata.name", obj["metadata"]["name"], 'must be spec.names.plural+"."+spec.group')]


def _group(spec: JSON, metadata: JSON) -> list[Cause]:
    group = spec["group"]
    if not group:
        return [required("spec.group")]
    if problem := check_subdomain(group):
        return [invalid("spec.group", group, problem)]
    if "." not in group:
        return [invalid("spec.group", group, "should be a domain with at least one dot")]
    if not f".{group}".endswith(_PROTECTED):
        return []
    approved = (metadata.get("annotations") or {}).get(_APPROVAL, "")
    place = f"metadata.annotations[{_APPROVAL}]"
    if not approved:
        detail = (
            f'protected groups must have approval annotation "{_APPROVAL}", see '
            "https://github.com/kubernetes/enhancements/pull/1111"
        )
        return [required(place, detail)]
    if not approved.startswith(("https://", "http://", "unapproved")):
        detail = (
            f'protected groups must have approval annotation "{_APPROVAL}" with either a URL or a reason starting '
            'with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111'
        )
        return [invalid(place, approved, detail)]
    return []


def _scope(spec: JSON) -> list[Cause]:
    if not spec["scope"]:
        return [required("spec.scope")]
    return (
        []
        if spec["scope"] in {"Cluster", "Namespaced"}
        else [not_supported("spec.scope", spec["scope"], ("Cluster", "Namespaced"))]
    )


def _names(wanted: JSON) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("plural", "singular", "kind", "listKind"):
        value = wanted.get(field)
        place = f"spec.names.{field}"
        if not value:
            causes.append(required(place))
        elif problem := _label(value.lower() if field in {"kind", "listKind"} else value):
            causes.append(invalid(place, value, problem))
    for field in ("shortNames", "categories"):
        for index, value in enumerate(wanted.get(field) or ()):
            if problem := _label(value):
                causes.append(invalid(f"spec.names.{field}[{index}]", value, problem))
    if wanted.get("kind") and wanted.get("kind") == wanted.get("listKind"):
        causes.append(invalid("spec.names.listKind", wanted["listKind"], "kind and listKind may not be the same"))
    return causes


def _label(text: str) -> str | None:
    if len(text) > 63:
        return "must be no more than 63 characters"
    return None if _LABEL.fullmatch(text) else _LABEL_RULE


def _version_list(versions: list[JSON]) -> list[Cause]:
    causes: list[Cause] = []
    for index, version in enumerate(versions):
        if problem := _label(version["name"]):
            causes.append(invalid(f"spec.versions[{index}].name", version["name"], problem))
    if any(count > 1 for count in Counter(each["name"] for each in versions).values()):
        causes.append(invalid("spec.versions", versions, "must contain unique version names"))
    if sum(bool(each.get("storage")) for each in versions) != 1:
        causes.append(invalid("spec.versions", versions, "must have exactly one version marked as storage version"))
    return causes


def _conversion(spec: JSON) -> list[Cause]:
    conversion = spec["conversion"]
    place = "spec.conversion"
    strategy = conversion.get("strategy")
    if not strategy:
        return [required(f"{place}.strategy")]
    webhook = conversion.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    at_config, at_versions = f"{place}.webhookClientConfig", f"{place}.conversionReviewVersions"
    if strategy == "None":
        said = "should not be set when strategy is not set to Webhook"
        found = ((at_config, config), (at_versions, versions))
        return [forbidden(field, said) for field, given in found if given]
    if strategy != "Webhook":
        return [not_supported(f"{place}.strategy", strategy, ("None", "Webhook"))]
    causes = check_review_versions(versions, at_versions)
    if config is None:
        return [required(at_config, "required when strategy is set to Webhook"), *causes]
    causes = check_client(config, at_config) + causes
    if config.get("caBundle"):
        try:
            certificates(config["caBundle"])
        except ValueError as problem:
            causes.append(invalid(f"{at_config}.caBundle", config["caBundle"], str(problem)))
    return causes


def _version(version: JSON, own: str, places: dict[str, str]) -> list[Cause]:
    causes: list[Cause] = []
    warning = version.get("deprecationWarning")
    if warning is not None:
        if not version.get("deprecated"):
            causes.append(invalid(f"{own}.deprecationWarning", warning, "can only be set for deprecated versions"))
        if not warning or len(warning.encode()) > 256 or not warning.isprintable():
            detail = "must be 1 to 256 bytes of printable characters"
            causes.append(invalid(f"{own}.deprecationWarning", warning, detail))
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return [*causes, required(f"{own}.schema.openAPIV3Schema", "schemas are required")]
    at_schema = f"{places['schema']}.openAPIV3Schema"
    wrong = check_schema(schema, at_schema)
    causes += wrong or check_rules(schema, at_schema)
    causes += _subresources(version.get("subresources") or {}, places["subresources"])
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        causes += _column(column, f"{places['additionalPrinterColumns']}[{index}]")
    return causes + _selectable(version.get("selectableFields") or [], schema, f"{own}.selectableFields")


def _subresources(subresources: JSON, place: str) -> list[Cause]:
    scale = subresources.get("scale")
    if scale is None:
        return []
    causes: list[Cause] = []
    for field, roots in (
        ("specReplicasPath", (".spec",)),
        ("statusReplicasPath", (".status",)),
        ("labelSelectorPath", (".spec", ".status")),
    ):
        path, here = scale.get(field), f"{place}.scale.{field}"
        if not path:
            if field != "labelSelectorPath":
                causes.append(required(here))
            continue
        if problem := jsonpaths.problem(path, simple=True):
            causes.append(invalid(here, path, problem))
        elif not path.startswith(tuple(f"{root}." for root in roots)):
            causes.append(invalid(here, path, f"should be a json path under {' or '.join(roots)}"))
    return causes


def _column(column: JSON, place: str) -> list[Cause]:
    causes: list[Cause] = []
    if not column.get("name"):
        causes.append(required(f"{place}.name"))
    if not column.get("type"):
        causes.append(required(f"{place}.type", "must be one of boolean,date,integer,number,string"))
    elif column["type"] not in _COLUMN_TYPES:
        detail = f"must be one of {','.join(_COLUMN_TYPES)}"
        causes.append(invalid(f"{place}.type", column["type"], detail))
    if column.get("format") and column["format"] not in _COLUMN_FORMATS:
        causes.append(invalid(f"{place}.format", column["format"], f"must be one of {','.join(_COLUMN_FORMATS)}"))
    if not column.get("jsonPath"):
        causes.append(required(f"{place}.jsonPath"))
    elif problem := jsonpaths.problem(column["jsonPath"]):
        causes.append(invalid(f"{place}.jsonPath", column["jsonPath"], problem))
    return causes


def _selectable(fields: list[JSON], schema: JSON, place: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    if len(fields) > _MOST_SELECTABLE:
        causes.append(too_many(place, len(fields), _MOST_SELECTABLE))
    for index, field in enumerate(fields):
        path, here = field.get("jsonPath", ""), f"{place}[{index}].jsonPath"
        if not path:
            causes.append(required(here))
            continue
        if path in seen:
            causes.append(duplicate(here, path))
        seen.add(path)
        if jsonpaths.problem(path, simple=True):
            causes.append(invalid(here, path, "is an invalid path: must be a simple path of fields"))
        elif path.startswith(".metadata"):
            causes.append(invalid(here, path, "must not point to fields in metadata"))
        else:
            causes += _selected(path, schema, here)
    return causes


def _selected(path: str, schema: JSON, here: str) -> list[Cause]:
    node: Any = schema
    for name in path.removeprefix(".").split("."):
        node = (node.get("properties") or {}).get(name)
        if not isinstance(node, dict):
            detail = 'is an invalid path: does not refer to a valid field: cannot find field "' + name + '"'
            return [invalid(here, path, detail)]
    if node.get("type") in {"string", "boolean", "integer"}:
        return []
    detail = (
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are "
        "allowed."
    )
    return [invalid(here, path, detail)]


RULES: Final = Rules(_on_create, _on_update, _prune)
