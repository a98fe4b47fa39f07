"""Schedules of a project: when a template is to be started, and with which answers.

This is the resource with its rules, and `next_run_at`, the moment that follows from them. What starts tasks at that
moment is `hub.services.firing`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

from pydantic import Field
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Repository, Schedule, Task, Template
from hub.services import cron, events, schedule_params
from hub.services.access import MANAGE_RESOURCES, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, store
from hub.services.draft import Draft
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.moments import moment_of
from hub.services.reading import hidden, shown
from hub.services.schedule_params import ParamsDraft
from hub.vault import place

CRON = ""
RUN_AT = "run_at"
MISFIRES = ("skip", "once", "all")
OVERLAPS = ("skip", "queue", "parallel")
UNSAID_OVERLAP = "parallel"
"""Of a schedule whose maker says nothing: as on the wire, its template alone decides how many tasks run at once."""
MOST_PREVIEWED = 100
SKEW = timedelta(minutes=5)
"""How far the clock of one node may be ahead of another's; a moment that one has started is over for both."""


class ScheduleDraft(Draft):
    """The wire's body of a schedule.

    The wire detaches `task_params` when they are omitted, so that a client which never knew them loses them (S27). Here
    omitted ones stay as they are; `null` detaches.
    """

    id: Id = 0
    project_id: Id = 0
    template_id: Id = 0
    name: str = Field(default="", max_length=100)
    type: str = Field(default=CRON, max_length=20)
    cron_format: str = Field(default="", max_length=255)
    time_zone: str = Field(default="", max_length=64)
    run_at: str | None = None
    active: bool = False
    delete_after_run: bool = False
    repository_id: Id | None = None
    task_params: ParamsDraft | None = None
    misfire: str | None = None
    overlap: str | None = None
    ends_at: str | None = None
    max_runs: int | None = Field(default=None, ge=0, le=1_000_000)


class ScheduleActiveDraft(Draft):
    """Body of switching a schedule on or off."""

    active: bool = False


class CronDraft(Draft):
    """Body of a check of a cron text."""

    cron_format: str = ""
    time_zone: str = ""


LISTING = Listing(
    Schedule,
    columns={
        "id": "id",
        "name": "name",
        "type": "type",
        "template_id": "template_id",
        "tpl_name": "template__name",
        "repository_id": "repository_id",
        "cron_format": "cron_format",
        "time_zone": "time_zone",
        "active": "active",
        "run_at": "run_at",
        "next_run_at": "next_run_at",
        "last_run_at": "last_run_at",
    },
    default="id",
    searched=("name", "tpl_name", "cron_format"),
    words=("type",),
)


async def list_schedules(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Schedules of a project that watch no repository, with the names of their templates (S28)."""
    grant = await require(actor, project_id)
    query = Schedule.filter(project_id=project_id, repository_id=None).select_related("template")
    return await _listed(grant, query, asked)


async def list_all(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Every schedule of a project, for pages: the others are lists of the wire."""
    grant = await require(actor, project_id)
    query = Schedule.filter(project_id=project_id).select_related("template")
    return await _listed(grant, query, asked)


async def _listed(grant: Grant, query: QuerySet[Schedule], asked: Asked) -> Page[dict[str, Any]]:
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "schedule"))
    return found.shaped(lambda one: shown(grant, "schedule", wire(one)) | {"tpl_name": one.template.name})


async def list_checkers(actor: Actor, project_id: int, template_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Schedules of a template that start it only when a repository has a new commit (S28)."""
    grant = await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    query = Schedule.filter(template_id=template_id, repository_id__isnull=False)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "schedule"))
    return found.shaped(lambda one: shown(grant, "schedule", wire(one)))


async def get_schedule(actor: Actor, project_id: int, schedule_id: int) -> dict[str, Any]:
    """One schedule with the answers that may be shown."""
    grant = await require(actor, project_id)
    return shown(grant, "schedule", _whole(await find(Schedule, project_id, schedule_id, "schedule")))


async def create_schedule(hub: Hub, actor: Actor, project_id: int, draft: ScheduleDraft) -> dict[str, Any]:
    """Add a schedule."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> Schedule:
        schedule = Schedule(project_id=project_id, overlap=UNSAID_OVERLAP)
        await _fill(hub, schedule, draft)
        await schedule.save()
        await _write_params(hub, schedule, draft)
        await _tell(hub, actor, schedule, "created")
        return schedule

    return _whole(await store(work))


async def update_schedule(hub: Hub, actor: Actor, project_id: int, schedule_id: int, draft: ScheduleDraft) -> None:
    """Replace a schedule; see `ScheduleDraft` for its answers."""
    await require(actor, project_id, MANAGE_RESOURCES)
    if draft.id and draft.id != schedule_id:
        raise Invalid("schedule id in URL and in body must be the same", field="id")
    if draft.project_id and draft.project_id != project_id:
        raise Invalid("You can not move schedule to other project", field="project_id")

    async def work() -> None:
        schedule = await _locked(project_id, schedule_id)
        await _fill(hub, schedule, draft)
        await schedule.save()
        await _write_params(hub, schedule, draft)
        await _tell(hub, actor, schedule, "updated")

    await store(work)


async def set_active(hub: Hub, actor: Actor, project_id: int, schedule_id: int, *, active: bool) -> None:
    """Switch a schedule on or off."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        schedule = await _locked(project_id, schedule_id)
        if active and schedule.type == RUN_AT and (schedule.run_at is None or schedule.run_at <= hub.clock()):
            raise Invalid("run_at must be in the future", field="run_at")
        _switch(hub, schedule, active=active)
        await schedule.save(update_fields=["active", "runs", "last_error", "next_run_at"])
        await _tell(hub, actor, schedule, "updated")

    await store(work)


async def delete_schedule(hub: Hub, actor: Actor, project_id: int, schedule_id: int) -> None:
    """Delete a schedule; the tasks that it started stay."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        schedule = await find(Schedule, project_id, schedule_id, "schedule")
        await Task.filter(project_id=project_id, schedule_id=schedule_id).update(schedule_id=None)
        await schedule.delete()
        await _tell(hub, actor, schedule, "deleted")

    await store(work)


async def validate(actor: Actor, project_id: int, draft: CronDraft) -> None:
    """Check a cron text. Raises `Invalid` with what is wrong."""
    await require(actor, project_id, MANAGE_RESOURCES)
    cron.parse(draft.cron_format, draft.time_zone)


async def preview(hub: Hub, actor: Actor, project_id: int, draft: CronDraft) -> list[dict[str, Any]]:
    """The next moments of a cron text, in UTC and in its own zone. Raises `Invalid` with what is wrong."""
    await require(actor, project_id, MANAGE_RESOURCES)
    read = cron.parse(draft.cron_format, draft.time_zone)
    return [{"at": at, "local": at.astimezone(read.zone).isoformat()} for at in islice(read.after(hub.clock()), 5)]


async def upcoming(hub: Hub, actor: Actor, project_id: int, schedule_id: int, count: int) -> list[datetime]:
    """The next moments of a schedule, as if it were active; at most `MOST_PREVIEWED`."""
    await require(actor, project_id)
    schedule = await find(Schedule, project_id, schedule_id, "schedule")
    if schedule.type == RUN_AT:
        return [schedule.run_at] if schedule.run_at and schedule.run_at > hub.clock() else []
    return list(islice(moments(schedule, hub.clock()), max(1, min(count, MOST_PREVIEWED))))


def next_run(schedule: Schedule, after: datetime) -> datetime | None:
    """When a schedule is to start its template next; None for one that is off.

    One that watches a repository counts as on whatever `active` says, as on the wire (S29).
    """
    if not schedule.active and schedule.repository_id is None:
        return None
    if schedule.max_runs and schedule.runs >= schedule.max_runs:
        return None
    if schedule.type == RUN_AT:
        return schedule.run_at if schedule.run_at and schedule.run_at > after else None
    return next(moments(schedule, after), None)


def moments(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Yield the moments of a cron text after one, up to the schedule's end."""
    found = cron.parse(schedule.cron_format, schedule.time_zone).after(after)
    return takewhile(lambda one: schedule.ends_at is None or one <= schedule.ends_at, found)


def latest(schedule: Schedule, after: datetime, until: datetime, most: int) -> list[datetime]:
    """Return the last moments of a schedule after one and up to another, `most` of them or fewer."""
    if schedule.type == RUN_AT:
        return []
    last = min(until, schedule.ends_at) if schedule.ends_at else until
    return cron.parse(schedule.cron_format, schedule.time_zone).latest(after, last, most)


async def _locked(project_id: int, schedule_id: int) -> Schedule:
    """Return a schedule that starts nothing until the unit under way has landed, so that no moment comes twice."""
    await find(Schedule, project_id, schedule_id, "schedule")
    found = await Schedule.select_for_update().get_or_none(id=schedule_id)
    if found is None:
        raise NotFound("There is no such schedule in this project.")
    return found


def _switch(hub: Hub, schedule: Schedule, *, active: bool) -> None:
    """Switch it, and work out its next moment. Who switches one on that ran as often as it may wants it to run anew."""
    if active and not schedule.active and 0 < schedule.max_runs <= schedule.runs:
        schedule.runs = 0
    schedule.active, schedule.last_error = active, ""
    now, last = hub.clock(), schedule.last_run_at
    ran_ahead = last is not None and now < last <= now + SKEW
    schedule.next_run_at = next_run(schedule, last if last and ran_ahead else now)


async def _fill(hub: Hub, schedule: Schedule, draft: ScheduleDraft) -> None:
    """Check a draft and put it into the row, but for the answers."""
    before = schedule.repository_id
    _set_time(hub, schedule, draft)
    template_id = await refer(Template, schedule.project_id, draft.template_id, "template_id")
    if template_id is None:
        raise Invalid("A schedule needs a template.", field="template_id")
    schedule.template_id = template_id
    schedule.repository_id = await refer(Repository, schedule.project_id, draft.repository_id, "repository_id")
    if schedule.repository_id != before:
        schedule.last_commit_hash = None
    schedule.name = draft.name
    schedule.delete_after_run = draft.delete_after_run
    schedule.misfire = _choice(draft.misfire or schedule.misfire, MISFIRES, "misfire")
    schedule.overlap = _choice(draft.overlap or schedule.overlap, OVERLAPS, "overlap")
    if draft.ends_at or draft.nulls("ends_at"):
        schedule.ends_at = moment_of(draft.ends_at, "ends_at") if draft.ends_at else None
    schedule.max_runs = schedule.max_runs if draft.max_runs is None else draft.max_runs
    _switch(hub, schedule, active=draft.active)


def _set_time(hub: Hub, schedule: Schedule, draft: ScheduleDraft) -> None:
    zone = schedule.time_zone if draft.omits("time_zone") else draft.time_zone
    if draft.type == RUN_AT:
        if not draft.run_at:
            raise Invalid("run_at must be provided for run_at schedules", field="run_at")
        moment = moment_of(draft.run_at, "run_at")
        unchanged = not draft.active and moment == schedule.run_at
        if moment <= hub.clock() and not unchanged:
            raise Invalid("run_at must be in the future", field="run_at")
        schedule.type, schedule.cron_format, schedule.run_at = RUN_AT, "", moment
        schedule.time_zone = cron.zone_of(zone).key if zone else ""
    elif draft.type == CRON:
        cron.parse(draft.cron_format, zone)
        schedule.type, schedule.cron_format, schedule.run_at = CRON, draft.cron_format, None
        schedule.time_zone = zone
    else:
        raise Invalid("invalid schedule type", field="type")


def _choice(value: str, choices: tuple[str, ...], field: str) -> str:
    if value not in choices:
        raise Invalid(f"The member {field} must be one of: {', '.join(choices)}.", field=field)
    return value


async def _write_params(hub: Hub, schedule: Schedule, draft: ScheduleDraft) -> None:
    """Store the answers in the unit under way. Those that stay must fit the template still."""
    stored: dict[str, Any] = {"task_params": None, "secret": None}
    if not draft.nulls("task_params"):
        given = draft.task_params
        if given is None and not schedule_params.has_any(schedule):
            return
        kept = schedule_params.open_secret(hub, schedule) if given is None or given.secret is None else None
        wanted = ParamsDraft.read(schedule.task_params) if given is None else given
        stored["task_params"], secret = await schedule_params.checked(hub, schedule, wanted, kept)
        if secret:
            stored["secret"] = hub.vault.seal(json.dumps(secret), place("schedule", "secret", schedule.id))
    schedule.update_from_dict(stored)
    await schedule.save(update_fields=list(stored))


async def _tell(hub: Hub, actor: Actor, schedule: Schedule, verb: str) -> None:
    text = f"Schedule ID {schedule.id} {verb}"
    await events.record(hub, actor, "schedule", schedule.id, text, project_id=schedule.project_id)
    await events.announce(hub, actor, f"schedule.{verb}", schedule.id, schedule.project_id)


def _whole(schedule: Schedule) -> dict[str, Any]:
    params = {"task_params": schedule.task_params} if schedule_params.has_any(schedule) else {}
    return wire(schedule) | params


def wire(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule in the wire's shape, without its answers."""
    shape: dict[str, Any] = {
        "id": schedule.id,
        "project_id": schedule.project_id,
        "template_id": schedule.template_id,
        "cron_format": schedule.cron_format,
        "name": schedule.name,
        "active": schedule.active,
        "type": schedule.type,
        "delete_after_run": schedule.delete_after_run,
        "repository_id": schedule.repository_id,
        "misfire": schedule.misfire,
        "overlap": schedule.overlap,
    }
    for name in (
        "run_at", "time_zone", "next_run_at", "last_run_at", "last_task_id", "last_error", "ends_at", "max_runs",
        "runs",
    ):  # fmt: skip
        if getattr(schedule, name):
            shape[name] = getattr(schedule, name)
    return shape
