"""Bringing a project, or one service of it, up to date and waiting for it: what `develop` and `up --watch` do again and
again.
"""

from collections.abc import Sequence

from fizz.client.api import Client, OperationResult
from fizz.client.cli.deploy import apply_project
from fizz.client.cli.options import Options
from fizz.client.cli.preparing import Preparation, prepare_images
from fizz.client.cli.progress import Progress, Silent
from fizz.client.cli.project import Resources, load_options, load_project, project_selector, to_resources
from fizz.client.cli.rollout import Rollout
from fizz.client.cli.waiting import wait_for_rollout
from fizz.client.compose import Project

__all__ = ["Rebuilder", "bring_up"]


async def bring_up(
    client: Client, project: Project, resources: Resources, what: Preparation, screen: Progress, *, quiet: bool
) -> Sequence[OperationResult]:
    """Pull, build, apply, and wait until the containers are started. Raises `Failure`."""
    resources = await prepare_images(client, project, resources, what, Silent() if quiet else screen)
    done = await apply_project(client, resources, screen.say)
    rollout = Rollout(resources.names("Deployment"), resources.names("Job"), wait=False)
    rollout.applied(each.object for each in done.results if each.verb != "deleted")
    await wait_for_rollout(client, resources.namespace, project_selector(resources.project), rollout, lambda _: None)
    return done.results


class Rebuilder:
    """Builds the image of a service anew and replaces its containers if it is another one."""

    def __init__(self, client: Client, options: Options, screen: Progress, *, quiet: bool) -> None:
        self._client, self._options, self._screen, self._quiet = client, options, screen, quiet

    async def rebuild(self, service: str) -> None:
        """Do so. Raises `Failure`."""
        project = load_project(self._options, load_options(self._options, [service], dependencies=False), warn=False)
        resources = to_resources(project, partial=True)
        await bring_up(self._client, project, resources, Preparation(build=True), self._screen, quiet=self._quiet)
