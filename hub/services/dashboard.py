"""What a dashboard tells, of one project or of all that somebody sees: at work now, failing now, and figures by day.

Every read is bounded, however many tasks there are: lists by their length, figures by the newest tasks they count. Ids
grow with time, so the first task of a span is found by halving, without an index of moments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from hub.context import Hub
from hub.db import rows
from hub.errors import Invalid
from hub.models import Template
from hub.services import stats, zone_days
from hub.services.access import Grant, grant_for, visible_project_ids
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.reading import shown
from hub.services.tasks.read import chosen_tasks
from hub.services.tasks.states import UNFINISHED

AT_WORK: Final = 30
"""Unfinished tasks that are listed; the rest is counted."""

FAILING: Final = 15

_LOOKED_AT: Final = 2000
"""Newest tasks that failed, among which those are looked for that nothing has made good since."""

CHOICES: Final = 200
"""Templates that the history offers to choose one of; further ones are found by searching."""

COUNTED: Final = 100_000
"""Newest tasks that figures count at most."""

SPANS: Final = (7, 30, 90, 365)
"""Days of figures that may be asked for."""

FRESH: Final = timedelta(seconds=30)
"""How long figures are given again without counting anew."""

_KEPT: Final = 200
"""Figures that are remembered at most."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which projects count, and what the reader may read of each."""

    actor: Actor
    ids: tuple[int, ...] | None
    """None for all of them."""

    def within(self, column: str) -> tuple[str, list[int]]:
        """Return the condition on a column of project ids."""
        if self.ids is None:
            return "1 = 1", []
        if not self.ids:
            return "1 = 0", []
        return f"{column} IN ({', '.join('?' * len(self.ids))})", list(self.ids)


async def scope_of(actor: Actor, project_id: int | None = None) -> Scope:
    """Return the one project, or all that the actor sees; `NotFound` for strangers to the one."""
    if project_id is not None:
        await grant_for(actor, project_id)
        return Scope(actor, (project_id,))
    visible = await visible_project_ids(actor)
    return Scope(actor, None if visible is None else tuple(visible))


@dataclass(frozen=True, slots=True)
class AtWork:
    """Unfinished tasks: some of them, and how many there are of each status."""

    tasks: list[dict[str, Any]]
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.counts.values())


async def at_work(scope: Scope) -> AtWork:
    """Return what runs, waits for a decision or waits in the queue, with the reasons, longest at work first."""
    # With the plus, no database prefers the index of the project, which may hold a million finished tasks.
    within, ids = scope.within('+"task"."project_id"')
    marks = ", ".join("?" * len(UNFINISHED))
    where = f'"task"."status" IN ({marks}) AND {within}'
    statuses = sorted(UNFINISHED)
    counts = await rows(
        f'SELECT "status", COUNT(*) AS "number" FROM "task" WHERE {where} GROUP BY "status"',  # noqa: S608 - of constants
        [*statuses, *ids],
    )
    rank = "CASE \"task\".\"status\" WHEN 'waiting_confirmation' THEN 0 WHEN 'waiting' THEN 2 ELSE 1 END"
    chosen = f'{where} ORDER BY {rank}, "task"."id" LIMIT {AT_WORK}'
    found = await chosen_tasks(chosen, [*statuses, *ids], positions=True)
    return AtWork(await _readable(scope.actor, found), {row["status"]: int(row["number"]) for row in counts})


async def failing(scope: Scope) -> list[dict[str, Any]]:
    """Return the newest task of every template of which it failed, newest first.

    They are looked for among the newest tasks that failed. Only where those were almost all made good, every template
    is looked at.
    """
    within, ids = scope.within('"task"."project_id"')
    edge = await rows(_FAILED.format(within=within, offset=_LOOKED_AT - 1), ids)
    first = edge[0]["id"] if edge else 0
    found = [row["id"] for row in await rows(_NOT_MADE_GOOD.format(within=within), [*ids, first])]
    if edge and len(found) < FAILING:
        within, ids = scope.within('"template"."project_id"')
        found = [row["id"] for row in await rows(_OF_EACH_TEMPLATE.format(within=within), ids)]
    if not found:
        return []
    where = f'"task"."id" IN ({", ".join("?" * len(found))}) ORDER BY "task"."id" DESC'
    return await _readable(scope.actor, await chosen_tasks(where, found))


_FAILED: Final = """
    SELECT "id" FROM "task" WHERE "status" = 'error' AND {within} ORDER BY "id" DESC LIMIT 1 OFFSET {offset}
"""

_NOT_MADE_GOOD: Final = f"""
    SELECT "task"."id" FROM "task"
    WHERE "task"."status" = 'error' AND {{within}} AND "task"."id" >= ?
      AND NOT EXISTS (SELECT 1 FROM "task" AS "newer"
                      WHERE "newer"."template_id" = "task"."template_id" AND "newer"."id" > "task"."id")
    ORDER BY "task"."id" DESC LIMIT {FAILING}
"""  # noqa: S608 - of constants

_OF_EACH_TEMPLATE: Final = f"""
    SELECT "task"."id"
    FROM (SELECT (SELECT MAX("one"."id") FROM "task" AS "one" WHERE "one"."template_id" = "template"."id") AS "id"
          FROM "template" WHERE {{within}}) AS "newest" JOIN "task" ON "task"."id" = "newest"."id"
    WHERE "task"."status" = 'error' ORDER BY "task"."id" DESC LIMIT {FAILING}
"""  # noqa: S608 - of constants


async def _readable(actor: Actor, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tasks as the actor may read them, each with the name of its project."""
    grants: dict[int, Grant] = {one: await grant_for(actor, one) for one in {task["project_id"] for task in found}}
    return [
        shown(grants[task["project_id"]], "task", task) | {"project_name": grants[task["project_id"]].project_name}
        for task in found
    ]


async def template_names(actor: Actor, project_id: int) -> list[dict[str, Any]]:
    """Return id and name of the first templates of a project, for a choice that people can still read."""
    await grant_for(actor, project_id)
    return await rows(
        f'SELECT "id", "name" FROM "template" WHERE "project_id" = ? ORDER BY "name", "id" LIMIT {CHOICES}',  # noqa: S608 - of constants
        [project_id],
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures by day, oldest first."""

    days: list[dict[str, Any]]
    cut: bool
    """There were more tasks than are counted; the oldest are left out."""


async def figures(hub: Hub, scope: Scope, days: int, zone: str = "UTC") -> Figures:
    """Return how many tasks of each day of a zone ended how, how long they ran and how long they waited."""
    if days not in SPANS:
        raise Invalid(f"Figures are for one of these numbers of days: {', '.join(map(str, SPANS))}.", field="days")
    now = hub.clock()
    key = (hub.settings.data_dir, hub.node, scope.ids, days, zone)
    if (known := _REMEMBERED.get(key)) and now - FRESH < known[0] <= now:
        return known[1]
    within, ids = scope.within('"project_id"')
    fresh = await _counted(within, ids, await _first(now, days, zone), zone)
    if len(_REMEMBERED) >= _KEPT:
        _REMEMBERED.clear()
    _REMEMBERED[key] = (now, fresh)
    return fresh


async def template_figures(hub: Hub, actor: Actor, at: tuple[int, int], days: int, zone: str = "UTC") -> Figures:
    """Return the same of one template; `at` are the ids of project and template. They are counted each time."""
    project_id, template_id = at
    await grant_for(actor, project_id)
    await find(Template, project_id, template_id, "template")
    return await _counted('"template_id" = ?', [template_id], await _first(hub.clock(), days, zone), zone)


def forget() -> None:
    """Count anew the next time, whatever is remembered."""
    _REMEMBERED.clear()
    stats.forget()


_REMEMBERED: dict[tuple[Path, str, tuple[int, ...] | None, int, str], tuple[datetime, Figures]] = {}


async def _first(now: datetime, days: int, zone: str) -> int:
    """Return the id of the first task of the first of the days."""
    return await stats.first_since(zone_days.begin(zone_days.today(zone, now) - timedelta(days=days), zone))


async def _counted(within: str, ids: Sequence[int], first: int, zone: str) -> Figures:
    oldest = await rows(
        f'SELECT "id" FROM "task" WHERE {within} AND "id" >= ? ORDER BY "id" DESC LIMIT 1 OFFSET {COUNTED - 1}',  # noqa: S608 - of constants
        [*ids, first],
    )
    if oldest:  # in steps, so that what is remembered of the same tasks is found again
        step = max(1, COUNTED // 20)
        first = -(-oldest[0]["id"] // step) * step
    found = await stats.by_day(f'{within} AND "id" >= ?', [*ids, first], zone)
    return Figures(found[::-1], bool(oldest))
