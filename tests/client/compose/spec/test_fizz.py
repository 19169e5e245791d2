"""`x-fizz`: checked like everything else, and refused where the feature is not there."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Loaded
from fizz.client.compose.guide import rows_below

Errors = Callable[..., list[str]]

WEB = "services:\n  web:\n    image: x\n"


NOT_THERE = [
    path.rpartition(".")[2] for path, honoured, _ in rows_below("services.web.x-fizz")[1:] if honoured != "yes"
]


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_is_not_there_yet_is_refused_with_its_place(errors: Errors, name: str) -> None:
    told = errors(f"{WEB}    x-fizz:\n      {name}: 5\n")
    assert told[0].startswith(f"compose.yaml:5:7: services.web.x-fizz.{name} is not available yet; ")


def test_blocks_of_the_project_and_of_secrets(errors: Errors) -> None:
    text = f"{WEB}x-fizz: {{placement: {{}}}}\nsecrets: {{s: {{file: ./s, x-fizz: {{scope: web}}}}}}\n"
    assert [line.split(";")[0] for line in errors(text, {"s": ""})] == [
        "compose.yaml:4:10: x-fizz.placement is not available yet",
        "compose.yaml:5:35: secrets.s.x-fizz.scope is not available yet",
    ]


def test_unknown_keys_are_errors_with_a_guess(errors: Errors) -> None:
    assert errors(f"{WEB}    x-fizz: {{restart_unhealty: true}}\n") == [
        "compose.yaml:4:14: services.web.x-fizz.restart_unhealty is not a key that x-fizz knows; "
        'did you mean "restart_unhealthy"?'
    ]


def test_values_are_checked_although_the_key_is_refused(errors: Errors) -> None:
    told = errors(f"{WEB}    x-fizz: {{on_secret_change: restert}}\n")
    assert told[1].endswith('must be one of restart, keep, not "restert"; did you mean "restart"?')


@pytest.mark.parametrize(
    ("written", "says"),
    [
        pytest.param("'61 * * * *'", "24: services.web.x-fizz.schedule.cron '61' is no minute: 0 to 59", id="short"),
        pytest.param(
            "{cron: often, timezone: Mars}", "31: services.web.x-fizz.schedule.cron a cron expression has", id="long"
        ),
        pytest.param(
            "{cron: '@daily', timezone: Mars}", "51: services.web.x-fizz.schedule.timezone unknown time", id="zone"
        ),
        pytest.param(
            "{cron: '@daily', concurrency_policy: forbit}",
            '61: services.web.x-fizz.schedule.concurrency_policy must be one of allow, forbid, replace, not "forbit"',
            id="policy",
        ),
        pytest.param("{timezone: UTC}", '24: services.web.x-fizz.schedule must have the key "cron"', id="no times"),
        pytest.param("[daily]", "24: services.web.x-fizz.schedule must be a cron expression, or a mapping", id="list"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_told_with_its_place(errors: Errors, written: str, says: str) -> None:
    told = errors(f"{WEB}    x-fizz: {{schedule: {written}}}\n")
    assert told[0].startswith(f"compose.yaml:4:{says}")


def test_an_empty_block_says_nothing(loaded: Callable[..., Loaded]) -> None:
    result = loaded(f"{WEB}    x-fizz:\nx-fizz: {{}}\n")
    assert (result.project is not None, result.problems) == (True, ())


def test_other_extensions_are_free(service: Callable[..., dict[str, Any]]) -> None:
    assert service("x-fizzy: {a: 1}")["x-fizzy"] == {"a": 1}
