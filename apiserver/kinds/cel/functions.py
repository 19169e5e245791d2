"""The functions that Kubernetes adds to the language.

| library | functions |
|---|---|
| lists | isSorted, sum, min, max, indexOf, lastIndexOf |
| regex | find, findAll |
| URLs | isURL, url, getScheme, getHost, getHostname, getPort, getEscapedPath, getQuery |
| quantities | isQuantity, quantity, isInteger, asInteger, asApproximateFloat, sign, add, sub |
| addresses | isIP, ip, ip.isCanonical, family, isUnspecified, isLoopback, isLinkLocalUnicast, isGlobalUnicast |
| networks | isCIDR, cidr, containsIP, containsCIDR, masked, prefixLength, ip |
| semver | isSemver, semver, major, minor, patch |
| of quantities and semver | compareTo, isLessThan, isGreaterThan |
| formats | format.NAME().validate (see `named`) |
| authorizer | path, group, resource, subresource, namespace, name, serviceAccount, check |
| of its decisions | allowed, reason, error, errored |

What is no plain value (a quantity, an address ...) is a protobuf message that holds its text.
Source: "CEL options, language features, and libraries" in the Kubernetes documentation.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson
from google.protobuf import descriptor_pb2, message_factory

from fizz.apiserver.kinds.cel import named, semver
from fizz.apiserver.kinds.cel.types import base_pool
from fizz.schemas.quantity import parse_quantity

__all__ = ["AUTHORITY", "Question", "authorizer", "dynamic", "pool", "typed"]

_OPAQUE: Final = ("Quantity", "URL", "IP", "CIDR", "Semver", "Authorizer", "Decision")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@cache
def _file() -> bytes:
    file = descriptor_pb2.FileDescriptorProto(name="kubernetes.proto", package="kubernetes", syntax="proto3")
    field = descriptor_pb2.FieldDescriptorProto
    for name in _OPAQUE:
        message = file.message_type.add(name=name)
        message.field.add(name="text", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
        if name == "Authorizer":
            message.field.add(
                name="requestResource", number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL,
                type_name=".kubernetes.Authorizer",
            )  # fmt: skip
    return file.SerializeToString()


@cache
def _shared() -> Any:
    made = base_pool()
    made.AddSerializedFile(_file())
    return made


def pool(*, fresh: bool = False) -> Any:
    """The descriptor pool that knows the messages of these functions; a fresh one can take more."""
    if not fresh:
        return _shared()
    made = base_pool()
    made.AddSerializedFile(_file())
    return made


def _made(kind: str, text: str) -> Any:
    return message_factory.GetMessageClass(_shared().FindMessageTypeByName(f"kubernetes.{kind}"))(text=text)


def _reads(parse: Callable[..., Any]) -> Callable[..., bool]:
    def holds(text: str, *rest: Any) -> bool:
        try:
            parse(text, *rest)
        except ValueError:
            return False
        return True

    return holds


def _maker(kind: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def make(text: str) -> Any:
        parse(text)
        return _made(kind, text)

    return make


def _url(text: str) -> Any:
    parts = urlsplit(text)
    if not (parts.scheme or text.startswith("/")) or re.search(r"\s", text):
        raise ValueError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    _ = parts.port
    return parts


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as problem:
        raise ValueError(f'IP Address "{text}" parse error during conversion from string') from problem
    if "%" in text or (address.version == 6 and address.ipv4_mapped is not None):
        raise ValueError(f'IP Address "{text}": zones and IPv4-mapped addresses are not allowed')
    return address


def _cidr(text: str) -> _Network:
    if "/" not in text:
        raise ValueError(f'CIDR "{text}" parse error during conversion from string')
    return ipaddress.ip_network(text, strict=False)


def _loose_semver(text: str, normalize: bool) -> Any:
    return _made("Semver", semver.normal(text, normalize))


def _compare(parse: Callable[[str], Any]) -> Callable[[Any, Any], int]:
    def compare(one: Any, other: Any) -> int:
        left, right = parse(one.text), parse(other.text)
        return int(left > right) - int(left < right)

    return compare


def _integer(value: Any) -> int:
    number = parse_quantity(value.text)
    if number != int(number) or not -(2**63) <= number < 2**63:
        raise ValueError("cannot convert value to integer")
    return int(number)


def _is_integer(value: Any) -> bool:
    try:
        _integer(value)
    except ValueError:
        return False
    return True


def _sum(amount: Decimal) -> Any:
    return _made("Quantity", f"{amount:f}")


def _amount(value: Any) -> Decimal:
    return parse_quantity(value if isinstance(value, int) else value.text)


def _only(values: list[Any], choose: Callable[[list[Any]], Any], name: str) -> Any:
    if not values:
        raise ValueError(f"{name} called on empty list")
    return choose(values)


def _sign(value: Any) -> int:
    amount = parse_quantity(value.text)
    return int(amount > 0) - int(amount < 0)


def _host(value: Any) -> str:
    return str(urlsplit(value.text).netloc).rpartition("@")[2]


def _index(values: list[Any], wanted: Any) -> int:
    return values.index(wanted) if wanted in values else -1


def _last_index(values: list[Any], wanted: Any) -> int:
    return len(values) - 1 - values[::-1].index(wanted) if wanted in values else -1


def _contains_ip(network: Any, address: Any) -> bool:
    found = _ip(address if isinstance(address, str) else address.text)
    return found in _cidr(network.text)


def _contains_cidr(network: Any, other: Any) -> bool:
    outer, inner = _cidr(network.text), _cidr(other if isinstance(other, str) else other.text)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # the versions are equal


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match.group() for match in re.finditer(pattern, text)]
    return found if limit < 0 else found[:limit]


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match.group() if match else ""


Question = Mapping[str, str]
"""What an authorizer is asked: verb, and group, resource, subresource, namespace and name, or path; `account` as
NAMESPACE:NAME if it is about another one than who asks."""
AUTHORITY: Final[ContextVar[Callable[[Question], tuple[bool, str]]]] = ContextVar("authority")
"""Answers what expressions ask of `authorizer`: whether it is allowed, and why."""


def authorizer(of_request: Question) -> Any:
    """The value of `authorizer`; `of_request` says what its `requestResource` is about."""
    whole = _made("Authorizer", "{}")
    whole.requestResource.text = orjson.dumps(of_request).decode()
    return whole


def _asking(name: str) -> Callable[[Any, str], Any]:
    return lambda about, value: _made("Authorizer", orjson.dumps({**orjson.loads(about.text), name: value}).decode())


def _as_account(about: Any, namespace: str, name: str) -> Any:
    account = {"account": f"{namespace}:{name}"}
    return _made("Authorizer", orjson.dumps({**orjson.loads(about.text), **account}).decode())


def _checked(about: Any, verb: str) -> Any:
    allowed, reason = AUTHORITY.get()({**orjson.loads(about.text), "verb": verb})
    return _made("Decision", f"{'+' if allowed else '-'}{reason}")


@dataclass(frozen=True)
class _Function:
    """One overload. Types are written as `string`, `list`, `int`, `dyn` ..., or by the name of an opaque message."""

    name: str
    result: str
    parameters: tuple[str, ...]
    run: Callable[..., Any]
    member: bool = True


def _opaque(name: str, test: str, kind: str, parse: Callable[[str], Any]) -> list[_Function]:
    """The test whether a text is one, and the function that makes it one."""
    return [
        _Function(test, "bool", ("string",), _reads(parse), member=False),
        _Function(name, kind, ("string",), _maker(kind, parse), member=False),
    ]


def _ordered(kind: str, parse: Callable[[str], Any]) -> list[_Function]:
    compare = _compare(parse)
    return [
        _Function("compareTo", "int", (kind, kind), compare),
        _Function("isLessThan", "bool", (kind, kind), lambda one, two: compare(one, two) < 0),
        _Function("isGreaterThan", "bool", (kind, kind), lambda one, two: compare(one, two) > 0),
    ]


_FUNCTIONS: Final = (
    _Function("isSorted", "bool", ("list",), lambda values: all(x <= y for x, y in pairwise(values))),
    _Function("sum", "dyn", ("list",), sum),
    _Function("min", "dyn", ("list",), lambda values: _only(values, min, "min")),
    _Function("max", "dyn", ("list",), lambda values: _only(values, max, "max")),
    _Function("indexOf", "int", ("list", "dyn"), _index),
    _Function("lastIndexOf", "int", ("list", "dyn"), _last_index),
    _Function("find", "string", ("string", "string"), _find),
    _Function("findAll", "texts", ("string", "string"), _find_all),
    _Function("findAll", "texts", ("string", "string", "int"), _find_all),
    *_opaque("url", "isURL", "URL", _url),
    _Function("getScheme", "string", ("URL",), lambda value: urlsplit(value.text).scheme),
    _Function("getHost", "string", ("URL",), _host),
    _Function("getHostname", "string", ("URL",), lambda value: urlsplit(value.text).hostname or ""),
    _Function("getPort", "string", ("URL",), lambda value: str(urlsplit(value.text).port or "")),
    _Function("getEscapedPath", "string", ("URL",), lambda value: urlsplit(value.text).path),
    _Function("getQuery", "query", ("URL",), lambda value: parse_qs(urlsplit(value.text).query)),
    *_opaque("quantity", "isQuantity", "Quantity", parse_quantity),
    *_ordered("Quantity", parse_quantity),
    _Function("isInteger", "bool", ("Quantity",), _is_integer),
    _Function("asInteger", "int", ("Quantity",), _integer),
    _Function("asApproximateFloat", "double", ("Quantity",), lambda value: float(parse_quantity(value.text))),
    _Function("sign", "int", ("Quantity",), _sign),
    _Function("add", "Quantity", ("Quantity", "Quantity"), lambda one, two: _sum(_amount(one) + _amount(two))),
    _Function("add", "Quantity", ("Quantity", "int"), lambda one, two: _sum(_amount(one) + _amount(two))),
    _Function("sub", "Quantity", ("Quantity", "Quantity"), lambda one, two: _sum(_amount(one) - _amount(two))),
    _Function("sub", "Quantity", ("Quantity", "int"), lambda one, two: _sum(_amount(one) - _amount(two))),
    *_opaque("semver", "isSemver", "Semver", semver.parse),
    *_ordered("Semver", semver.parse),
    _Function("major", "int", ("Semver",), lambda value: semver.parse(value.text)[0]),
    _Function("minor", "int", ("Semver",), lambda value: semver.parse(value.text)[1]),
    _Function("patch", "int", ("Semver",), lambda value: semver.parse(value.text)[2]),
    _Function("isSemver", "bool", ("string", "bool"), _reads(semver.normal), member=False),
    _Function("semver", "Semver", ("string", "bool"), _loose_semver, member=False),
    *(_Function(f"format.{name}", "texts", ("string",), check, member=False) for name, check in named.CHECKS.items()),
    *_opaque("ip", "isIP", "IP", _ip),
    _Function("ip.isCanonical", "bool", ("string",), lambda text: str(_ip(text)) == text, member=False),
    _Function("family", "int", ("IP",), lambda value: _ip(value.text).version),
    _Function("isUnspecified", "bool", ("IP",), lambda value: _ip(value.text).is_unspecified),
    _Function("isLoopback", "bool", ("IP",), lambda value: _ip(value.text).is_loopback),
    _Function("isLinkLocalUnicast", "bool", ("IP",), lambda value: _ip(value.text).is_link_local),
    _Function("isLinkLocalMulticast", "bool", ("IP",), lambda value: _link_local_multicast(_ip(value.text))),
    _Function("isGlobalUnicast", "bool", ("IP",), lambda value: _global_unicast(_ip(value.text))),
    *(
        _Function(each, "Authorizer", ("Authorizer", "string"), _asking(each))
        for each in ("path", "group", "resource", "subresource", "namespace", "name")
    ),
    _Function("serviceAccount", "Authorizer", ("Authorizer", "string", "string"), _as_account),
    _Function("check", "Decision", ("Authorizer", "string"), _checked),
    _Function("allowed", "bool", ("Decision",), lambda value: value.text.startswith("+")),
    _Function("reason", "string", ("Decision",), lambda value: value.text[1:]),
    _Function("errored", "bool", ("Decision",), lambda value: False),
    _Function("error", "string", ("Decision",), lambda value: ""),
    *_opaque("cidr", "isCIDR", "CIDR", _cidr),
    _Function("containsIP", "bool", ("CIDR", "string"), _contains_ip),
    _Function("containsIP", "bool", ("CIDR", "IP"), _contains_ip),
    _Function("containsCIDR", "bool", ("CIDR", "string"), _contains_cidr),
    _Function("containsCIDR", "bool", ("CIDR", "CIDR"), _contains_cidr),
    _Function("ip", "IP", ("CIDR",), lambda value: _made("IP", value.text.partition("/")[0])),
    _Function("masked", "CIDR", ("CIDR",), lambda value: _made("CIDR", str(_cidr(value.text)))),
    _Function("prefixLength", "int", ("CIDR",), lambda value: _cidr(value.text).prefixlen),
)


def _type(name: str) -> Any:
    from cel_expr_python import cel

    t = cel.Type
    plain = {
        "bool": t.BOOL, "int": t.INT, "double": t.DOUBLE, "string": t.STRING, "dyn": t.DYN, "list": t.List(t.DYN),
        "texts": t.List(t.STRING), "query": t.Map(t.STRING, t.List(t.STRING)),
    }  # fmt: skip
    return plain.get(name) or t(f"kubernetes.{name}")


def _extension(functions: Iterable[tuple[_Function, tuple[str, ...]]]) -> Any:
    from cel_expr_python import cel

    by_name: dict[str, list[Any]] = {}
    for function, parameters in functions:
        overloads = by_name.setdefault(function.name, [])
        overloads.append(
            cel.Overload(
                f"k8s_{function.name.replace('.', '_')}_{len(overloads)}",
                _type(function.result),
                [_type(each) for each in parameters],
                is_member=function.member,
                impl=function.run,
            )
        )
    return cel.CelExtension("kubernetes", [cel.FunctionDecl(name, overloads) for name, overloads in by_name.items()])


@cache
def typed() -> Any:
    """All functions with their types, to check expressions with."""
    return _extension((each, each.parameters) for each in _FUNCTIONS)


@cache
def dynamic() -> Any:
    """All functions, to evaluate expressions with. The runtime tells no message from another: of overloads that differ
    in those only, there is one, and it looks at the message it is called on.
    """
    merged: dict[tuple[str, bool, tuple[str, ...]], list[_Function]] = {}
    for each in _FUNCTIONS:
        opaque = each.parameters[0] in _OPAQUE
        parameters = ("dyn",) * len(each.parameters) if opaque else each.parameters
        merged.setdefault((each.name, each.member, parameters), []).append(each)
    return _extension((_dispatching(group), parameters) for (_, _, parameters), group in merged.items())


def _dispatching(group: list[_Function]) -> _Function:
    if len(group) == 1:
        return group[0]
    by_kind = {each.parameters[0]: each.run for each in group}

    def run(receiver: Any, *rest: Any) -> Any:
        name = receiver.DESCRIPTOR.name if hasattr(receiver, "DESCRIPTOR") else type(receiver).__name__
        if name not in by_kind:
            raise ValueError(f"no such overload: {group[0].name}({name})")
        return by_kind[name](receiver, *rest)

    return replace(group[0], run=run, result=group[0].result if len({each.result for each in group}) == 1 else "dyn")


def _link_local_multicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address in ipaddress.ip_network("224.0.0.0/24" if address.version == 4 else "ff02::/16")


def _global_unicast(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not (address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local)
