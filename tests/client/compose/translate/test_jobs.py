"""Services that come to an end become Jobs and CronJobs."""

from collections.abc import Callable
from typing import Any

import pytest

from fizz.client.compose import Project, TranslateError, translate
from fizz.schemas import labels

Make = Callable[..., Project]


@pytest.fixture
def workload(project: Make) -> Callable[[str], dict[str, Any]]:
    """`workload(text of keys)` -> the Deployment, Job or CronJob of a service `job` with these keys."""

    def make(keys: str) -> dict[str, Any]:
        lines = "".join(f"    {line}\n" for line in keys.splitlines())
        found = translate(project(f"name: shop\nservices:\n  db: {{image: y}}\n  job:\n    image: x\n{lines}"))
        (item,) = [each for each in found if each.name == "job" and each.kind != "Service"]
        return item.dump()

    return make


@pytest.fixture
def refusals(project: Make) -> Callable[[str], list[str]]:
    """`refusals(text of services)` -> what keeps them from being translated, as lines."""

    def find(services: str) -> list[str]:
        with pytest.raises(TranslateError) as caught:
            translate(project(f"services:\n{services}"))
        return [problem.format() for problem in caught.value.problems]

    return find


def test_a_replicated_job_becomes_a_job_without_a_service(project: Make) -> None:
    found = translate(
        project("name: shop\nservices:\n  job: {image: x, deploy: {mode: replicated-job, replicas: 3}}\n")
    )

    assert [f"{item.kind}/{item.name}" for item in found] == ["Namespace/shop", "Network/default", "Job/job"]
    spec = found[-1].dump()["spec"]
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (3, 3, 0)
    assert found[-1].labels[labels.SERVICE] == "job"
    assert spec["template"]["metadata"]["labels"][labels.SERVICE] == "job"


def test_a_global_job_runs_once_on_each_node(workload: Callable[[str], dict[str, Any]]) -> None:
    spec = workload("deploy: {mode: global-job}")["spec"]

    assert (spec["completionMode"], "completions" in spec, "parallelism" in spec) == ("PerNode", False, False)


@pytest.mark.parametrize("mode", ["replicated", "global"])
def test_other_modes_are_deployments(workload: Callable[[str], dict[str, Any]], mode: str) -> None:
    assert workload(f"deploy: {{mode: {mode}}}")["kind"] == "Deployment"


@pytest.mark.parametrize(
    ("keys", "retries", "delay"),
    [
        pytest.param("", 0, None, id="nothing said"),
        pytest.param("restart: 'no'", 0, None, id="no"),
        pytest.param("restart: on-failure", 6, None, id="on-failure"),
        pytest.param("restart: on-failure:2", 2, None, id="twice"),
        pytest.param("deploy: {mode: replicated-job, restart_policy: {condition: none}}", 0, None, id="none"),
        pytest.param(
            "restart: on-failure:9\ndeploy: {restart_policy: {condition: on-failure, max_attempts: 4, delay: 5s}}",
            4,
            "5s",
            id="deploy goes first",
        ),
    ],
)
def test_a_job_is_retried_as_the_file_says_and_not_by_the_engine(
    workload: Callable[[str], dict[str, Any]], keys: str, retries: int, delay: str | None
) -> None:
    spec = workload(f"{keys}\nx-fizz: {{schedule: '@daily'}}")["spec"]["jobTemplate"]["spec"]

    assert (spec["backoffLimit"], spec.get("retryDelay")) == (retries, delay)
    assert "restartPolicy" not in spec["template"]["spec"]


def test_a_schedule_makes_a_cron_job(workload: Callable[[str], dict[str, Any]]) -> None:
    short = workload("x-fizz: {schedule: '30 2 * * *'}")
    long = workload(
        "depends_on: [db]\n"
        "x-fizz:\n"
        "  schedule:\n"
        "    cron: '@daily'\n"
        "    timezone: Europe/Berlin\n"
        "    concurrency_policy: forbid\n"
        "    starting_deadline: 90.5s\n"
        "    successful_history: 0\n"
        "    failed_history: 5\n"
        "    suspend: true\n"
        "  job: {deadline: 10m, ttl: 1h}\n"
    )

    assert (short["kind"], short["spec"]["schedule"]) == ("CronJob", "30 2 * * *")
    assert sorted(short["spec"]) == ["jobTemplate", "schedule"]
    spec = long["spec"]
    job = spec.pop("jobTemplate")["spec"]
    assert spec == {
        "schedule": "@daily",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 91,
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 5,
        "suspend": True,
    }
    assert (job["activeDeadlineSeconds"], job["ttlSecondsAfterFinished"]) == (600, 3600)
    assert job["dependsOn"] == [{"name": "db", "condition": "Started"}]


def test_fewer_at_a_time_and_numbers_for_each(workload: Callable[[str], dict[str, Any]]) -> None:
    spec = workload("deploy: {mode: replicated-job, replicas: 9}\nx-fizz: {job: {parallelism: 2, indexed: true}}")[
        "spec"
    ]

    assert (spec["completions"], spec["parallelism"], spec["completionMode"]) == (9, 2, "Indexed")


JOB = "deploy: {mode: replicated-job}"


@pytest.mark.parametrize(
    ("services", "told"),
    [
        pytest.param(
            "  a: {image: x, restart: always, deploy: {mode: replicated-job}}\n",
            "2:17: services.a.restart a job is done when it succeeds: use on-failure or no",
            id="restart",
        ),
        pytest.param(
            "  a: {image: x, deploy: {mode: global-job, restart_policy: {condition: any}}}\n",
            "2:61: services.a.deploy.restart_policy.condition a job is done when it succeeds: use on-failure or none",
            id="restart policy",
        ),
        pytest.param(
            "  a: {image: x, deploy: {mode: global-job, replicas: 2}}\n",
            "2:44: services.a.deploy.replicas a job that runs once on each node has no number of replicas",
            id="global replicas",
        ),
        pytest.param(
            "  a: {image: x, deploy: {mode: global-job}, x-fizz: {job: {indexed: true}}}\n",
            "2:60: services.a.x-fizz.job.indexed makes no sense for a job that runs once on each node",
            id="global indexed",
        ),
        pytest.param(
            "  a: {image: x, x-fizz: {job: {ttl: 1h}}}\n",
            "2:26: services.a.x-fizz.job is for jobs: give the service a schedule, or the mode of a job",
            id="no job",
        ),
        pytest.param(
            "  a: {image: x, depends_on: [b]}\n  b: {image: x, x-fizz: {schedule: '@daily'}}\n",
            "2:30: services.a.depends_on.b b runs by its schedule, so nothing can wait for it",
            id="depends on a schedule",
        ),
        pytest.param(
            "  a: {image: x, network_mode: 'service:b'}\n  b: {image: x, deploy: {mode: replicated-job}}\n",
            "2:17: services.a.network_mode b comes to an end, so its namespaces cannot be shared",
            id="shares with a job",
        ),
    ],
)
def test_what_contradicts_a_job_is_refused_with_its_place(
    refusals: Callable[[str], list[str]], services: str, told: str
) -> None:
    assert refusals(services)[0] == f"compose.yaml:{told}"


def test_an_unknown_mode_is_told(errors: Callable[..., list[str]]) -> None:
    (told,) = errors("services:\n  a: {image: x, deploy: {mode: replicated-jobs}}\n")

    assert "services.a.deploy.mode must be one of replicated, global, replicated-job, global-job" in told


def test_a_delay_of_restarts_counts_for_jobs_only(warnings: Callable[..., list[str]]) -> None:
    policy = "restart_policy: {condition: on-failure, delay: 2s}"
    assert warnings(f"services:\n  a: {{image: x, deploy: {{mode: replicated-job, {policy}}}}}\n") == []
    (told,) = warnings(f"services:\n  a: {{image: x, deploy: {{{policy}}}}}\n")
    assert told.endswith("services.a.deploy.restart_policy.delay is not supported yet, but for jobs")
