"""A command to be run in a container: what clients ask for and node agents do."""

from dataclasses import dataclass

__all__ = ["ExecRequest"]


@dataclass(frozen=True, slots=True)
class ExecRequest:
    """A command to be run in a container, with variables as `NAME=value`. Empty texts mean: as the container has it.

    With `stdin` it can be talked to; with `tty` it has a terminal. `detach_keys` are those that end the conversation
    and not the command, as `ctrl-p,ctrl-q`, which they are if empty.
    """

    command: tuple[str, ...]
    user: str = ""
    working_dir: str = ""
    environment: tuple[str, ...] = ()
    privileged: bool = False
    stdin: bool = False
    tty: bool = False
    detach_keys: str = ""
