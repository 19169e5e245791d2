"""Which container of the engine a Container takes over, and how it is to be seen. Pure; see `mirror`.

    annotation fizz.dev/adopts: ID      it is this one, as it is: it goes on
    annotation fizz.dev/replaces: ID    it comes in the place of this one, which is stopped and removed first

Who says so (`fizz adopt`) has compared the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fizz.controllers.node.naming import Owner, container_labels
from fizz.schemas import labels
from fizz.schemas.container import Container

__all__ = ["Adoption", "adoption_of"]


@dataclass(frozen=True, slots=True)
class Adoption:
    """A container of the engine, by id, and the labels that it would bear if it had been made for the Container."""

    container: str
    labels: Mapping[str, str]


def adoption_of(item: Container, owner: Owner) -> Adoption | None:
    """What the Container takes over; None if it is made like any other. `item` is as the engine gets it."""
    said = item.metadata.annotations or {}
    if adopted := said.get(labels.ADOPTS):
        return Adoption(adopted, container_labels(item, owner))
    if replaced := said.get(labels.REPLACES):
        return Adoption(replaced, {**container_labels(item, owner), labels.SPEC_HASH: "of another"})
    return None
