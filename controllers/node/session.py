"""What holds while the agent and its engine understand each other: who we are, and what the engine can do."""

from dataclasses import dataclass

from fizz.controllers.node.engine import ApiVersion
from fizz.controllers.node.naming import Owner

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """`live` is true from when everything is known after connecting until the engine is lost. While it is false nobody
    acts: the resync that makes it true looks at everything.
    """

    owner: Owner
    api_version: ApiVersion = (1, 41)
    live: bool = False
