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

from tortoise.exceptions import BaseORMException
from tortoise.expressions import F
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import column, unit
from hub.errors import HubError
from hub.models import Repository, Schedule, Task, Template
from hub.services import events, freezes, questions, schedule_params
from hub.services.actor import Actor
from hub.services.notices.others import tell_schedule
from hub.services.schedules import RUN_AT, latest, next_run
from hub.services.tasks.launch import TaskDraft, ready
from hub.services.tasks.states import UNFINISHED, WAITING

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=60)
"""How late an occurrence still counts as on time; later it was missed, and the schedule says what becomes of it."""
BATCH = 100
MOST_QUEUED = 10
"""Tasks of one schedule that wait; more of them would only follow each other in vain."""

MOST_MADE_UP = 100
"""Missed moments that a schedule makes up for when it starts them all; the earlier ones are skipped. As many of its
tasks may wait at once where it lets them run side by side: its template may let a single one run."""

MISSED = "The hub was not running at {moment}; the schedule skips what it missed."
FROZEN = "Frozen until {until}: {name}."
FAILED = "The hub met an error; its log tells which."
MANY = "The hub was not running for more than {count} moments of the schedule; it starts the last {count} of them."
OVERLAPS = "The task {task} that this schedule started before is not finished."
CROWDED = "{count} tasks of this schedule are waiting already."


Take = Callable[[dict[str, Any]], Awaitable[bool]]
"""Changes columns of the schedule, unless something that counts is not as it was any more."""


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


def coming_up(hub: Hub) -> QuerySet[Schedule]:
    """Ask for the schedules whose moment has come, the longest overdue first."""
    # Naming both values of `active` lets the index on (active, next_run_at) find the few rows among many.
    query = Schedule.filter(active__in=[True, False], next_run_at__lte=hub.clock())
    return query.order_by("next_run_at", "id").limit(BATCH)


async def due(hub: Hub) -> list[Schedule]:
    """Schedules whose moment has come, the longest overdue first."""
    return await coming_up(hub)


async def fire(hub: Hub, schedule: Schedule) -> Callable[[], Awaitable[None]] | None:
    """Start the task of a schedule that is due, or note why not.

    One that watches a repository has to ask it first: what does so is returned, for the caller to run beside.
    """
    if schedule.next_run_at is None:
        return None
    occurrence = Occurrence(schedule, schedule.next_run_at, None)
    try:
        found = await _occurrence(hub, schedule)
        if found is None:
            return None
        occurrence = found
        return await _act(hub, occurrence)
    except HubError as error:
        await _pass_over(hub, occurrence, str(error))
    except BaseORMException:
        logger.exception("The database failed when the schedule %s was to start its task.", schedule.id)
        if hub.clock() - occurrence.moment > GRACE:
            await _pass_over(hub, occurrence, FAILED)
    except Exception:
        logger.exception("The schedule %s could not start its task.", schedule.id)
        await _pass_over(hub, occurrence, FAILED)
    return None


async def _act(hub: Hub, occurrence: Occurrence) -> Callable[[], Awaitable[None]] | None:
    """Start the task, unless something stands against it; see `fire` for what is returned."""
    schedule = occurrence.schedule
    if frozen := await freezes.freeze_at(schedule.project_id, hub.clock()):
        await _wait_for_thaw(hub, occurrence, *frozen)
    elif reason := await _obstacle(occurrence):
        await _pass_over(hub, occurrence, reason, wanted=True)
    elif schedule.repository_id is None:
        await _start(hub, occurrence)
    elif await _take(occurrence, {}):
        return partial(_check, hub, occurrence)
    return None


async def _occurrence(hub: Hub, schedule: Schedule) -> Occurrence | None:
    """What is due now. Of several that were missed, `once` and `skip` leave one at most; `all` has them one by one."""
    moment, now = schedule.next_run_at, hub.clock()
    if moment is None or moment > now:
        return None
    if now - moment <= GRACE:
        return Occurrence(schedule, moment, next_run(schedule, moment))
    if schedule.misfire == "once":
        return Occurrence(schedule, moment, next_run(schedule, now))
    if schedule.misfire == "all":
        newest = latest(schedule, moment, now, MOST_MADE_UP)
        if len(newest) < MOST_MADE_UP:
            return Occurrence(schedule, moment, newest[0] if newest else next_run(schedule, now))
        following: datetime | None = newest[0]
        reason = MANY.format(count=MOST_MADE_UP)
    else:
        following = next_run(schedule, now - GRACE)  # the newest of those missed may still be on time
        reason = MISSED.format(moment=f"{moment:%Y-%m-%d %H:%M} UTC")
    await _pass_over(hub, Occurrence(schedule, moment, following), reason)
    return None


async def _wait_for_thaw(hub: Hub, occurrence: Occurrence, name: str, until: datetime) -> None:
    """Skip this moment, or run once when the freeze has ended, as the schedule treats what it missed.

    Moments within the freeze are looked at as they come, for it may be ended early.
    """
    schedule, following = occurrence.schedule, next_run(occurrence.schedule, hub.clock())
    once = schedule.type == RUN_AT or until < freezes.FOREVER
    if schedule.misfire != "skip" and once and (following is None or following > until):
        following = until
    reason = FROZEN.format(until=freezes.spoken(until), name=name)
    await _pass_over(hub, replace(occurrence, following=following), reason, wanted=True)


async def _obstacle(occurrence: Occurrence) -> str:
    """Say why nothing starts at this moment; empty when something does."""
    schedule = occurrence.schedule
    parallel = schedule.overlap == "parallel"
    counted, most = ([WAITING], MOST_MADE_UP) if parallel else (list(UNFINISHED), MOST_QUEUED)
    mine = Task.filter(project_id=schedule.project_id, schedule_id=schedule.id, status__in=counted)
    found = await column(mine.order_by("id").limit(most), "id")
    if found and schedule.overlap == "skip":
        return OVERLAPS.format(task=found[0])
    if len(found) >= most:
        return CROWDED.format(count=len(found))
    return ""


async def _start(hub: Hub, occurrence: Occurrence, take: Take | None = None) -> None:
    """Take the occurrence and store its task, in one unit."""
    schedule = occurrence.schedule
    store = await ready(hub, occurrence.actor, schedule.project_id, _draft(hub, schedule))

    async def work() -> None:
        taken = {"last_run_at": hub.clock(), "last_error": "", "runs": F("runs") + 1}
        if not await (take or partial(_take, occurrence))(taken):
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


async def _pass_over(hub: Hub, occurrence: Occurrence, reason: str, *, wanted: bool = False) -> None:
    """Go on to the next moment, and note why this one started nothing; said once, however often it is true.

    `wanted` is for what somebody has set up to be so, of which no channel is told.
    """
    schedule = occurrence.schedule

    async def work() -> None:
        at: dict[str, Any] = {"last_error": reason[:500]}
        if schedule.type == RUN_AT and occurrence.following is None:
            at["active"] = False
        if await _take(occurrence, at) and reason[:500] != schedule.last_error:
            await _tell(hub, occurrence, f"started nothing: {reason}")
            if not wanted:
                await _tell_channels(hub, schedule, reason)

    await unit(work)


async def _check(hub: Hub, occurrence: Occurrence) -> None:
    """Start the task when the repository has another commit than the one that was run last.

    The occurrence was taken before, so that one node asks. Commit and task land together: a commit whose task could
    not be started is found again the next time. The first look always starts it, as on the wire.
    """
    schedule = occurrence.schedule
    try:
        commit = str((await questions.ask(hub, "head", await _place(schedule)))["commit"])
        if commit == schedule.last_commit_hash:
            await _wind_up_watch(occurrence)
        else:
            await _start(hub, occurrence, partial(_take_commit, occurrence, commit))
    except HubError as error:
        if schedule.last_error != str(error)[:500]:
            await Schedule.filter(id=schedule.id).update(last_error=str(error)[:500])
            await _tell(hub, occurrence, f"could not look for new commits: {error}")
            await _tell_channels(hub, schedule, str(error))


async def _take_commit(occurrence: Occurrence, commit: str, columns: dict[str, Any]) -> bool:
    """Note the commit, unless another look noted one, or the schedule was changed. Further looks may be under way."""
    schedule = occurrence.schedule
    same = Schedule.filter(id=schedule.id, template_id=schedule.template_id, repository_id=schedule.repository_id)
    old = schedule.last_commit_hash
    same = same.filter(last_commit_hash__isnull=True) if old is None else same.filter(last_commit_hash=old)
    if occurrence.following is None:
        same = same.filter(next_run_at__isnull=True)
    else:
        same = same.filter(next_run_at__gte=occurrence.following)
    return bool(await same.update(last_commit_hash=commit, **columns))


async def _wind_up_watch(occurrence: Occurrence) -> None:
    """Nothing is new: what was wrong before is over, and one that was to look once has done so."""
    schedule = occurrence.schedule
    if schedule.type == RUN_AT:
        await Schedule.filter(id=schedule.id).update(last_error="", active=False)
    elif schedule.last_error:
        await Schedule.filter(id=schedule.id).update(last_error="")


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


async def _tell_channels(hub: Hub, schedule: Schedule, reason: str) -> None:
    facts = {name: getattr(schedule, name) for name in ("id", "name", "project_id", "template_id")}
    await tell_schedule(hub, facts, reason)
