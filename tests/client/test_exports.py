"""The front door of `fizz.client`: few names, and nothing imported before it is used. And the tree of errors."""

import subprocess
import sys

import pytest

import fizz.client
from fizz.client import errors
from fizz.schemas.base import JSON


def test_the_public_names_are_few_and_all_there() -> None:
    assert fizz.client.__all__ == [
        "AlreadyExists",
        "ApiError",
        "Client",
        "Conflict",
        "Controller",
        "Done",
        "EventRecorder",
        "Informer",
        "Key",
        "Manager",
        "NotFound",
        "Requeue",
        "Terminal",
    ]
    for name in fizz.client.__all__:
        assert getattr(fizz.client, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = fizz.client.Nothing


def test_importing_the_package_imports_nothing_else() -> None:
    script = "import sys, fizz.client; print(*{'aiohttp', 'pydantic', 'structlog'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_loading_and_printing_a_compose_file_needs_no_models() -> None:
    script = (
        "import sys; from fizz.client.compose import *\n"
        "files = MemoryFilesystem({'/project/compose.yaml': 'services: {web: {image: nginx}}'})\n"
        "loaded = load(LoadOptions(), {}, files); render(loaded.project)\n"
        "print(*{'aiohttp', 'pydantic', 'structlog'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""


def test_the_tree_of_errors_is_drawn_in_full() -> None:
    assert errors.__doc__
    for name in errors.__all__:
        found = getattr(errors, name)
        if isinstance(found, type):
            assert issubclass(found, errors.ApiError)
            assert found.__doc__
            assert name in errors.__doc__


def failure(code: int, reason: str = "", **details: object) -> JSON:
    return {"kind": "Status", "code": code, "reason": reason, "message": "no", "details": details}


TOO_LARGE = {"causes": [{"reason": "ResourceVersionTooLarge"}]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(failure(400, "BadRequest"), errors.BadRequest, id="400"),
        pytest.param(failure(401, "Unauthorized"), errors.Unauthorized, id="401"),
        pytest.param(failure(403, "Forbidden"), errors.Forbidden, id="403"),
        pytest.param(failure(404, "NotFound"), errors.NotFound, id="404"),
        pytest.param(failure(405, "MethodNotAllowed"), errors.ApiError, id="405"),
        pytest.param(failure(409, "AlreadyExists"), errors.AlreadyExists, id="409 AlreadyExists"),
        pytest.param(failure(409, "Conflict"), errors.Conflict, id="409 Conflict"),
        pytest.param(failure(410, "Expired"), errors.Gone, id="410"),
        pytest.param(failure(422, "Invalid"), errors.Invalid, id="422"),
        pytest.param(failure(429, "TooManyRequests"), errors.TooManyRequests, id="429"),
        pytest.param(failure(500, "InternalError"), errors.ServerError, id="500"),
        pytest.param(failure(507, "InsufficientStorage"), errors.ServerError, id="507"),
        pytest.param(failure(503, "ServiceUnavailable"), errors.Unavailable, id="503"),
        pytest.param(failure(504, "Timeout"), errors.Unavailable, id="504"),
        pytest.param(failure(504, "Timeout", **TOO_LARGE), errors.Gone, id="504 of a revision that never was"),
        pytest.param({}, errors.ServerError, id="nothing at all"),
    ],
)
def test_every_status_is_one_error(status: JSON, expected: type[errors.ApiError]) -> None:
    error = errors.from_status(status)

    assert type(error) is expected
    assert error.code == status.get("code", 500)
    assert error.reason == status.get("reason", "")
    assert error.message


def test_the_single_problems_of_an_object_are_there_to_be_shown() -> None:
    cause = {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.image"}

    assert errors.from_status(failure(422, "Invalid", causes=[cause])).causes == [cause]
