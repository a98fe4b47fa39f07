"""Where a run writes what it has to say."""

from __future__ import annotations

from typing import Protocol

from hub.worker.mask import Masker


class Notes(Protocol):
    """Where a run writes what it has to say: the log of its task, or the memory of a look."""

    masker: Masker

    @property
    def next_line(self) -> int:
        """Number that the next line will get."""
        ...

    async def feed(self, block: bytes) -> None:
        """Take output of a program."""
        ...

    async def line(self, text: str) -> None:
        """Write a line of the hub's own."""
        ...

    async def end_of_program(self) -> None:
        """Take what was held back."""
        ...
