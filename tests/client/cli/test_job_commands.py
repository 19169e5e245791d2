"""`fizz job`, from flags to output, against a real API server. Nothing runs containers here; statuses are written."""

import asyncio

from fizz.client.api import Client
from fizz.client.testing import eventually
from fizz.schemas import labels
from fizz.schemas.base import JSON
from fizz.schemas.jobs import CronJob, Job
from tests.client.cli.commands_kit import Fizz, write

COMPOSE = """
name: shop
services:
  migrate: {image: busybox, deploy: {mode: replicated-job}}
  backup: {image: busybox, x-fizz: {schedule: "30 2 * * *"}}
"""


async def applied(fizz: Fizz) -> None:
    write("compose.yaml", COMPOSE)
    await fizz("apply", "-f", "compose.yaml")


async def end(client: Client, job: Job, kind: str) -> None:
    """Say that the job has come to its end."""
    condition: JSON = {"type": kind, "status": "True", "reason": "Because", "message": "no luck"}
    status: JSON = {"observedGeneration": job.metadata.generation, "conditions": [condition]}
    await client.patch(Job, job.name, {"status": status}, job.namespace, "status")


async def runs(client: Client) -> list[Job]:
    return [job for job in (await client.list(Job, "shop")).items if job.name.startswith("backup-manual-")]


async def test_jobs_and_schedules_are_listed(fizz: Fizz) -> None:
    await applied(fizz)

    listed = await fizz("job", "ls")
    named = await fizz("job", "ls", "-o", "name")

    assert [line.split()[0] for line in listed.output.splitlines()] == ["NAME", "backup", "migrate"]
    assert named.output.splitlines() == ["cronjob/backup", "job/migrate"]


async def test_a_schedule_is_run_by_hand(fizz: Fizz, client: Client) -> None:
    await applied(fizz)

    result = await fizz("job", "run", "backup")

    (made,) = await runs(client)
    assert result.output == f"job/{made.name} created\n`fizz logs {made.name}` shows what it writes\n"
    assert made.labels[labels.SERVICE] == "backup"
    history = await fizz("job", "history", "backup")
    assert history.output.splitlines()[1].split()[:3] == [made.name, "by", "hand"]


async def test_who_waits_for_a_run_fails_with_it(fizz: Fizz, client: Client) -> None:
    await applied(fizz)

    waiting = asyncio.ensure_future(fizz("job", "run", "backup", "--wait", "--timeout", "10s"))

    async def made_one() -> bool:
        return bool(await runs(client))

    await eventually(made_one)
    (made,) = await runs(client)
    await end(client, made, "Failed")
    result = await waiting

    assert result.exit_code == 1
    assert str(result.exception) == f"job {made.name} failed: no luck"


async def test_waiting_ends_after_its_time(fizz: Fizz) -> None:
    await applied(fizz)

    result = await fizz("job", "run", "backup", "--wait", "--timeout", "0.1")

    assert "has not ended after 0.1 s; it goes on" in str(result.exception)


async def test_a_job_is_run_again_and_an_apply_leaves_it_at_that(fizz: Fizz, client: Client) -> None:
    await applied(fizz)
    before = await client.get(Job, "migrate", "shop")

    result = await fizz("job", "run", "migrate")
    again = await fizz("apply", "-f", "compose.yaml")

    after = await client.get(Job, "migrate", "shop")
    assert result.output.startswith("job/migrate runs again\n")
    assert after.metadata.generation == (before.metadata.generation or 0) + 1
    assert after.spec.template.metadata is not None
    assert labels.RUN_AT in (after.spec.template.metadata.annotations or {})
    assert "job/migrate" not in again.output


async def test_what_is_suspended_stays_so_when_it_is_applied_again(fizz: Fizz, client: Client) -> None:
    await applied(fizz)

    paused = await fizz("job", "suspend", "backup", "migrate")
    await fizz("apply", "-f", "compose.yaml")
    meanwhile = (await client.get(CronJob, "backup", "shop")).spec.suspend
    resumed = await fizz("job", "resume", "backup")

    assert paused.output == "cronjob/backup suspended\njob/migrate suspended\n"
    assert meanwhile is True
    assert resumed.output == "cronjob/backup resumed\n"
    assert (await client.get(CronJob, "backup", "shop")).spec.suspend is False
    assert (await client.get(Job, "migrate", "shop")).spec.suspend is True


async def test_what_there_is_not_is_told_with_what_there_is(fizz: Fizz) -> None:
    await applied(fizz)

    result = await fizz("job", "suspend", "backup", "nope")

    assert str(result.exception) == "there is no job or schedule 'nope' in shop; there are: backup, migrate"


async def test_jobs_are_neither_restarted_nor_scaled_and_it_is_said_what_to_do_instead(fizz: Fizz) -> None:
    await applied(fizz)

    restarted = await fizz("restart", "migrate")
    scaled = await fizz("scale", "backup=2")

    assert "migrate: that is not for jobs; there are `fizz job suspend`" in str(restarted.exception)
    assert "backup: jobs are not scaled; change deploy.replicas" in str(scaled.exception)


async def suspended(client: Client) -> tuple[bool, bool]:
    job, cron_job = await client.get(Job, "migrate", "shop"), await client.get(CronJob, "backup", "shop")
    return job.spec.suspend, cron_job.spec.suspend


async def test_a_project_is_stopped_with_its_jobs_and_they_go_on_with_it(fizz: Fizz, client: Client) -> None:
    await applied(fizz)
    seen = []
    for words in (["stop"], ["start"], ["stop", "backup"], ["apply", "-f", "compose.yaml"]):
        result = await fizz(*words)
        assert result.exit_code == 0, result.output
        seen.append(await suspended(client))

    assert seen == [(True, True), (False, False), (False, True), (False, False)]


async def test_what_a_person_suspended_stays_so_when_the_project_is_started(fizz: Fizz, client: Client) -> None:
    await applied(fizz)
    await fizz("job", "suspend", "backup")
    await fizz("stop")
    await fizz("start")

    assert await suspended(client) == (False, True)
