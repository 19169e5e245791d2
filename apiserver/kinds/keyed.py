"""Secrets and ConfigMaps: data by key.

Keys are file names. Together the data is 1 MiB at most. `immutable: true` can be set once and never taken back. A
Secret's data is base64; what is written to stringData goes into data and is never read back; the type says which keys
there must be, and stays.

Source: the validation of Secret and ConfigMap in Kubernetes; "Secret types" in its documentation.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import Final

import orjson

from fizz.apiserver import errors
from fizz.apiserver.kinds.causes import IMMUTABLE, Cause, forbidden, invalid, required, too_long
from fizz.apiserver.kinds.values import equal
from fizz.apiserver.kinds.verdict import Rules, Verdict
from fizz.schemas.base import JSON

__all__ = ["CONFIG_MAP", "LIMIT", "SECRET"]

LIMIT: Final = 1024 * 1024
"""Bytes of all data together."""

_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_WHEN_SET: Final = "field is immutable when `immutable` is set"
_HIDDEN: Final = "<secret contents redacted>"
_DOCKER_FILES: Final = {
    "kubernetes.io/dockercfg": ".dockercfg",
    "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
}
_ACCOUNT: Final = "kubernetes.io/service-account.name"


def _create_config_map(obj: JSON) -> Verdict:
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    sizes = _decode(binary, "ConfigMap")
    causes = _check_keys(data, "data") + _check_keys(binary, "binaryData")
    causes += [invalid(f"data[{key}]", key, "duplicate of key present in binaryData") for key in data if key in binary]
    if sum(len(value.encode()) for value in data.values()) + sum(map(len, sizes.values())) > LIMIT:
        causes.append(too_long("data", LIMIT))
    return Verdict(obj, causes)


def _update_config_map(old: JSON, new: JSON) -> Verdict:
    obj, causes = _create_config_map(new)
    return Verdict(obj, _frozen(old, obj, ("data", "binaryData")) + causes)


def _create_secret(obj: JSON) -> Verdict:
    new = {name: value for name, value in obj.items() if name != "stringData"}
    decoded = _decode(obj.get("data") or {}, "Secret")
    decoded |= {key: text.encode() for key, text in (obj.get("stringData") or {}).items()}
    if decoded:
        new["data"] = {key: base64.b64encode(value).decode() for key, value in decoded.items()}
    new.setdefault("type", "Opaque")
    causes = _check_keys(decoded, "data") + _check_type(new, decoded)
    if sum(map(len, decoded.values())) > LIMIT:
        causes.append(too_long("data", LIMIT))
    return Verdict(new, causes)


def _update_secret(old: JSON, new: JSON) -> Verdict:
    obj, causes = _create_secret(new)
    if obj["type"] != old.get("type", "Opaque"):
        causes.insert(0, invalid("type", obj["type"], IMMUTABLE))
    return Verdict(obj, _frozen(old, obj, ("data",)) + causes)


def _decode(data: Mapping[str, str], kind: str) -> dict[str, bytes]:
    """The bytes by key. Raises `BadRequest` for what is no base64, as Kubernetes does, which cannot read it at all."""
    decoded: dict[str, bytes] = {}
    for key, text in data.items():
        plain = text.replace("\n", "").replace("\r", "") if "\n" in text or "\r" in text else text
        try:
            decoded[key] = binascii.a2b_base64(plain, strict_mode=True)
        except ValueError as problem:
            raise errors.BadRequest(
                f'{kind} in version "v1" cannot be handled as a {kind}: illegal base64 data of key {key!r}'
            ) from problem
    return decoded


def _check_keys(keys: Iterable[str], field: str) -> list[Cause]:
    return [invalid(f"{field}[{key}]", key, problem) for key in keys if (problem := _key_problem(key))]


def _key_problem(key: str) -> str | None:
    if len(key) > 253:
        return "must be no more than 253 characters"
    if not _KEY.fullmatch(key):
        return _KEY_RULE
    if key in {".", ".."}:
        return f"must not be '{key}'"
    return "must not start with '..'" if key.startswith("..") else None


def _frozen(old: JSON, new: JSON, fields: Iterable[str]) -> list[Cause]:
    if old.get("immutable") is not True:
        return []
    causes = [] if new.get("immutable") is True else [forbidden("immutable", _WHEN_SET)]
    return causes + [
        forbidden(field, _WHEN_SET) for field in fields if not equal(old.get(field) or {}, new.get(field) or {})
    ]


def _check_type(secret: JSON, data: Mapping[str, bytes]) -> list[Cause]:
    match secret["type"]:
        case "kubernetes.io/service-account-token":
            if not (secret["metadata"].get("annotations") or {}).get(_ACCOUNT):
                return [required(f"metadata.annotations[{_ACCOUNT}]")]
        case "kubernetes.io/dockercfg" | "kubernetes.io/dockerconfigjson" as kind:
            return _check_docker_file(_DOCKER_FILES[kind], data)
        case "kubernetes.io/basic-auth":
            if not {"username", "password"} & data.keys():
                return [required("data[username]"), required("data[password]")]
        case "kubernetes.io/ssh-auth":
            if not data.get("ssh-privatekey"):
                return [required("data[ssh-privatekey]")]
        case "kubernetes.io/tls":
            return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _check_docker_file(key: str, data: Mapping[str, bytes]) -> list[Cause]:
    if key not in data:
        return [required(f"data[{key}]")]
    try:
        good = isinstance(orjson.loads(data[key]), dict)
    except orjson.JSONDecodeError:
        good = False
    return [] if good else [invalid(f"data[{key}]", _HIDDEN, "must be a JSON object")]


CONFIG_MAP = Rules(_create_config_map, _update_config_map)
SECRET = Rules(_create_secret, _update_secret)
