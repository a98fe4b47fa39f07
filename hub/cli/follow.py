"""Following a task from another process: its log and what becomes of it, read from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import click

from hub.context import Hub
from hub.services import log
from hub.services.tasks import read
from hub.services.tasks.states import FINISHED, WAITING, WAITING_CONFIRMATION

_PAUSE: Final = 0.1
"""Seconds between two looks; a ring of another process's bell is not heard here when the hub is embedded."""
_PATIENCE: Final = 100
"""Looks after which a task that nobody takes is worth a hint."""


@dataclass(slots=True)
class Follower:
    """What was shown of one task."""

    hub: Hub
    project_id: int
    task_id: int
    line: Callable[[str], None]
    """Shows a line of the log."""
    shown: int = 0
    told: str = ""
    looks: int = field(default=0, init=False)

    async def follow(self) -> dict[str, Any]:
        """Show what the task says until it ends; return it."""
        while True:
            task = await read.one_task(self.project_id, self.task_id)  # before its lines: they are complete then
            await self._show_lines()
            if task["status"] in FINISHED:
                return task
            self._tell(task)
            await asyncio.sleep(_PAUSE)

    async def _show_lines(self) -> None:
        _, total = await log.position(self.task_id)
        while self.shown < total:
            chunks = await log.chunks_from(self.task_id, self.shown)
            if not chunks:
                return
            for chunk in chunks:
                for number, _, text in chunk.numbered(self.shown):
                    self.line(text)
                    self.shown = number + 1

    def _tell(self, task: dict[str, Any]) -> None:
        """Say on standard error why nothing happens."""
        self.looks = self.looks + 1 if task["status"] == WAITING else 0
        sentence = ""
        if task["status"] == WAITING_CONFIRMATION:
            sentence = f"The task asks: {task.get('question') or 'go on?'} Answer on its page, or through the API."
        elif task["status"] == WAITING:
            sentence = str(task.get("reason") or "")
            if not sentence and self.looks >= _PATIENCE:
                sentence = "The task still waits. Is `hub serve` running?"
        if sentence and sentence != self.told:
            click.echo(sentence, err=True)
        self.told = sentence or self.told
