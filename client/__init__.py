"""How anyone talks to the API server, and what controllers are made of.

`api` has the Client; `informer`, `queue` and `controller` are the controller runtime; `leases` and `events` are what
controllers need besides; `testing` is a real server inside a test. Not in here: what any particular controller does.

The few names below are the front door. They are imported when first used, so that `import fizz.client` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fizz.client.api import AlreadyExists, ApiError, Client, Conflict, NotFound
    from fizz.client.controller import Controller, Done, Key, Manager, Requeue, Terminal
    from fizz.client.events import EventRecorder
    from fizz.client.informer import Informer

__all__ = [
    "AlreadyExists",
    "ApiError",
    "Client",
    "Conflict",
    "Controller",
    "Done",
    "EventRecorder",
    "Informer",
    "Key",
    "Manager",
    "NotFound",
    "Requeue",
    "Terminal",
]

_HOMES: Final = {
    "api": ("AlreadyExists", "ApiError", "Client", "Conflict", "NotFound"),
    "controller": ("Controller", "Done", "Key", "Manager", "Requeue", "Terminal"),
    "events": ("EventRecorder",),
    "informer": ("Informer",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"fizz.client.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
