"""HTTP that breaks its rules, and what must be true of the answers: the generator and the judge of hack/api_fuzz.py.

A request is bytes. Most are nearly right: a method, a path of the API, some headers and a body, of which a few are
wrong. An answer is judged by its bytes, too: it must be HTTP, must not be a fault of the server, and, where it refuses,
be a `Status` of its own code. No answer at all is right where the request was no HTTP, or is not complete.
"""

import json
from typing import Final

from hypothesis import strategies as st

__all__ = ["TIMEOUT", "judge", "requests"]

TIMEOUT: Final = b"<timeout>"
"""Stands for an answer that did not come in time."""
_MINE: Final = b"Connection: close\r\n"
_METHODS: Final = (
    "GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "G\x00T",
)  # fmt: skip
_SEGMENTS: Final = (
    "", "", "", "", "/", "//", "/%2e%2e", "/a", "/status", "/scale", "/%00", "/\xff", "/finalize",
)  # fmt: skip
_PATHS: Final = (
    "/", "/api", "/apis", "/api/v1", "/version", "/livez", "/readyz/ping", "/openapi/v2", "/openapi/v3/api/v1",
    "/watch", "/api/v1/namespaces", "/api/v1/namespaces/default", "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/default/secrets", "/api/v1/watch/namespaces",
    "/apis/stable.example.com/v1/namespaces/default/crontabs",
    "/apis/coordination.k8s.io/v1/namespaces/default/leases/l",
    "/apis/stable.example.com/v1/namespaces/default/crontabs/a/scale", "/apis/fizz.dev/v1/transactions",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/rbac.authorization.k8s.io/v1/clusterroles/r",
    "/apis/authentication.k8s.io/v1/tokenreviews", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
)  # fmt: skip
_QUERIES: Final = (
    "watch", "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector",
    "dryRun", "fieldManager", "fieldValidation", "force", "sendInitialEvents", "allowWatchBookmarks",
    "propagationPolicy", "gracePeriodSeconds", "includeObject", "resource", "namespace", "verbose", "exclude", "hash",
    "pretty",
)  # fmt: skip
_VALUES: Final = (
    "1", "0", "-1", "true", "All", "Strict", "Exact", "NotOlderThan", "a=b", "a in (b", "metadata.name=a", "%00",
    "%ff", "", "99999999999999999999", "configmaps", "Foreground", "None", "..%2f", "a" * 3000,
)  # fmt: skip
_HEADERS: Final = (
    "Content-Type", "Accept", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Impersonate-User",
    "Impersonate-Group", "Impersonate-Extra-x%00", "Authorization", "Last-Event-ID", "If-None-Match", "Audit-ID",
    "Host", "Expect", "Upgrade", "Range", "Cookie", "User-Agent", "Accept-Encoding", "X-HTTP-Method-Override",
)  # fmt: skip
_HEADER_VALUES: Final = (
    "application/json", "application/yaml", "application/cbor", "application/vnd.kubernetes.protobuf",
    "text/event-stream", "application/apply-patch+yaml", "application/merge-patch+json",
    "application/json-patch+json", "chunked", "gzip", "-1", "0", "9999999999", "Bearer x", "Basic eDp5", "websocket",
    "100-continue", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/strategic-merge-patch+json",
    "*/*;q=x", "system:masters", "1.2", "", "\xff", "a" * 5000,
)  # fmt: skip
_BODIES: Final = (
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"{", b"a: &a [*a]", b"k8s\x00", b"\xa1\x61\x61\x61\x62", b"0" * 5000,
    b'{"metadata":{"name":"a"},"data":{"a":"b"}}', b'{"metadata":{"name":"\\u0000"}}', b"[" * 5000, b'{"a":' * 3000,
    b'[{"op":"add","path":"/data/x","value":1}]', b'{"kind":"DeleteOptions","preconditions":{"uid":1}}',
    b"&a [*a, *a]", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"a":1}}}',
    b"metadata: {name: a, name: b}", b'{"metadata":{"name":"a","finalizers":[null]},"spec":{"replicas":1e999}}',
    b'{"metadata":[]}', b"1e999", b"--- \n---",
)  # fmt: skip


def requests() -> st.SearchStrategy[bytes]:
    """Whole requests."""
    method = st.sampled_from(
        ("GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "G\x00T")
    )
    segment = st.sampled_from(
        ("", "", "", "", "/", "//", "/%2e%2e", "/a", "/status", "/scale", "/%00", "/\xff", "/finalize")
    )
    query = st.lists(st.tuples(st.sampled_from(_QUERIES), st.sampled_from(_VALUES)), max_size=3)
    headers = st.lists(st.tuples(st.sampled_from(_HEADERS), st.sampled_from(_HEADER_VALUES)), max_size=4)
    body = st.one_of(st.sampled_from(_BODIES), st.binary(max_size=60))
    whole = st.builds(
        _request, method, st.sampled_from(_PATHS), segment, query, headers, body, st.sampled_from((0, 0, 0, 1, -1))
    )
    return st.one_of(
        whole, whole, whole, whole, st.binary(max_size=200), st.builds(_mangled, whole, st.integers(0, 400))
    )


def _request(
    method: str,
    path: str,
    segment: str,
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    body: bytes,
    slip: int,
) -> bytes:
    """A request; `slip` is by how many bytes its length is told wrong."""
    asked = "&".join(f"{name}={value}" for name, value in [*query, ("timeoutSeconds", "1")])
    head = f"{method} {path}{segment}?{asked} HTTP/1.1\r\nHost: localhost\r\n"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    length = max(0, len(body) + slip)
    return (head + lines).encode("latin-1") + b"Content-Length: %d\r\n%s\r\n%s" % (length, _MINE, body)


def _mangled(request: bytes, place: int) -> bytes:
    """A request with one byte turned into another."""
    place %= max(1, len(request))
    return request[:place] + bytes([(request[place] + 1) % 256]) + request[place + 1 :] if request else request


def judge(answer: bytes) -> str | None:
    """What is wrong with an answer; None if nothing is."""
    if answer == TIMEOUT:
        return "no answer, and the connection stays open"
    if not answer:
        return None  # hung up on what is no HTTP
    head, _, body = answer.partition(b"\r\n\r\n")
    parts = head.split(b" ", 2)
    if len(parts) < 3 or not parts[0].startswith(b"HTTP/1.") or not parts[1].isdigit():
        return f"no HTTP: {answer[:200]!r}"
    code = int(parts[1])
    if code >= 500 and code != 504:  # 504 is Kubernetes' word for a version that is not there yet
        return f"a fault of the server: {answer[:400]!r}"
    if b"Traceback (most recent call last)" in answer:
        return f"a traceback: {answer[:400]!r}"
    if code >= 400 and b"application/json" in head and b"content-length" in head.lower():
        return _judge_status(code, body)
    return None


def _judge_status(code: int, body: bytes) -> str | None:
    if not body:  # an answer to HEAD
        return None
    try:
        status = json.loads(body)
    except ValueError:
        return f"a refusal that is no JSON: {body[:200]!r}"
    if status.get("kind") != "Status" or status.get("code") != code or not status.get("message"):
        return f"a refusal that is no Status of {code}: {body[:200]!r}"
    return None
