"""Health of the work: workers, what waits, schedules, deliveries, notices, secrets that expire, and the upkeep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from hub import __version__
from hub.context import Hub
from hub.models import Delivery, Key, NodeLock, Notification, Schedule
from hub.services import deliveries as webhook_log
from hub.services import figures, retention_round, servers
from hub.services import workers as known_workers
from hub.services.health_part import BAD, OK, WARN, Part
from hub.services.keys import EXPIRY_NOTICE

LONG: Final = timedelta(minutes=15)
"""A task that waits longer is worth a look."""
LATE: Final = timedelta(minutes=2)
"""A schedule whose moment passed so long ago is late."""
VERY_LATE: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
OPEN: Final = "none"
"""What a worker tells of itself when nothing keeps its tasks from the hub's own files."""


async def workers(hub: Hub) -> Part:
    """Who is there, how much they can take, and what keeps their tasks apart."""
    found = await known_workers.seen_workers(hub)
    by = {state: [one for one in found if one["state"] == state] for state in ("on", "draining", "lost")}
    here = by["on"] + by["draining"]
    facts: dict[str, Any] = {
        "active": len(by["on"]), "draining": len(by["draining"]), "lost": len(by["lost"]),
        "slots": sum(one["slots"] for one in by["on"]), "busy": sum(len(one["tasks"]) for one in here),
        "open": sum(one["isolation"] == OPEN for one in here),
        "other_version": sum(one["version"] != __version__ for one in here),
        "isolation": sorted({one["isolation"] for one in here if one["isolation"]}),
    }  # fmt: skip
    if not by["on"]:
        return Part("workers", BAD, "none", facts)
    reason = next((name for name in ("lost", "open", "other_version") if facts[name]), "")
    return Part("workers", WARN if reason else OK, reason, facts)


async def tasks(hub: Hub) -> Part:
    """What runs, what waits, and for how long."""
    found = await figures.standing(hub)
    waiting = sum(found.by_status.get(name, 0) for name in ("waiting", "starting", "confirmed"))
    facts = {
        "running": found.by_status.get("running", 0) + found.by_status.get("stopping", 0), "waiting": waiting,
        "undecided": found.by_status.get("waiting_confirmation", 0), "oldest_seconds": int(found.oldest_wait),
    }  # fmt: skip
    if waiting and not found.workers["active"]:
        return Part("tasks", BAD, "no_workers", facts)
    long = found.oldest_wait > LONG.total_seconds()
    return Part("tasks", WARN if long else OK, "long" if long else "", facts)


async def upkeep(hub: Hub) -> Part:
    """Which node does what one of all does, and when old things were last looked for."""
    now = hub.clock()
    locks = await NodeLock.filter(until__isnull=False).order_by("name")
    leads = [one for one in locks if not one.name.startswith(servers.PREFIX)]
    held = [{"name": one.name, "node": one.owner} for one in leads if one.until is not None and one.until > now]
    until = next((one.until for one in locks if one.name == retention_round.LOCK), None)
    last = until - retention_round.ROUND if until is not None else None
    facts = {"retention": last, "leads": held}
    if last is None:
        return Part("upkeep", OK, "never", facts)
    late = now - last > 3 * retention_round.ROUND
    return Part("upkeep", WARN if late else OK, "late" if late else "", facts)


async def schedules(hub: Hub) -> Part:
    """How many are on, which comes next, and whether any is late."""
    now = hub.clock()
    active = Schedule.filter(active=True)
    coming = await active.filter(next_run_at__gte=now).order_by("next_run_at").first()
    late = await active.filter(next_run_at__lt=now - LATE).order_by("next_run_at")
    following = coming.next_run_at if coming else None
    facts = {"active": await active.count(), "late": len(late),
             "next": following if following and following.year < _NEVER else None}  # fmt: skip
    if not late:
        return Part("schedules", OK, "", facts)
    first = late[0].next_run_at or now
    return Part("schedules", BAD if now - first > VERY_LATE else WARN, "late", facts)


_NEVER: Final = 9999
"""Year of a moment that waits for the end of a freeze."""


async def deliveries(hub: Hub) -> Part:
    """Requests from outside within a day: how many started something, and how many failed."""
    since = Delivery.filter(created__gt=hub.clock() - DAY)
    facts = {
        name: await since.filter(outcome=name).count()
        for name in (webhook_log.STARTED, webhook_log.FAILED, webhook_log.REFUSED)
    }
    failed = facts[webhook_log.FAILED]
    return Part("deliveries", WARN if failed else OK, "failed" if failed else "", facts)


async def notices(hub: Hub) -> Part:
    """Notices to channels: how many failed within a day, and how many are overdue."""
    now = hub.clock()
    facts = {
        "failed": await Notification.filter(state="failed", created__gt=now - DAY).count(),
        "overdue": await Notification.filter(state__in=["waiting", "sending"], due__lt=now - LONG).count(),
    }
    reason = next((name for name in ("overdue", "failed") if facts[name]), "")
    return Part("notices", WARN if reason else OK, reason, facts)


async def keys(hub: Hub) -> Part:
    """Secrets that are past their time, or soon will be."""
    now = hub.clock()
    shared = Key.filter(owner="")
    facts = {"over": await shared.filter(expires__lte=now).count(),
             "soon": await shared.filter(expires__gt=now, expires__lte=now + EXPIRY_NOTICE).count()}  # fmt: skip
    reason = next((name for name in ("over", "soon") if facts[name]), "")
    return Part("keys", WARN if reason else OK, reason, facts)
