"""The entry point: `fizz` and `python -m fizz`. It alone knows the command lines of all rooms."""

import os
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
    _open_standard_files()
    if sys.argv[1:] == ["--version"]:  # nothing is imported for it, so that it answers at once
        try:
            sys.stdout.write(f"fizz {__version__}\n")
            sys.stdout.flush()
        except OSError as problem:
            sys.stderr.write(f"error: cannot write: {problem.strerror}\n")
            os._exit(1)  # else Python tries to write it once more
        return
    from fizz.client.cli.main import run

    run(ELSEWHERE)


def _open_standard_files() -> None:
    """What was closed (`fizz up >&-`) leads to nowhere. Otherwise the next file or connection would be taken for it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, os.fdopen(number, mode))


if __name__ == "__main__":
    main()
