"""The stages of a task, one after the other over all of its passes, with their times and lines of the log.

Each pass has a result of the kind `stages`. A short one is stored with the end of its pass; that of a longer one while
the pass runs, and written anew with every stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from hub.context import Hub
from hub.db import execute, rows, unit
from hub.services.actor import Actor
from hub.services.listing import Asked
from hub.services.tasks.finish import add_result
from hub.services.tasks.moves import held
from hub.services.tasks.read import results_of
from hub.services.tasks.results import STAGES
from hub.services.tasks.storable import storable


def topic(task_id: int) -> str:
    """Bell topic of a task's stages."""
    return f"stages/{task_id}"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage."""

    number: int
    """Counted from 1, as the parts of a log count them."""
    name: str
    start: datetime | None
    end: datetime | None
    first_line: int

    @property
    def seconds(self) -> float:
        """How long it took; 0 where that is not known."""
        return max(0.0, (self.end - self.start).total_seconds()) if self.start and self.end else 0.0


async def stages_of(actor: Actor, project_id: int, task_id: int) -> list[Stage]:
    """Return the stages of a task in their order."""
    found = await results_of(actor, project_id, task_id, Asked(filters={"kind": STAGES}))
    listed = [one for row in found for one in _of(row["data"])]
    stages = [
        Stage(number, str(one.get("name", "")), _time(one.get("start")), _time(one.get("end")),
              int(one.get("first_line") or 0))
        for number, one in enumerate(listed, 1)
    ]  # fmt: skip
    # One whose worker was lost never told of its end: the next one tells when it was over at the latest.
    ended = [replace(one, end=one.end or after.start) for one, after in pairwise(stages)]
    return [*ended, *stages[-1:]]


async def count(task_id: int) -> int:
    """Return how many stages a task has begun. Callers have checked permission."""
    found = await rows(_ALL, [task_id], documents=("data",))
    return sum(len(_of(row["data"])) for row in found)


async def tell(hub: Hub, task_id: int, data: Mapping[str, Any]) -> None:
    """Keep the stages of a pass as far as it has come, and wake who looks at them. Raises `LeaseLost`.

    It may be told again after an answer was lost: the stages of one pass are known by the first of them.
    """

    async def work() -> None:
        await held(hub, task_id)
        last = (await rows(_ALL, [task_id], documents=("data",)))[-1:]
        if last and _of(last[0]["data"])[:1] and _began(last[0]["data"]) == _began(data):
            await execute(_REPLACE, [hub.clock(), storable(data), last[0]["id"]])
        else:
            await add_result(hub, task_id, STAGES, data)

    await unit(work)
    await hub.bell.ring(topic(task_id))


_ALL = """SELECT "id", "data" FROM "task_result" WHERE "task_id" = ? AND "kind" = 'stages' ORDER BY "id" """

_REPLACE = 'UPDATE "task_result" SET "created" = ?, "data" = ? WHERE "id" = ?'


def _of(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(data.get("stages") or ())


def _began(data: Mapping[str, Any]) -> tuple[Any, ...]:
    first = _of(data)[0]
    return first.get("start"), first.get("first_line")


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
