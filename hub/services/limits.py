"""What the processes of a task may use: set for the whole hub, and narrower for a template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field

from hub.services.draft import Draft
from hub.settings import Settings

_MOST = 2**31 - 1


class Limits(Draft):
    """0 is without limit."""

    memory_mib: int = Field(default=0, ge=0, le=_MOST)
    """Address space of each process."""
    processes: int = Field(default=0, ge=0, le=_MOST)
    """Processes and threads that the user of the tasks may have at once."""
    file_size_mib: int = Field(default=0, ge=0, le=_MOST)
    """The largest file that may be written."""
    open_files: int = Field(default=0, ge=0, le=_MOST)
    """Files and connections that each process may have open at once."""
    cpu_seconds: int = Field(default=0, ge=0, le=_MOST)
    """Processor time of each process."""
    sandbox: Literal["", "bubblewrap"] = ""
    """Runs the tasks in a sandbox of bubblewrap, whatever the hub does otherwise."""
    network: bool = True
    """False leaves the tasks without a network; in a sandbox only."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return those of the whole hub."""
        return cls(
            memory_mib=settings.task_memory,
            processes=settings.task_processes,
            file_size_mib=settings.task_file_size,
            open_files=settings.task_open_files,
            cpu_seconds=settings.task_cpu_seconds,
            network=settings.sandbox_network,
        )

    def within(self, common: Limits) -> Limits:
        """Return these, but no wider than those of the hub."""
        counts = {name: _narrower(getattr(self, name), getattr(common, name)) for name in _COUNTS}
        return Limits(**counts, sandbox=self.sandbox, network=self.network and common.network)

    def stored(self) -> dict[str, Any] | None:
        """Return what says something; None when nothing does."""
        return self.model_dump(exclude_defaults=True) or None


_COUNTS = ("memory_mib", "processes", "file_size_mib", "open_files", "cpu_seconds")


def _narrower(one: int, other: int) -> int:
    return min(one, other) if one and other else one or other


def told(limits: Limits) -> str:
    """Say the limits in words, for the log of a task; empty when there are none."""
    words: Mapping[str, str] = {
        "memory_mib": "{} MiB of memory for each process",
        "processes": "{} processes of its user",
        "file_size_mib": "{} MiB for each file",
        "open_files": "{} open files for each process",
        "cpu_seconds": "{} s of processor time for each process",
    }
    return ", ".join(text.format(getattr(limits, name)) for name, text in words.items() if getattr(limits, name))
