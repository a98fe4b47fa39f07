"""Inventories that come from somewhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from typing_extensions import TypeVar

from hub.plugin.execution import TaskIO
from hub.plugin.extension import Extension
from hub.plugin.params import Params

P = TypeVar("P", bound=Params, default=Any)


@dataclass(frozen=True, slots=True)
class Inventory:
    """A fetched inventory: a file for the tool, or its text."""

    path: Path | None = None
    text: str = ""
    format: str = "yaml"
    """`yaml`, `ini`, `json` or `script`."""


class InventorySource(Extension, Generic[P]):
    """Fetches an inventory before a task runs."""

    async def fetch(self, params: P, io: TaskIO) -> Inventory:
        """Return today's inventory; raise `NotReady` when the source does not answer."""
        raise NotImplementedError
