"""Which key opens which place: the repository's own, and those that the project's host configurations name.

For the repository of a template or an inventory its own key counts, and a mapped one where that key is of type none.
For a submodule a mapping counts before the key of the repository that it is in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from hub.plugin import KnownHosts
from hub.services.git_address import Address
from hub.services.git_mappings import Mapping, choose
from hub.worker.git.credentials import Credential

Unlock = Callable[[int], Awaitable[Credential | None]]


class Trust(Protocol):
    """Whose host keys git may believe."""

    @property
    def name(self) -> str:
        """Who asks: what one of them fetched is no proof for another."""
        ...

    async def open(self) -> KnownHosts:
        """Return what ssh is told."""
        ...


async def _locked(_: int) -> Credential | None:
    return None


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys for one checkout."""

    own: Credential | None = None
    mappings: Sequence[Mapping] = ()
    unlock: Unlock = _locked
    """Makes the key with this id usable."""
    inside: bool = False
    """True for a submodule."""
    trust: Trust | None = None
    """Without it, the worker keeps host keys of its own."""

    async def key_for(self, address: Address) -> tuple[Address, Credential | None]:
        """Return where to ask for an address, and as whom."""
        mapping = choose(self.mappings, address) if self.inside or self.own is None else None
        if mapping is None:
            return address, self.own
        return mapping.reached(address), await self.unlock(mapping.key_id)

    def below(self, main: Address, submodule: Address) -> Keyring:
        """Return the keys for a submodule."""
        own = self.own.for_submodule(main, submodule) if self.own else None
        return replace(self, own=own, inside=True)


Proof = Credential | Keyring | None
"""A key for the repository alone, or a ring of them."""


def ring_of(proof: Proof) -> Keyring:
    """Return a ring, whatever was given."""
    return proof if isinstance(proof, Keyring) else Keyring(proof)
