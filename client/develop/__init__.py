"""`develop.watch`: running containers follow the files that they were made from.

| module | what |
|---|---|
| `rules` | from `develop.watch` and changed files to what is to be done; pure |
| `sync` | files into running containers and out of them, and commands there, through the API server |
"""

from fizz.client.develop.rules import Rule, Work, plan, rules_of
from fizz.client.develop.sync import Syncer, SyncError

__all__ = ["Rule", "SyncError", "Syncer", "Work", "plan", "rules_of"]
