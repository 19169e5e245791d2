"""Jobs and CronJobs at the API: what is refused, with which words, and how they are shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fizz.schemas import times

JOBS = "/apis/fizz.dev/v1/namespaces/blog/jobs"
CRON_JOBS = "/apis/fizz.dev/v1/namespaces/blog/cronjobs"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


def job(name: str = "migrate", container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    body = {"template": {"spec": {"image": "busybox", **(container or {})}}, **spec}
    return {"apiVersion": "fizz.dev/v1", "kind": "Job", "metadata": {"name": name}, "spec": body}


def cron_job(name: str = "backup", container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    body = {"schedule": "@daily", "jobTemplate": {"spec": job(container=container)["spec"]}, **spec}
    return {"apiVersion": "fizz.dev/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": body}


async def test_what_is_not_said_is_as_in_kubernetes(api: Any) -> None:
    await api.namespace()
    made = (await api.post(JOBS, job())).json["spec"]
    timed = (await api.post(CRON_JOBS, cron_job())).json["spec"]

    assert (made["parallelism"], made["backoffLimit"], made["completionMode"]) == (1, 6, "NonIndexed")
    kept = (timed["successfulJobsHistoryLimit"], timed["failedJobsHistoryLimit"])
    assert (timed["concurrencyPolicy"], timed["suspend"], *kept) == ("Allow", False, 3, 1)


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        pytest.param(
            job(container={"restartPolicy": {"name": "always"}}),
            "spec.template.spec.restartPolicy.name",
            'Unsupported value: "always": supported values: "no", "on-failure"',
            id="a job that never ends",
        ),
        pytest.param(
            job(completionMode="Indexed"), "spec.completions", "Required value: when completion mode", id="no count"
        ),
        pytest.param(job(completionMode="PerNode", completions=2), "spec.completions", "Forbidden", id="nodes counted"),
        pytest.param(
            job(completionMode="PerNode", container={"nodeName": "a"}),
            "spec.template.spec.nodeName",
            "Forbidden",
            id="per node, on one",
        ),
        pytest.param(job(completionMode="Sometimes"), "spec.completionMode", "Unsupported value", id="mode"),
        pytest.param(job(backoffLimit=-1), "spec.backoffLimit", "greater than or equal to 0", id="limit"),
        pytest.param(job(retryDelay="-2s"), "spec.retryDelay", "greater than or equal to 0", id="negative delay"),
        pytest.param(
            job(activeDeadlineSeconds=0), "spec.activeDeadlineSeconds", "greater than or equal to 1", id="0 s"
        ),
        pytest.param(
            job(dependsOn=[{"name": "migrate"}]), "spec.dependsOn[0].name", "a Job cannot depend on itself", id="self"
        ),
        pytest.param(
            job(container={"mounts": [{"type": "tmpfs", "target": "tmp"}]}),
            "spec.template.spec.mounts[0].target",
            "must be an absolute path",
            id="container",
        ),
    ],
)
async def test_a_job_that_makes_no_sense_is_refused(api: Any, body: dict[str, Any], field: str, says: str) -> None:
    await api.namespace()
    refused = await api.post(JOBS, body)

    assert refused.code == 422
    causes = refused.json["details"]["causes"]
    assert [each["field"] for each in causes] == [field]
    assert says in causes[0]["message"]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        pytest.param(cron_job(schedule="61 * * * *"), "spec.schedule", "'61' is no minute: 0 to 59", id="minute"),
        pytest.param(cron_job(schedule="often"), "spec.schedule", "has five fields", id="words"),
        pytest.param(
            cron_job(schedule="TZ=UTC 0 0 * * *"), "spec.schedule", "use timeZone field instead", id="zone inside"
        ),
        pytest.param(cron_job(timeZone="Mars/Olympus"), "spec.timeZone", "unknown time zone", id="zone"),
        pytest.param(cron_job(concurrencyPolicy="Never"), "spec.concurrencyPolicy", "Unsupported value", id="policy"),
        pytest.param(
            cron_job(container={"restartPolicy": {"name": "unless-stopped"}}),
            "spec.jobTemplate.spec.template.spec.restartPolicy.name",
            "Unsupported value",
            id="runs for ever",
        ),
    ],
)
async def test_a_cron_job_that_makes_no_sense_is_refused(api: Any, body: dict[str, Any], field: str, says: str) -> None:
    await api.namespace()
    refused = await api.post(CRON_JOBS, body)

    assert refused.code == 422
    causes = refused.json["details"]["causes"]
    assert [each["field"] for each in causes] == [field]
    assert says in causes[0]["message"]


async def test_what_a_job_does_may_change(api: Any) -> None:
    await api.namespace()
    await api.post(JOBS, job())
    changed = await api.patch(f"{JOBS}/migrate", {"spec": {"template": {"spec": {"image": "newer"}}, "completions": 3}})

    assert changed.code == 200
    assert changed.json["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        ({}, {}, ["Running", "0/1", ""]),
        ({"parallelism": 4}, {"succeeded": 1}, ["Running", "1/1 of 4", ""]),
        ({"completionMode": "PerNode"}, {"succeeded": 2}, ["Running", "2", ""]),
        (
            {"completions": 3},
            {
                "succeeded": 3,
                "startTime": "2026-01-31T09:30:00Z",
                "completionTime": "2026-01-31T09:31:30Z",
                "conditions": [{"type": "Complete", "status": "True"}],
            },
            ["Complete", "3/3", "90s"],
        ),
        (
            {"completions": 3},
            {
                "startTime": "2026-01-31T09:30:00Z",
                "conditions": [
                    {"type": "FailureTarget", "status": "True"},
                    {"type": "Failed", "status": "True", "lastTransitionTime": "2026-01-31T09:30:05Z"},
                ],
            },
            ["Failed", "0/3", "5s"],
        ),
        ({}, {"conditions": [{"type": "Suspended", "status": "True"}]}, ["Suspended", "0/1", ""]),
    ],
    ids=["new", "one of several", "per node", "complete", "failed", "suspended"],
)
async def test_a_table_of_jobs_says_how_far_they_are(
    api: Any, spec: dict[str, Any], status: dict[str, Any], cells: list[str]
) -> None:
    await api.namespace()
    await api.post(JOBS, job(**spec))
    await api.patch(f"{JOBS}/migrate/status", {"status": status})
    table = (await api.get(JOBS, headers=TABLE)).json

    names = [each["name"] for each in table["columnDefinitions"]]
    assert names == ["Name", "Status", "Completions", "Duration", "Age", "Image"]
    assert table["rows"][0]["cells"][1:4] == cells


async def test_a_table_of_cron_jobs_says_when_they_ran(api: Any) -> None:
    await api.namespace()
    await api.post(CRON_JOBS, cron_job("never"))
    await api.post(CRON_JOBS, cron_job("often", schedule="*/5 * * * *", timeZone="Europe/Berlin", suspend=True))
    last = times.format_seconds(datetime.now(UTC) - timedelta(hours=5))
    status = {"lastScheduleTime": last, "active": [{"kind": "Job", "name": "often-1"}]}
    await api.patch(f"{CRON_JOBS}/often/status", {"status": status})
    table = (await api.get(CRON_JOBS, headers=TABLE)).json

    cells = [row["cells"][:6] for row in table["rows"]]
    assert cells == [
        ["never", "@daily", "", False, 0, "<none>"],
        ["often", "*/5 * * * *", "Europe/Berlin", True, 1, "5h"],
    ]
