"""Whether the server is there and can work: `/livez`, `/readyz`, `/healthz`, each as a whole or check by check.

    GET /readyz                      ok
    GET /readyz?verbose              a line for each check
    GET /readyz?exclude=store        leaves a check out
    GET /readyz/store                one check

A server that cannot work does not answer at all: it ends when its store does. So a check that is answered has passed.

Source: "Kubernetes API health endpoints" of the Kubernetes documentation.
"""

from collections.abc import Sequence
from typing import Final

from fizz.apiserver import errors

__all__ = ["ENDPOINTS", "answer", "check"]

ENDPOINTS: Final = ("livez", "readyz", "healthz")
_CHECKS: Final = ("ping", "store")


def answer(endpoint: str, *, verbose: bool, excluded: Sequence[str]) -> str:
    """What a whole endpoint says; checks that are not known cannot be excluded, which is told where lines are."""
    if not verbose:
        return "ok"
    lines = [f"[+]{name} excluded: ok" if name in excluded else f"[+]{name} ok" for name in _CHECKS]
    if strange := sorted(set(excluded) - set(_CHECKS)):
        named = ", ".join(f'"{name}"' for name in strange)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {named}")
    return "\n".join([*lines, f"{endpoint} check passed", ""])


def check(name: str, *, verbose: bool) -> str:
    """What one check says. Raises `NotFound` where there is no such check."""
    if name not in _CHECKS:
        raise errors.NotFound.path()
    return f"[+]{name} ok\n{name} check passed\n" if verbose else "ok"
