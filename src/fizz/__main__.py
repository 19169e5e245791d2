"""The entry point: `fizz` and `python -m fizz`. It alone knows the command lines of all rooms."""

import sys
from typing import Final

from fizz import __version__

__all__ = ["ELSEWHERE", "main"]

ELSEWHERE: Final = {
    "apiserver": ("fizz.apiserver.command:apiserver", "Run the API server alone."),
    "backup": ("fizz.apiserver.backup.command:backup", "Save the server's data in a file."),
    "restore": ("fizz.apiserver.backup.command:restore", "Put a backup in place of a server's data."),
    "controllers": ("fizz.controllers.command:controllers", "Run controllers alone, all or those named."),
    "node": ("fizz.controllers.command:node", "Run the node agent alone."),
}
"""The commands of the rooms that the command line's own room may not import: target and help by name."""


def main() -> None:
    """Run the command line and end the process with its exit code: 0 done, 1 failed, 2 usage."""
    if sys.argv[1:] == ["--version"]:  # nothing is imported for it, so that it answers at once
        sys.stdout.write(f"fizz {__version__}\n")
        return
    from fizz.client.cli.main import run

    run(ELSEWHERE)


if __name__ == "__main__":
    main()
