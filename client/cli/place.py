"""Which namespace a resource command means, and which kinds.

The namespace is the one that was named; else that of the project that was named or whose compose file lies here; else
`default`.
"""

from collections.abc import Sequence

from fizz.client.api import Client, NotFound
from fizz.client.cli.options import Options
from fizz.client.cli.targets import Target
from fizz.schemas import kinds
from fizz.schemas.kinds import Kind
from fizz.schemas.names import to_name

__all__ = ["kinds_of", "namespace_of", "scope_of"]


def namespace_of(options: Options, named: str | None) -> str:
    """The one namespace that is meant."""
    if named:
        return named
    if options.project_name:
        return to_name(options.project_name)
    from fizz.client.cli.project import find_project_name  # reads files, which most calls need not

    project = find_project_name(options)
    return to_name(project) if project else "default"


def scope_of(options: Options, named: str | None, everywhere: bool) -> str | None:
    """The namespace that is meant, or None for all of them."""
    return None if everywhere else namespace_of(options, named)


async def kinds_of(client: Client, targets: Sequence[Target]) -> list[tuple[Kind, str | None]]:
    """The kinds that targets name, with the name each asks for. A category, as `all`, is all of its kinds."""
    found: list[tuple[Kind, str | None]] = []
    for target in targets:
        try:
            found.append((await client.discover(target.kind), target.name))
        except NotFound:
            members = [kind for kind in kinds.BUILTIN if target.kind in kind.categories]
            if not members:
                raise
            found += [(kind, target.name) for kind in members]
    return list(dict.fromkeys(found))
