"""What schemathesis asks of each answer of the API server, and what it may not do; see hack/api_fuzz.py.

Runs in schemathesis' own environment: nothing of Fizz is imported here. The number of requests is added to the file
that FIZZ_FUZZ_COUNT names.
"""

import atexit
import os
from pathlib import Path
from typing import Any, Final

import schemathesis

_SECONDS: Final = 10.0
_asked = 0


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Watches must end: they get a second, where they would last for ever."""
    query = case.query
    if isinstance(query, dict) and (case.operation.method.upper() == "GET"):
        query["timeoutSeconds"] = 1


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count."""
    global _asked
    _asked += 1


@schemathesis.check
def is_sound(context: Any, response: Any, case: Any) -> None:
    """No fault of the server, no traceback, no answer that took too long."""
    text = response.text if isinstance(response.text, str) else ""
    assert response.status_code < 500 or response.status_code == 504, f"{response.status_code}: {text[:500]}"
    assert "Traceback (most recent call last)" not in text, text[:500]
    assert response.elapsed < _SECONDS, f"{response.elapsed} s"


@atexit.register
def _tell() -> None:
    with Path(os.environ["FIZZ_FUZZ_COUNT"]).open("a") as file:
        file.write(f"{_asked}\n")
