"""Starting what is due. Every node looks; the database lets one of them have each occurrence. W-24, W-84.

An occurrence and the task that it starts land in one unit: no crash loses one, and no race makes two.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tortoise.expressions import F

from hub.context import Hub
from hub.db import column, unit
from hub.errors import HubError
from hub.models import Repository, Schedule, Task, Template
from hub.services import events, freezes, questions, schedule_params
from hub.services.actor import Actor
from hub.services.schedules import RUN_AT, next_run
from hub.services.tasks.launch import TaskDraft, ready
from hub.services.tasks.states import UNFINISHED

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)
"""How late an occurrence still counts as on time; later it was missed, and the schedule says what becomes of it."""
BATCH = 100
MOST_QUEUED = 10
"""Tasks of one schedule that wait; more of them would only follow each other in vain."""

MISSED = "The hub was not running at {moment}; the schedule skips what it missed."
FROZEN = "Frozen until {until} UTC: {name}."
OVERLAPS = "The task {task} that this schedule started before is not finished."
CROWDED = "{count} tasks of this schedule are waiting already."


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A moment of a schedule, and what its next one is."""

    schedule: Schedule
    moment: datetime
    following: datetime | None

    @property
    def actor(self) -> Actor:
        """Who starts the task."""
        return Actor("schedule", source_id=self.schedule.id)


async def due(hub: Hub) -> list[Schedule]:
    """Schedules whose moment has come, the longest overdue first."""
    # Naming both values of `active` lets the index on (active, next_run_at) find the few rows among many.
    query = Schedule.filter(active__in=[True, False], next_run_at__lte=hub.clock())
    return await query.order_by("next_run_at", "id").limit(BATCH)


async def fire(hub: Hub, schedule: Schedule) -> Callable[[], Awaitable[None]] | None:
    """Start the task of a schedule that is due, or note why not.

    One that watches a repository has to ask it first: what does so is returned, for the caller to run beside.
    """
    occurrence = await _occurrence(hub, schedule)
    if occurrence is None:
        return None
    try:
        if frozen := await freezes.freeze_at(schedule.project_id, hub.clock()):
            await _wait_for_thaw(hub, occurrence, *frozen)
        elif reason := await _obstacle(occurrence):
            await _pass_over(hub, occurrence, reason)
        elif schedule.repository_id is None:
            await _start(hub, occurrence)
        elif await _take(occurrence, {}):
            return partial(_check, hub, occurrence)
    except HubError as error:
        await _pass_over(hub, occurrence, str(error))
    except Exception:
        logger.exception("The schedule %s could not start its task.", schedule.id)
        await _pass_over(hub, occurrence, "The hub met an error; its log tells which.")
    return None


async def _occurrence(hub: Hub, schedule: Schedule) -> Occurrence | None:
    """What is due now. Of several that were missed, `once` and `skip` leave one at most; `all` has them one by one."""
    moment, now = schedule.next_run_at, hub.clock()
    if moment is None or moment > now:
        return None
    if now - moment <= GRACE or schedule.misfire == "all":
        return Occurrence(schedule, moment, next_run(schedule, moment))
    if schedule.misfire == "once":
        return Occurrence(schedule, moment, next_run(schedule, now))
    late = next_run(schedule, now - GRACE)  # the newest of those missed may still be on time
    await _pass_over(hub, Occurrence(schedule, moment, late), MISSED.format(moment=f"{moment:%Y-%m-%d %H:%M} UTC"))
    return None


async def _wait_for_thaw(hub: Hub, occurrence: Occurrence, name: str, until: datetime) -> None:
    """Skip this moment, or run once when the freeze has ended, as the schedule treats what it missed."""
    reason = FROZEN.format(until=f"{until:%Y-%m-%d %H:%M}", name=name)
    if occurrence.schedule.misfire == "skip":
        await _pass_over(hub, occurrence, reason)
    else:
        await _pass_over(hub, replace(occurrence, following=until), reason)


async def _obstacle(occurrence: Occurrence) -> str:
    """Say why nothing starts at this moment; empty when something does."""
    schedule = occurrence.schedule
    if schedule.overlap == "parallel":
        return ""
    mine = Task.filter(project_id=schedule.project_id, schedule_id=schedule.id, status__in=list(UNFINISHED))
    running = await column(mine.order_by("id").limit(MOST_QUEUED), "id")
    if running and schedule.overlap == "skip":
        return OVERLAPS.format(task=running[0])
    if len(running) >= MOST_QUEUED:
        return CROWDED.format(count=len(running))
    return ""


async def _start(hub: Hub, occurrence: Occurrence, further: dict[str, Any] | None = None) -> None:
    """Take the occurrence and store its task, in one unit."""
    schedule = occurrence.schedule
    store = await ready(hub, occurrence.actor, schedule.project_id, _draft(hub, schedule))

    async def work() -> None:
        taken = {"last_run_at": hub.clock(), "last_error": "", "runs": F("runs") + 1, **(further or {})}
        if not await _take(occurrence, taken):
            return
        task_id = await store()
        await Schedule.filter(id=schedule.id).update(last_task_id=task_id)
        await _wind_up(hub, occurrence)

    await unit(work)


async def _take(occurrence: Occurrence, columns: dict[str, Any]) -> bool:
    """Move the schedule on from this moment, unless somebody else did or it was changed meanwhile."""
    schedule = occurrence.schedule
    mine = Schedule.filter(id=schedule.id, next_run_at=schedule.next_run_at, template_id=schedule.template_id)
    return bool(await mine.update(next_run_at=occurrence.following, **columns))


async def _wind_up(hub: Hub, occurrence: Occurrence) -> None:
    """After a run: one that runs once is done with, and so is one that ran as often as it may."""
    schedule = occurrence.schedule
    if schedule.type == RUN_AT and schedule.delete_after_run:
        await Task.filter(project_id=schedule.project_id, schedule_id=schedule.id).update(schedule_id=None)
        await schedule.delete()
        await _tell(hub, occurrence, "deleted")
    elif schedule.type == RUN_AT or (schedule.max_runs and schedule.runs + 1 >= schedule.max_runs):
        await Schedule.filter(id=schedule.id).update(active=False, next_run_at=None)


async def _pass_over(hub: Hub, occurrence: Occurrence, reason: str) -> None:
    """Go on to the next moment, and note why this one started nothing; said once, however often it is true."""
    schedule = occurrence.schedule

    async def work() -> None:
        at: dict[str, Any] = {"last_error": reason[:500]}
        if schedule.type == RUN_AT and occurrence.following is None:
            at["active"] = False
        if await _take(occurrence, at) and reason[:500] != schedule.last_error:
            await _tell(hub, occurrence, f"started nothing: {reason}")

    await unit(work)


async def _check(hub: Hub, occurrence: Occurrence) -> None:
    """Start the task when the repository has another commit than the one that was run last.

    The occurrence was taken before, so that one node asks. Commit and task land together: a commit whose task could
    not be started is found again the next time. The first look always starts it, as on the wire.
    """
    schedule = occurrence.schedule
    try:
        commit = str(await questions.ask(hub, "head", await _place(schedule)))
        if commit == schedule.last_commit_hash:
            await Schedule.filter(id=schedule.id).update(last_error="")
            return
        schedule.next_run_at = occurrence.following  # it was moved on already, and must not have been since
        await _start(hub, occurrence, {"last_commit_hash": commit})
    except HubError as error:
        if schedule.last_error != str(error)[:500]:
            await Schedule.filter(id=schedule.id).update(last_error=str(error)[:500])
            await _tell(hub, occurrence, f"could not look for new commits: {error}")


async def _place(schedule: Schedule) -> dict[str, Any]:
    """The repository to look at, and the branch: the template's, where that is the template's own repository."""
    repository = await Repository.get(id=schedule.repository_id)
    template = await Template.get(id=schedule.template_id)
    own = template.git_branch if template.repository_id == repository.id else None
    return {"repository_id": repository.id, "branch": own or repository.git_branch}


def _draft(hub: Hub, schedule: Schedule) -> TaskDraft:
    stored = dict(schedule.task_params or {})
    secret = schedule_params.open_secret(hub, schedule)
    return TaskDraft(template_id=schedule.template_id, secret=json.dumps(secret) if secret else "", **stored)


async def _tell(hub: Hub, occurrence: Occurrence, what: str) -> None:
    schedule = occurrence.schedule
    text = f"Schedule ID {schedule.id} ({schedule.name}) {what}"
    await events.record(hub, occurrence.actor, "schedule", schedule.id, text, project_id=schedule.project_id)
