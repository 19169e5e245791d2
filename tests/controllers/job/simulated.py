"""A namespace in memory with one Job: the API server's rules, an agent, and a clock that only people move."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from fizz.controllers.job.attempts import completion_of
from fizz.controllers.job.plan import Action, DeleteJob, Plan, Stop, plan
from fizz.controllers.workloads.actions import Adopt, Create, Delete, SetFinalizers
from fizz.controllers.workloads.jobs import has_ended
from fizz.controllers.workloads.template import belongs_to, label_of
from fizz.controllers.workloads.world import Workload
from fizz.schemas import labels
from fizz.schemas.apps import Deployment, Template
from fizz.schemas.conditions import find
from fizz.schemas.container import Container, ContainerSpec, ContainerStatus
from fizz.schemas.core import ConfigMap, Secret
from fizz.schemas.jobs import Job, JobSpec
from fizz.schemas.meta import ObjectMeta, owner_reference
from fizz.schemas.node import Node
from fizz.schemas.sources import SourceRef

__all__ = ["START", "SimulatedJob", "make_job"]

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def make_job(name: str = "migrate", *, image: str = "busybox", **fields: object) -> Job:
    """A Job as the API server would return it right after creation."""
    spec = JobSpec.model_validate({**fields, "template": Template(spec=ContainerSpec(image=image))})
    return Job(
        metadata=ObjectMeta(name=name, namespace="shop", uid=f"uid-{name}", generation=1, labels={"tier": "x"}),
        spec=spec,
    )


class SimulatedJob:
    """Implements the world that plans look at, and does what they say, as API server and agent would."""

    def __init__(self, job: Job, *others: Workload, nodes: Sequence[str] = ("node1",)) -> None:
        self.job: Job | None = job
        self.now = START
        self.created: list[str] = []
        self.done: list[str] = []
        self.node_names = list(nodes)
        self._others = {item.name: item for item in others}
        self._containers: dict[str, Container] = {}
        self._uids = count(1)

    # what plans see

    def workloads(self) -> Sequence[Workload]:
        return [*([self.job] if self.job else []), *self._others.values()]

    def workload(self, name: str) -> Workload | None:
        return next((item for item in self.workloads() if item.name == name), None)

    def owned(self, owner: Workload) -> Sequence[Container]:
        return [item for item in self._containers.values() if belongs_to(item, owner)]

    def labelled(self, owner: Workload) -> Sequence[Container]:
        label = labels.DEPLOYMENT if isinstance(owner, Deployment) else labels.JOB
        return [item for item in self._containers.values() if item.labels.get(label) == label_of(owner.name)]

    def container(self, name: str) -> Container | None:
        return self._containers.get(name)

    def source(self, ref: SourceRef) -> Secret | ConfigMap | None:
        return None

    @property
    def ports_shared(self) -> bool:
        return False

    def nodes(self) -> Sequence[Node]:
        return [Node(metadata=ObjectMeta(name=name)) for name in self.node_names]

    # what people see

    @property
    def the(self) -> Job:
        assert self.job is not None, "the job is gone"
        return self.job

    @property
    def containers(self) -> list[Container]:
        return sorted(self._containers.values(), key=lambda item: item.name)

    @property
    def active(self) -> list[Container]:
        return [item for item in self.containers if not has_ended(item) and item.metadata.deletion_timestamp is None]

    def condition(self, kind: str) -> str:
        """`True Reason`; empty if there is none."""
        found = find(self.the.status.conditions, kind) if self.the.status else None
        return f"{found.status} {found.reason}" if found else ""

    def message(self, kind: str = "Progressing") -> str:
        found = find(self.the.status.conditions, kind) if self.the.status else None
        return (found and found.message) or ""

    # what people do

    def apply(self, job: Job) -> None:
        """Change the Job's spec."""
        job.metadata = self.the.metadata
        job.metadata.generation = (job.metadata.generation or 1) + 1
        job.status = self.the.status
        self.job = job

    def put(self, container: Container) -> None:
        assert container.name not in self._containers, f"{container.name} exists"
        container.metadata.uid = f"uid-{next(self._uids)}"
        self._containers[container.name] = container

    def remove(self, name: str) -> None:
        """Somebody removes a Container by hand, and the agent lets it go."""
        del self._containers[name]

    def delete(self) -> None:
        self.the.metadata.deletion_timestamp = self.now
        self._collect()

    def wait(self, **length: float) -> None:
        self.now += timedelta(**length)

    # what the agent does

    def end(self, container: Container, code: int, restarts: int = 0) -> None:
        container.status = ContainerStatus(
            phase="Failed" if code else "Succeeded",
            exit_code=code,
            ready=False,
            restart_count=restarts,
            started_at=self.now,
            finished_at=self.now,
        )

    def run(self, container: Container, restarts: int = 0) -> None:
        container.status = ContainerStatus(phase="Running", ready=True, restart_count=restarts, started_at=self.now)

    def end_all(self, code: int = 0) -> None:
        for item in self.active:
            self.end(item, code)

    def let_go(self) -> None:
        """The agent has removed from the engine what is being deleted, and stopped what is to be."""
        for name, item in list(self._containers.items()):
            if item.metadata.deletion_timestamp:
                del self._containers[name]
            elif item.spec.desired_state == "Stopped" and not has_ended(item):
                item.status = ContainerStatus(phase="Stopped", ready=False)

    # what the controller does

    def step(self) -> Plan:
        """Plan and do it. Asserts what must hold whatever the plan is."""
        job = self.the
        made = plan(self, job, self.now)
        if made.status is not None:
            job.status = made.status
        for action in made.actions:
            self._do(job, action)
        self._check(job)
        self._collect()
        return made

    def settle(self, limit: int = 100) -> None:
        """Let controller and agent act until nothing changes any more, without any time."""
        for _ in range(limit):
            before = self.the.status
            made = self.step()
            if self.job is None:
                return
            if not made.actions and self.the.status == before:
                return
            self.let_go()
        raise AssertionError(f"still busy after {limit} rounds: {self.done[-5:]}")

    def _do(self, job: Job, action: Action) -> None:
        self.done.append(str(action))
        match action:
            case SetFinalizers(finalizers):
                job.metadata.finalizers = list(finalizers)
            case Create(container):
                assert labels.FINALIZER_ORDERED_STOP in (job.metadata.finalizers or [])
                self.put(container.model_copy(deep=True))
                self.created.append(container.name)
            case Adopt(container):
                container.metadata.owner_references = [owner_reference(job)]
            case Delete(container):
                assert belongs_to(container, job), f"{container.name} is not {job.name}'s"
                assert container.metadata.deletion_timestamp is None
                container.metadata.deletion_timestamp = self.now
            case Stop(container):
                assert belongs_to(container, job)
                container.spec.desired_state = "Stopped"
            case DeleteJob():
                job.metadata.deletion_timestamp = self.now

    def _check(self, job: Job) -> None:
        """Never two for one completion, and never more at a time than are wanted."""
        working = [item for item in self.owned(job) if not has_ended(item)]
        assert len({completion_of(item) for item in working}) == len(working), [item.name for item in working]

    def _collect(self) -> None:
        if self.job and self.job.metadata.deletion_timestamp and not self.job.metadata.finalizers:
            self.job = None
