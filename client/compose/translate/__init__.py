"""From a project to resources: what `fizz up` applies.

| in the compose file | becomes |
|---|---|
| the project | a Namespace |
| a service | a Deployment and a Service of the same name |
| a service that comes to an end | a Job, or with a schedule a CronJob: see `jobs` |
| a network, a volume | a Network, a Volume |
| a secret, a config | a Secret, a ConfigMap; an external one is expected to be there |

Names are what `fizz.schemas.names.to_name` makes of those in the file; the engine's names stay those that compose uses.
The same project gives the same resources, byte for byte. Files of secrets, configs and seccomp profiles are read here,
and only here.
"""

from fizz.client.compose.problems import Problems, TranslateError
from fizz.client.compose.project import Project
from fizz.client.compose.translate.api_socket import translate_api_socket
from fizz.client.compose.translate.contents import translate_contents
from fizz.client.compose.translate.deployments import translate_deployments
from fizz.client.compose.translate.meta import Scope
from fizz.client.compose.translate.refusals import refuse_what_cannot_run
from fizz.client.compose.translate.resources import translate_namespace, translate_networks, translate_volumes
from fizz.schemas.meta import Object

__all__ = ["translate_project"]


def translate_project(project: Project) -> list[Object]:
    """All resources of a project, in the order in which they are applied: what others need comes first.

    Raises `TranslateError` if the content of a secret, config or seccomp profile is missing, for what cannot be run, or
    if variables were left as they are.
    """
    if not project.interpolated:
        problems = Problems()
        problems.error(None, "variables are not replaced yet, so there is nothing to run")
        raise TranslateError(problems.all())
    refuse_what_cannot_run(project)
    scope = Scope.of(project)
    return [
        translate_namespace(scope),
        *translate_networks(scope, project.model),
        *translate_volumes(scope, project.model),
        *translate_contents(scope, project),
        *translate_api_socket(scope, project.services),
        *translate_deployments(scope, project),
    ]
