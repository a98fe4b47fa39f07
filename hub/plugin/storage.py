"""Keeping large things: old logs, artifacts, plan files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Generic

from typing_extensions import TypeVar

from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


class BlobStore(Extension, Generic[P]):
    """Named byte sequences. Names are relative paths of letters, digits, `.`, `_`, `-` and `/`, never with `..`."""

    async def put(self, params: P, name: str, data: AsyncIterator[bytes]) -> int:
        """Store all of `data` under `name`, replacing what was there, all or nothing; return the size in bytes."""
        raise NotImplementedError

    def get(self, params: P, name: str) -> AsyncIterator[bytes]:
        """Read it piece by piece; raise `Refused` when there is none."""
        raise NotImplementedError

    def list(self, params: P, prefix: str) -> AsyncIterator[str]:
        """Name everything that begins with `prefix`, in order."""
        raise NotImplementedError

    async def delete(self, params: P, name: str) -> None:
        """Remove it; nothing happens when it is gone already."""
        raise NotImplementedError
