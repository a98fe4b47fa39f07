"""The line that a program has not ended yet, such as a prompt or a progress bar: shown while it stands, never counted.

It lies beside the chunks of a log, where no reader of lines looks, so that a bell is enough for this as well, and is
written over in its place. It bears the number that the line will get: once a line of this number is stored, it is past.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from hub.context import Hub
from hub.db import execute, insert, rows, unit
from hub.services import log
from hub.services.log import Piece
from hub.services.tasks.moves import held

LONGEST: Final = 8192
"""Characters of it that are shown: its end."""

_SEQ: Final = -1


def topic(task_id: int) -> str:
    """Bell topic of the line that a task is at."""
    return f"line/{task_id}"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a program has written of a line."""

    line: int
    """The number that the line will get."""
    text: str


async def show(hub: Hub, task_id: int, now: Unfinished) -> None:
    """Put it in the place of what was shown before, and ring. Raises `LeaseLost`."""
    at = hub.clock()
    row = log.row_of(task_id, _SEQ, now.line, Piece(now.text, 0, at, []), zlib.compress(now.text.encode(), log.LEVEL))

    async def work() -> None:
        await held(hub, task_id)
        if not await execute(_REWRITE, [now.line, at, row.columns["data"], task_id]):
            await insert(row)

    await unit(work)
    await hub.bell.ring(topic(task_id))


async def clear(task_id: int) -> None:
    """Forget it: the log is complete."""
    await execute(f'DELETE FROM "task_chunk" WHERE "task_id" = ? AND "seq" = {_SEQ}', [task_id])  # noqa: S608 - a constant


async def look(task_id: int) -> Unfinished | None:
    """Return what was shown last; it may be past by now. Callers have checked permission."""
    found = await rows(_SHOWN, [task_id])
    if not found:
        return None
    return Unfinished(found[0]["first_line"], zlib.decompress(found[0]["data"]).decode("utf-8", "replace"))


_REWRITE = f"""
    UPDATE "task_chunk" SET "first_line" = ?, "time" = ?, "data" = ? WHERE "task_id" = ? AND "seq" = {_SEQ}
"""  # noqa: S608 - a constant

_SHOWN = f'SELECT "first_line", "data" FROM "task_chunk" WHERE "task_id" = ? AND "seq" = {_SEQ}'  # noqa: S608 - a constant
