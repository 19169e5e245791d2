"""Jobs and schedules in tables."""

from datetime import UTC, datetime

import pytest

from fizz.client.cli.apply import operations
from fizz.client.cli.jobs import attempts, jobs, manual_run, outcome, runs
from fizz.client.cli.project import Resources
from fizz.client.objects import to_json
from fizz.schemas import labels
from fizz.schemas.jobs import CronJob
from fizz.schemas.types import JSON

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
CRON: JSON = {
    "apiVersion": "fizz.dev/v1",
    "kind": "CronJob",
    "metadata": {"name": "backup", "namespace": "shop", "uid": "uid-backup"},
    "spec": {"schedule": "@hourly", "jobTemplate": {"spec": {"template": {"spec": {"image": "busybox"}}}}},
    "status": {"nextScheduleTime": "2026-01-31T10:00:00Z"},
}


def job(name: str = "migrate", *, of: str = "", at: str = "", suspend: bool = False, **status: object) -> JSON:
    metadata: JSON = {"name": name, "namespace": "shop", "uid": f"uid-{name}"}
    if of:
        metadata["ownerReferences"] = [{"kind": "CronJob", "uid": f"uid-{of}"}]
    if at:
        metadata["annotations"] = {labels.SCHEDULED_AT: at}
    return {"kind": "Job", "metadata": metadata, "spec": {"suspend": suspend}, "status": status}


def told(kind: str, message: str = "", reason: str = "", at: str = "2026-01-31T09:29:30Z") -> list[JSON]:
    return [{"type": kind, "status": "True", "message": message, "reason": reason, "lastTransitionTime": at}]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (job(conditions=told("Complete")), "succeeded"),
        (
            job(conditions=told("Failed", "migrate-ab12-0-1 ended with exit code 3")),
            "failed: migrate-1-retry-1 ended with",
        ),
        (job(conditions=told("FailureTarget", "was not done within 5 s")), "failing: was not done within 5 s"),
        (job(suspend=True), "suspended"),
        (job(conditions=told("Progressing", "0 of 1 succeeded", "Running")), "running: 0 of 1 succeeded"),
        (job(conditions=told("Progressing", "waits for db", "WaitingForDependency")), "waiting: waits for db"),
        (job(), "running"),
    ],
    ids=["complete", "failed", "failing", "suspended", "running", "waiting", "new"],
)
def test_what_came_of_a_job_is_told_in_words(item: JSON, words: str) -> None:
    found = {labels.JOB: "migrate", labels.ORDINAL: "0", labels.ATTEMPT: "1"}
    container = {"metadata": {"name": "migrate-ab12-0-1", "labels": found}}

    assert outcome(item, [container]).startswith(words)


def test_a_list_has_schedules_with_their_last_run_and_jobs_that_nobody_owns() -> None:
    idle = {**CRON, "metadata": {**CRON["metadata"], "name": "idle", "uid": "uid-idle"}}
    paused = {**idle, "spec": {**CRON["spec"], "suspend": True, "timeZone": "Europe/Berlin"}, "status": {}}
    last = job("backup-2", of="backup", startTime="2026-01-31T09:00:00Z", conditions=told("Complete"))
    first = job("backup-1", of="backup", startTime="2026-01-31T08:00:00Z", conditions=told("Failed"))
    single = job(startTime="2026-01-31T09:29:00Z", conditions=told("Complete"))

    assert list(jobs([CRON, last, first, single, idle], [], NOW)) == [
        ("backup", "@hourly", "succeeded", "30m ago", "in 30m"),
        ("idle", "@hourly", "has not run", "", "in 30m"),
        ("migrate", "", "succeeded", "60s ago", ""),
    ]
    assert list(jobs([paused], [], NOW)) == [("idle", "@hourly (Europe/Berlin)", "suspended", "", "")]


def test_runs_are_told_the_latest_first() -> None:
    times: JSON = {"startTime": "2026-01-31T09:00:01Z", "completionTime": "2026-01-31T09:00:31Z"}
    good = job("backup-2", of="backup", at="2026-01-31T09:00:00Z", conditions=told("Complete"), **times)
    bad = job("backup-1", of="backup", startTime="2026-01-31T08:29:30Z", conditions=told("Failed", "no"))

    assert list(runs([bad, good], [], NOW)) == [
        ("backup-2", "2026-01-31T09:00:00Z", "29m ago", "30s", "succeeded"),
        ("backup-1", "by hand", "60m ago", "60m", "failed: no"),
    ]


def test_attempts_are_told_with_their_exit_codes() -> None:
    def container(attempt: int, **status: object) -> JSON:
        found = {labels.JOB: "migrate", labels.ORDINAL: "0", labels.ATTEMPT: str(attempt)}
        return {"metadata": {"name": f"migrate-ab12-0-{attempt}", "labels": found}, "status": status}

    ended: JSON = {"startedAt": "2026-01-31T09:29:00Z", "finishedAt": "2026-01-31T09:29:05Z", "exitCode": 3}
    found = attempts(
        [container(0, phase="Failed", **ended), container(1, phase="Running", startedAt="2026-01-31T09:29:50Z")], NOW
    )

    assert list(found) == [("migrate-1", "60s ago", "5s", "3"), ("migrate-1-retry-1", "10s ago", "10s", "")]


def test_a_run_by_hand_is_made_from_the_template_and_owned_by_the_schedule() -> None:
    made = manual_run(CronJob.load(CRON), "0a1b2c")

    assert (made.name, made.annotations, made.labels) == ("backup-manual-0a1b2c", {}, {labels.CRON_JOB: "backup"})
    assert made.metadata.owner_references is not None
    assert made.metadata.owner_references[0].uid == "uid-backup"


def test_runs_of_a_schedule_are_not_taken_for_what_left_the_compose_file() -> None:
    left = {**job("old"), "apiVersion": "fizz.dev/v1"}
    done = operations(Resources("shop", "shop", (CRON,)), [CRON, {**job("backup-1", of="backup")}, left])

    assert [(each.verb, to_json(each.object)["metadata"]["name"]) for each in done] == [
        ("apply", "backup"),
        ("delete", "old"),
    ]
