"""The names that the API accepts, and how any text becomes one.

Source: "Object Names and IDs" and "Labels and Selectors" of the Kubernetes documentation; RFC 1123, RFC 1035.
Each `check_*` returns None for a good value and otherwise the sentence that Kubernetes' users know.
"""

import hashlib
import re
from typing import Final

__all__ = [
    "check_label_key",
    "check_label_value",
    "check_name",
    "check_namespace_name",
    "check_path_segment",
    "check_subdomain",
    "to_label_value",
    "to_name",
]

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(rf"{_LABEL.pattern}(\.{_LABEL.pattern})*")
_SNAKE: Final = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")

_LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_KEY_RULE: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def check_subdomain(name: str) -> str | None:
    """RFC 1123 subdomain, 253 characters at most: what most objects are named."""
    if len(name) > 253:
        return "must be no more than 253 characters"
    return None if _SUBDOMAIN.fullmatch(name) else _SUBDOMAIN_RULE


check_name = check_subdomain


def check_namespace_name(name: str) -> str | None:
    """RFC 1123 label, 63 characters at most: namespaces and whatever becomes a host name."""
    if len(name) > 63:
        return "must be no more than 63 characters"
    return None if _LABEL.fullmatch(name) else _LABEL_RULE


def check_path_segment(name: str) -> str | None:
    """Whatever can stand between two slashes of a URL: what roles and bindings are named, as `system:discovery`."""
    if name in {".", ".."}:
        return f"may not be '{name}'"
    for character in "/%":
        if character in name:
            return f"may not contain '{character}'"
    return None


def check_label_key(key: str) -> str | None:
    """`name` or `prefix/name`; the prefix is a subdomain, the name has 63 characters at most."""
    prefix, slash, name = key.rpartition("/")
    if slash:
        if not prefix:
            return "prefix part must be non-empty"
        if problem := check_subdomain(prefix):
            return f"prefix part {problem}"
    if not name:
        return "name part must be non-empty"
    if len(name) > 63:
        return "name part must be no more than 63 characters"
    return None if _QUALIFIED.fullmatch(name) else _KEY_RULE


def check_label_value(value: str) -> str | None:
    """Empty, or 63 characters at most of letters, digits, `-`, `_` and `.`."""
    if len(value) > 63:
        return "must be no more than 63 characters"
    return None if not value or _QUALIFIED.fullmatch(value) else _VALUE_RULE


def to_name(text: str, limit: int = 63) -> str:
    """A name made of any text, the same for the same text, and another for another text.

    What is a name stays as it is, an underscore becomes two hyphens, and what has to change further is told apart by a
    hash at the end: `web` stays `web`, `db_data` becomes `db--data`, `My.App` becomes `my-app-` and five digits.
    """
    if len(text) <= limit and _LABEL.fullmatch(text) and "--" not in text:
        return text
    if _SNAKE.fullmatch(text) and len(readable := text.replace("_", "--")) <= limit:
        return readable
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    digest = hashlib.sha256(text.encode()).hexdigest()[:5]
    stem = plain[: limit - 6].rstrip("-")
    return f"{stem}-{digest}" if stem else f"x-{digest}"


def to_label_value(text: str) -> str:
    """The text itself if it can be the value of a label, else what `to_name` makes of it."""
    return to_name(text) if check_label_value(text) else text
