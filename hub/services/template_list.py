"""The list of templates as people work with it: found, filtered and turned in pages, with the last runs of each.

A page costs the same however many templates there are, but for the reading of names that a search has to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.db import rows
from hub.models import View
from hub.services.access import Grant, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.listing import LONGEST_SEARCH, WHOLE
from hub.services.stars import starred_among
from hub.services.tasks.states import UNFINISHED, WAITING_CONFIRMATION
from hub.services.templates import whole_list
from hub.services.views import ALL, SORTED_BY

PAGE: Final = 50
RUNS: Final = 5
"""Newest tasks of each template that are shown beside it."""
MOST_WORDS: Final = 8

NEVER: Final = "never"
ACTIVE: Final = "active"
STATUSES: Final = ("success", "error", "stopped", WAITING_CONFIRMATION, ACTIVE, NEVER)
"""What the newest task may be filtered by: a status, that it is not over yet, or that there is none."""

SORTS: Final = ("name", "-name", "recent")

_RELATED: Final = {"inventory": "inventory_id", "environment": "environment_id", "repository": "repository_id"}
_SEARCHED: Final = ("name", "description", "playbook", "git_branch")
_NEWEST: Final = '(SELECT MAX("one"."id") FROM "task" AS "one" WHERE "one"."template_id" = "template"."id")'


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which templates somebody wants to see. What is unknown counts as not said."""

    text: str = ""
    app: str = ""
    status: str = ""
    """One of `STATUSES`, of the newest task."""
    starred: bool = False
    view_id: int | None = None
    sort: str = ""
    """One of `SORTS`; empty for the view's own order."""
    page: int = 0

    @property
    def filtered(self) -> bool:
        """Whether anything is left out, beside what the view leaves out."""
        return bool(self.text or self.app or self.status or self.starred)


@dataclass(frozen=True, slots=True)
class Seen:
    """One page."""

    templates: list[dict[str, Any]]
    """In the wire's shape, each with `runs`, `starred`, and the names of what it uses."""
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // PAGE)


async def look(actor: Actor, project_id: int, wanted: Wanted) -> Seen:
    """Return a page of the templates, starred ones first."""
    grant = await require(actor, project_id)
    query, params = await _query(actor, project_id, wanted)
    page = max(0, min(wanted.page, 10_000))
    found = await rows(f"{query} LIMIT {PAGE} OFFSET {page * PAGE}", params)
    if not found and page:
        return await look(actor, project_id, _first(wanted))
    ids = [int(row["id"]) for row in found]
    return Seen(await _shapes(actor, grant, ids), int(found[0]["total"]) if found else 0, page)


async def ids_of(actor: Actor, project_id: int, wanted: Wanted, most: int) -> list[int]:
    """Return the ids of everything that fits, `most` of them or fewer, in the list's order."""
    await require(actor, project_id)
    query, params = await _query(actor, project_id, wanted)
    return [int(row["id"]) for row in await rows(f"{query} LIMIT {most}", params)]


async def used_apps(actor: Actor, project_id: int) -> list[str]:
    """Return the apps that templates of the project are of."""
    await require(actor, project_id)
    found = await rows('SELECT DISTINCT "app" FROM "template" WHERE "project_id" = ? ORDER BY "app"', [project_id])
    return [str(row["app"]) for row in found if row["app"]]


def _first(wanted: Wanted) -> Wanted:
    return replace(wanted, page=0)


async def _query(actor: Actor, project_id: int, wanted: Wanted) -> tuple[str, list[Any]]:
    """Return the SELECT of ids with the number of all, without a limit."""
    order, joins, where = "", [], ['"template"."project_id" = ?']
    params: list[Any] = [actor.user_id or 0, project_id]
    if wanted.view_id is not None:
        view = await find(View, project_id, wanted.view_id, "view")
        order = _own_order(view)
        if view.type != ALL:
            where.append('"template"."view_id" = ?')
            params.append(view.id)
    order = {"name": "name", "-name": "-name", "recent": "recent"}.get(wanted.sort, order or "name")
    if wanted.status in STATUSES or order == "recent":
        joins.append(f'LEFT JOIN "task" AS "last" ON "last"."id" = {_NEWEST}')
    for text, values in (_by_text(wanted.text), _by_app(wanted.app), _by_status(wanted.status)):
        where.extend(text)
        params.extend(values)
    if wanted.starred:
        where.append('"star"."id" IS NOT NULL')
    name = order.removeprefix("-")
    if name in _RELATED:
        joins.append(f'LEFT JOIN "{name}" ON "{name}"."id" = "template"."{_RELATED[name]}"')
    return (
        'SELECT "template"."id", COUNT(*) OVER () AS "total" FROM "template" '  # noqa: S608 - of constants
        'LEFT JOIN "star" ON "star"."template_id" = "template"."id" AND "star"."user_id" = ? '
        f"{' '.join(joins)} WHERE {' AND '.join(where)} "
        f'ORDER BY CASE WHEN "star"."id" IS NULL THEN 1 ELSE 0 END, {_order(order)}, "template"."id"'
    ), params


def _own_order(view: View) -> str:
    own = view.sort_column if view.sort_column in SORTED_BY else "name"
    return f"-{own}" if view.sort_reverse else own


def _order(order: str) -> str:
    name, down = order.removeprefix("-"), " DESC" if order.startswith("-") else ""
    if name == "recent":
        return 'COALESCE("last"."id", 0) DESC, "template"."name"'
    if name in _RELATED:
        return f'COALESCE("{name}"."name", \'\'){down}, "template"."name"'
    return f'"template"."{name}"{down}'


Condition = tuple[list[str], list[Any]]


def _by_text(text: str) -> Condition:
    """Every word must be somewhere in the columns that are searched."""
    words = text[:LONGEST_SEARCH].replace("\x00", "").upper().split()[:MOST_WORDS]
    one = " OR ".join(f'UPPER("template"."{name}") LIKE ? ESCAPE \'!\'' for name in _SEARCHED)
    like = [f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%" for word in words]
    return [f"({one})"] * len(words), [each for word in like for each in [word] * len(_SEARCHED)]


def _by_app(app: str) -> Condition:
    return (['"template"."app" = ?'], [app]) if app else ([], [])


def _by_status(status: str) -> Condition:
    if status == NEVER:
        return ['"last"."id" IS NULL'], []
    if status == ACTIVE:
        return [f'"last"."status" IN ({", ".join("?" * len(UNFINISHED))})'], sorted(UNFINISHED)
    return (['"last"."status" = ?'], [status]) if status in STATUSES else ([], [])


async def _shapes(actor: Actor, grant: Grant, ids: Sequence[int]) -> list[dict[str, Any]]:
    if not ids:
        return []
    found = {one["id"]: one for one in await whole_list(grant, WHOLE, id__in=list(ids))}
    runs, starred, names = await last_runs(ids), await starred_among(actor, ids), await _names(ids)
    return [
        found[one] | {"runs": runs.get(one, []), "starred": one in starred, "uses": names[one]}
        for one in ids
        if one in found
    ]


async def last_runs(template_ids: Sequence[int], most: int = RUNS) -> Mapping[int, list[dict[str, Any]]]:
    """Return the newest tasks of each template, the oldest of them first. Callers have checked permission."""
    one = (
        'SELECT * FROM (SELECT "id", "template_id", "status", "created", "start", "end" FROM "task" '  # noqa: S608 - of constants
        f'WHERE "template_id" = ? ORDER BY "id" DESC LIMIT {most}) AS "newest"'
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for begin in range(0, len(template_ids), PAGE):
        part = template_ids[begin : begin + PAGE]
        for row in await rows(" UNION ALL ".join([one] * len(part)), part, times=("created", "start", "end")):
            found.setdefault(row["template_id"], []).append(row)
    return {template: sorted(group, key=lambda row: int(row["id"])) for template, group in found.items()}


async def _names(ids: Sequence[int]) -> Mapping[int, dict[str, str]]:
    """Return the names of what templates use, by kind; only those of this page are read."""
    joins = " ".join(f'LEFT JOIN "{kind}" ON "{kind}"."id" = "template"."{own}"' for kind, own in _RELATED.items())
    names = ", ".join(f'"{kind}"."name" AS "{kind}"' for kind in _RELATED)
    found = await rows(
        f'SELECT "template"."id", {names} FROM "template" {joins} '  # noqa: S608 - of constants
        f'WHERE "template"."id" IN ({", ".join("?" * len(ids))})',
        ids,
    )
    return {row["id"]: {kind: str(row[kind]) for kind in _RELATED if row[kind]} for row in found}
