"""What must be known of a Dockerfile."""

import pytest

from fizz.client.images.dockerfile import line_of_step, plain_message, with_stages

TEXT = """# syntax=docker/dockerfile:1
ARG BASE=busybox

from $BASE AS first
RUN apt-get update && \\
    # a comment in between
    apt-get install -y x

FROM first
RUN  false
"""


def test_further_stages_come_behind_global_arguments_and_before_the_first_stage() -> None:
    lines = with_stages(TEXT, {"data": "shop-web:context-data", "base": "busybox"}).splitlines()

    assert lines[1:6] == [
        "ARG BASE=busybox",
        "",
        "FROM shop-web:context-data AS data",
        "FROM busybox AS base",
        "from $BASE AS first",
    ]
    assert with_stages(TEXT, {}) == TEXT
    assert with_stages("# nothing", {"a": "b"}) == "# nothing"


@pytest.mark.parametrize(
    ("step", "message", "line"),
    [
        ("", "dockerfile parse error line 7: unknown instruction: RUNN", 7),
        ("", "dockerfile parse error on line 7: unknown instruction: RUNN", 7),
        ("[stage-1 1/1] RUN  false", "exit code: 1", 10),
        ("[first 2/2] RUN apt-get update &&     apt-get install -y x", "exit code: 100", 5),
        ("[internal] load metadata for docker.io/library/x", "not found", None),
        ("", "something else", None),
    ],
)
def test_a_failure_is_found_in_the_file(step: str, message: str, line: int | None) -> None:
    assert line_of_step(TEXT, step, message) == line


def test_messages_lose_their_layers_and_count_lines_as_they_are_written() -> None:
    said = "failed to solve with frontend dockerfile.v0: failed to create LLB definition: parse error line 7: no"

    assert plain_message(said, 2) == "parse error line 5: no"
    assert plain_message("failed to solve: rpc error: code = Unknown desc = exit code: 1") == "exit code: 1"
