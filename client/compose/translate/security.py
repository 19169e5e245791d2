"""Options of the security modules. A seccomp profile is a file beside the compose file; its content is what counts."""

import json
from typing import Any

from fizz.client.compose.paths import absolute, shown
from fizz.client.compose.problems import Problems, TranslateError
from fizz.client.compose.project import Project

__all__ = ["translate_security"]


def translate_security(project: Project) -> dict[str, list[str]]:
    """The options of each service that has any. Raises `TranslateError` for profiles that cannot be read."""
    problems = Problems()
    found = {
        name: [_option(project, problems, name, index, text) for index, text in enumerate(service["security_opt"])]
        for name, service in project.services.items()
        if service.get("security_opt")
    }
    if problems.errors:
        raise TranslateError(problems.all())
    return found


def _option(project: Project, problems: Problems, service: str, index: int, text: str) -> str:
    """`seccomp=profile.json` with the file's content, as short as JSON may be; others as they are."""
    name, separator, value = text.partition("=")
    if not separator:
        name, _, value = text.partition(":")
    if name != "seccomp" or value in {"", "unconfined", "builtin"}:
        return text
    path = ("services", service, "security_opt")
    place, shown_path = project.place(*path, index), shown(value, project.directory)
    try:
        profile: Any = json.loads(project.filesystem.read(absolute(project.directory, "", value)))
    except OSError as error:
        problems.error(place, f"names the seccomp profile {shown_path}: {error.strerror or error}", path=path)
        return text
    except ValueError as error:
        problems.error(place, f"names the seccomp profile {shown_path}, which is no JSON: {error}", path=path)
        return text
    return f"seccomp={json.dumps(profile, separators=(',', ':'), ensure_ascii=False)}"
