"""A kernel in memory, for tests: what it was told, and what somebody else may do to it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from fizz.controllers.network.ingress.kernel import KernelError

__all__ = ["FakeKernel"]


@dataclass
class FakeKernel:
    """`ruleset` is what holds, None if nothing does. `connections` are the addresses with open connections; `refusal`
    is what nft would say.
    """

    table: str = "fizz-test"
    ruleset: str | None = None
    forwarding: bool = False
    refusal: str = ""
    connections: set[str] = field(default_factory=set)
    forgotten: list[str] = field(default_factory=list)
    closed_forgotten: list[str] = field(default_factory=list)
    applied: int = 0

    async def apply(self, ruleset: str) -> None:
        if self.refusal:
            raise KernelError(self.refusal)
        self.ruleset = ruleset
        self.applied += 1

    async def is_intact(self) -> bool:
        return self.ruleset is not None

    async def open_forwarding(self) -> None:
        self.forwarding = True

    async def close_forwarding(self) -> None:
        self.forwarding = False

    def open_localnet(self, bridges: Collection[str]) -> frozenset[str]:
        return frozenset(bridges)

    async def has_connections(self, address: str) -> bool:
        return address in self.connections

    async def forget_closed(self, address: str) -> None:
        self.closed_forgotten.append(address)

    async def forget_udp(self, addresses: Iterable[str]) -> None:
        self.forgotten += addresses

    def flush(self) -> None:
        """Somebody removes all rules."""
        self.ruleset = None
