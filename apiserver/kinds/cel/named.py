"""Formats by their names: `format.dns1123Label().validate(self)` is an optional list of what is wrong.

The library that runs expressions knows no functions that give optionals. So a call is written as what it means before
it is compiled, a list that becomes an optional which is empty where the list is:

    !format.uuid().validate(self.id).hasValue()
    !optional.ofNonZeroValue(format.uuid(self.id)).hasValue()

Source: "Kubernetes format library" in "CEL options, language features, and libraries" of the Kubernetes documentation.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from fizz.apiserver.kinds import formats
from fizz.schemas import names

__all__ = ["CHECKS", "written_out"]

_CALL: Final = re.compile(r"\bformat\.(\w+)\(\)\s*\.validate\(")
_TOKEN: Final = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|.""", re.DOTALL)
_DNS_1035: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


def _told(check: Callable[[str], str | None]) -> Callable[[str], list[str]]:
    return lambda text: [problem] if (problem := check(text)) else []


def _dns_1035(text: str) -> str | None:
    if _DNS_1035.fullmatch(text):
        return None
    return (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character"
    )


def _beginning(check: Callable[[str], str | None]) -> Callable[[str], str | None]:
    """The rule for what a name may begin with: it may end in a dash."""
    return lambda text: check(f"{text[:-1]}a" if text.endswith("-") else text)


def _format(name: str) -> Callable[[str], str | None]:
    return lambda text: None if formats.TEXTS[name](text) else f"{text!r} is no {name}"


CHECKS: Final[Mapping[str, Callable[[str], list[str]]]] = {
    name: _told(check)
    for name, check in {
        "dns1123Label": names.check_namespace_name,
        "dns1123Subdomain": names.check_subdomain,
        "dns1035Label": _dns_1035,
        "dns1123LabelPrefix": _beginning(names.check_namespace_name),
        "dns1123SubdomainPrefix": _beginning(names.check_subdomain),
        "dns1035LabelPrefix": _beginning(_dns_1035),
        "qualifiedName": names.check_label_key,
        "labelValue": names.check_label_value,
        "uri": _format("uri"),
        "uuid": _format("uuid"),
        "byte": _format("byte"),
        "date": _format("date"),
        "datetime": _format("date-time"),
    }.items()
}
"""What is wrong with a text, by format; nothing if it is of the format."""


def written_out(source: str) -> str:
    """The expression with calls of formats as calls of functions."""
    while match := next((each for each in _CALL.finditer(source) if each[1] in CHECKS), None):
        end = _end_of_call(source, match.end())
        if end is None:
            return source
        call = f"optional.ofNonZeroValue(format.{match[1]}({source[match.end() : end]}))"
        source = source[: match.start()] + call + source[end + 1 :]
    return source


def _end_of_call(source: str, begin: int) -> int | None:
    """Where the parenthesis is that closes the one before `begin`; those in texts are none."""
    depth = 1
    for token in _TOKEN.finditer(source, begin):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if depth == 0:
            return token.start()
    return None
