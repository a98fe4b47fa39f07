"""Keys and where their secrets are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from hub.plugin.execution import Material
from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


class KeyType(Extension, Generic[P]):
    """A kind of key. Its params are the secret itself: they are sealed as a whole and never shown again."""

    shown: ClassVar[tuple[str, ...]] = ()
    """Members that are no secret and may be shown, such as a login."""
    renewable: ClassVar[tuple[str, ...]] = ()
    """Members that can be replaced alone, such as a certificate; the others then stay as they are stored."""
    generates: ClassVar[Mapping[str, str]] = {}
    """Kinds of secret that the type can make up, such as `ed25519`, with their titles; the usual one first."""

    async def generate(self, kind: str, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Make up a secret of one of `generates` and return its members.

        `given` are the plain members that people chose, such as a login and a passphrase, and `comment`, which
        names the key for other machines.
        """
        raise NotImplementedError

    async def check(self, params: P) -> None:
        """Try the secret before it is saved; raise `Refused` with a sentence when it could never work."""

    async def about(self, params: P) -> Mapping[str, Any]:
        """Return what people may know of a stored key, such as when a certificate of it ends; nothing secret."""
        return {}

    async def materialise(self, params: P, folder: Path) -> Material:
        """Write what a program needs into `folder` (0700, private to one task); files 0600."""
        raise NotImplementedError

    async def release(self, material: Material) -> None:
        """Undo what outlives the folder, such as a running agent."""


class SecretBackend(Extension, Generic[P]):
    """Keeps secrets outside the hub's database."""

    read_only: bool = False

    async def read(self, params: P, path: str) -> str:
        """Return the secret; raise `Refused` when there is none, `NotReady` when the backend does not answer."""
        raise NotImplementedError

    async def write(self, params: P, path: str, secret: str) -> None:
        """Store it."""
        raise NotImplementedError

    async def delete(self, params: P, path: str) -> None:
        """Remove it; nothing happens when it is gone already."""
        raise NotImplementedError

    def describe(self, params: P) -> Mapping[str, str]:
        """Return facts for people, without secrets."""
        return {}
