"""The stages of a task, one after the other over all of its passes, with their times and lines of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.services.actor import Actor
from hub.services.listing import Asked
from hub.services.tasks.read import results_of
from hub.services.tasks.results import STAGES


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
    listed = [one for row in found for one in row["data"].get("stages") or ()]
    return [
        Stage(number, str(one.get("name", "")), _time(one.get("start")), _time(one.get("end")),
              int(one.get("first_line") or 0))
        for number, one in enumerate(listed, 1)
    ]  # fmt: skip


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
