"""Freezes: times in which a project's schedules start nothing, and if wanted nobody else does either. W-78."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field
from tortoise.expressions import F

from hub.context import Hub
from hub.db import every
from hub.errors import Conflict, Invalid
from hub.models import Freeze, Schedule
from hub.services import cron, events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.moments import moment_of, zoned

MOST = 200
"""Freezes of one project."""
LONGEST = 60 * 24 * 31
"""Minutes that a freeze by cron lasts at most."""
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a freeze that somebody has to end."""
_MOST_JOINED = 1000


class FreezeDraft(Draft):
    """Body of a freeze: from `starts` to `ends`, or by `cron_format` for `minutes` each time.

    Without `starts` it begins at once, without `ends` it lasts until somebody ends it.
    """

    id: Id = 0
    project_id: Id = 0
    name: str = Field(default="", max_length=100)
    active: bool = True
    everything: bool = False
    starts: str | None = None
    ends: str | None = None
    cron_format: str = Field(default="", max_length=255)
    time_zone: str = Field(default="", max_length=64)
    minutes: int = Field(default=0, ge=0, le=LONGEST)


LISTING = Listing(
    Freeze,
    columns={
        "id": "id", "name": "name", "active": "active", "everything": "everything", "starts": "starts", "ends": "ends",
    },
)  # fmt: skip


async def list_freezes(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Freezes of a project."""
    await require(actor, project_id)
    return (await LISTING.rows(Freeze.filter(project_id=project_id), asked)).shaped(_wire)


async def get_freeze(actor: Actor, project_id: int, freeze_id: int) -> dict[str, Any]:
    """One freeze."""
    await require(actor, project_id)
    return _wire(await find(Freeze, project_id, freeze_id, "freeze"))


async def create_freeze(hub: Hub, actor: Actor, project_id: int, draft: FreezeDraft) -> dict[str, Any]:
    """Add a freeze."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_project(draft.project_id, project_id)
    columns = _columns(hub, draft)

    async def work() -> Freeze:
        if await Freeze.filter(project_id=project_id).count() >= MOST:
            raise Conflict(f"A project has at most {MOST} freezes. Delete some that have passed.")
        made = await Freeze.create(project_id=project_id, **columns)
        await _look_anew(hub, project_id)
        await _tell(hub, actor, made, "created")
        return made

    return _wire(await store(work))


async def update_freeze(hub: Hub, actor: Actor, project_id: int, freeze_id: int, draft: FreezeDraft) -> None:
    """Replace a freeze."""
    await require(actor, project_id, MANAGE_RESOURCES)
    same_id(draft.id, freeze_id, "Freeze")
    same_project(draft.project_id, project_id)
    columns = _columns(hub, draft)

    async def work() -> None:
        found = await find(Freeze, project_id, freeze_id, "freeze")
        found.update_from_dict(columns)
        await found.save()
        await _look_anew(hub, project_id)
        await _tell(hub, actor, found, "updated")

    await store(work)


async def delete_freeze(hub: Hub, actor: Actor, project_id: int, freeze_id: int) -> None:
    """Delete a freeze. What runs once and was held back starts now, everything else at its next moment."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        found = await find(Freeze, project_id, freeze_id, "freeze")
        await found.delete()
        await _look_anew(hub, project_id)
        await _tell(hub, actor, found, "deleted")

    await store(work)


async def refuse_frozen(hub: Hub, actor: Actor, project_id: int) -> None:
    """Refuse a start while a freeze of everything lasts. Raises `Conflict`. Schedules look by themselves."""
    if actor.kind == "schedule":
        return
    now = hub.clock()
    for freeze in await every(Freeze, project_id=project_id, active=True, everything=True):
        until = end_of(freeze, now)
        if until is not None:
            raise Conflict(f"Nothing starts in this project until {spoken(until)}: {freeze.name}.")


def spoken(until: datetime) -> str:
    """The end of a freeze in a sentence."""
    return "somebody ends the freeze" if until >= FOREVER else f"{until:%Y-%m-%d %H:%M} UTC"


async def freeze_at(project_id: int, moment: datetime) -> tuple[str, datetime] | None:
    """Return the name of the freeze that lasts longest from `moment` on, and its end; None when nothing is frozen."""
    found = await Freeze.filter(project_id=project_id, active=True)
    return longest_at(found, moment)


def longest_at(freezes: list[Freeze], moment: datetime) -> tuple[str, datetime] | None:
    """The same, of freezes that were read before."""
    ends = [(until, one.name) for one in freezes if (until := end_of(one, moment)) is not None]
    if not ends:
        return None
    until, name = max(ends)
    return name, until


def end_of(freeze: Freeze, moment: datetime) -> datetime | None:
    """When a freeze that lasts at `moment` ends; None for one that does not last then."""
    if not freeze.cron_format:
        ends = freeze.ends or FOREVER
        return ends if freeze.starts is not None and freeze.starts <= moment < ends else None
    span = timedelta(minutes=freeze.minutes)
    until: datetime | None = None
    begins = cron.parse(freeze.cron_format, freeze.time_zone).after(moment - span)
    for _ in range(_MOST_JOINED):  # one that begins again before it has ended goes on
        start = next(begins, None)
        if start is None or start > (until or moment):
            break
        until = start + span
    return until


def end_of_shape(shape: dict[str, Any], moment: datetime) -> datetime | None:
    """The same, of a freeze in the wire's shape."""
    return end_of(Freeze(**shape), moment)


def _columns(hub: Hub, draft: FreezeDraft) -> dict[str, Any]:
    if not draft.name.strip():
        raise Invalid("A freeze needs a name that says why.", field="name")
    columns: dict[str, Any] = {
        "name": draft.name.strip(), "active": draft.active, "everything": draft.everything,
        "starts": None, "ends": None, "cron_format": "", "time_zone": "", "minutes": 0,
    }  # fmt: skip
    if draft.cron_format:
        zoned(draft.cron_format, draft.time_zone)
        if not draft.minutes:
            raise Invalid("Say how many minutes the freeze lasts.", field="minutes")
        return columns | {
            "cron_format": draft.cron_format, "time_zone": draft.time_zone, "minutes": draft.minutes,
        }  # fmt: skip
    starts = moment_of(draft.starts, "starts") if draft.starts else hub.clock()
    ends = moment_of(draft.ends, "ends") if draft.ends else None
    if ends is not None and ends <= starts:
        raise Invalid("A freeze must end after it starts.", field="ends")
    zone = cron.zone_of(draft.time_zone).key if draft.time_zone else ""  # which people have in mind; kept for pages
    return columns | {"starts": starts, "ends": ends, "time_zone": zone}


async def _look_anew(hub: Hub, project_id: int) -> None:
    """Let what runs once and was held back find out whether it still is."""
    held = Schedule.filter(project_id=project_id, type="run_at", active=True, next_run_at__gt=F("run_at"))
    await held.update(next_run_at=hub.clock())


async def _tell(hub: Hub, actor: Actor, freeze: Freeze, verb: str) -> None:
    text = f"Freeze ID {freeze.id} ({freeze.name}) {verb}"
    await events.record(hub, actor, "freeze", freeze.id, text, project_id=freeze.project_id)
    await events.announce(hub, actor, f"freeze.{verb}", freeze.id, freeze.project_id)


def _wire(freeze: Freeze) -> dict[str, Any]:
    return {
        "id": freeze.id, "project_id": freeze.project_id, "name": freeze.name, "active": freeze.active,
        "everything": freeze.everything, "starts": freeze.starts, "ends": freeze.ends,
        "cron_format": freeze.cron_format, "time_zone": freeze.time_zone, "minutes": freeze.minutes,
    }  # fmt: skip
