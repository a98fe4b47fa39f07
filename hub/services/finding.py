"""Finding things by name across the projects that somebody sees: what the command palette and the search page ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hub.db import rows
from hub.services.access import RUN_TASKS, grant_for, on_template, visible_project_ids
from hub.services.actor import Actor
from hub.services.draft import MAX_ID
from hub.services.listing import LONGEST_SEARCH
from hub.services.stars import list_stars

MOST: Final = 50
"""Most things that one search finds."""

USUAL: Final = 20

MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    table: str
    name: str = "name"
    where: str = "1 = 1"


_KINDS: Final = {
    "template": _Kind("template"),
    "project": _Kind("project"),
    "inventory": _Kind("inventory", where='"template_id" IS NULL'),
    "repository": _Kind("repository"),
    "environment": _Kind("environment"),
    "key": _Kind("key", where="\"owner\" = ''"),
    "schedule": _Kind("schedule"),
    "integration": _Kind("integration"),
    "view": _Kind("view", name="title"),
}
"""What is found by its name, in the order in which it is shown. Every member of a project reads these names."""

KINDS: Final = ("task", *_KINDS)


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for."""

    text: str
    project_id: int | None = None
    """Things of this project come first."""
    kinds: frozenset[str] = frozenset(KINDS)
    limit: int = USUAL

    @property
    def words(self) -> list[str]:
        """The words, each of which a name has to hold."""
        return self.text[:LONGEST_SEARCH].upper().split()[:MOST_WORDS]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing."""

    kind: str
    id: int
    name: str
    project_id: int
    project_name: str = ""
    status: str = ""
    """Of a task."""
    may_run: bool = False
    """Whether who asks may start this template."""
    starred: bool = False
    """Whether who asks has starred this template."""


async def find_all(actor: Actor, sought: Sought) -> list[Found]:
    """Return what the actor sees of what is sought: a task by its number first, then by kind, best names first."""
    words = sought.words
    if not words:
        return []
    visible = await visible_project_ids(actor)
    if visible is not None and not visible:
        return []
    found: list[Found] = []
    if "task" in sought.kinds:
        found += await _task(words, visible)
    mine = {row["id"] for row in await list_stars(actor)} if "template" in sought.kinds else set()
    for name, kind in _KINDS.items():
        if name in sought.kinds and len(found) < sought.limit:
            some = await _named(name, kind, replace(sought, limit=sought.limit - len(found)), visible, mine)
            found += some
    return await _with_rights(actor, await _with_projects(found))


async def _task(words: Sequence[str], visible: list[int] | None) -> list[Found]:
    number = words[0].removeprefix("#")
    if len(words) != 1 or not (number.isascii() and number.isdecimal() and len(number) <= 10):
        return []
    if int(number) > MAX_ID:
        return []
    within, params = _within("task.project_id", visible)
    one = await rows(
        'SELECT "task"."id", "task"."project_id", "task"."status", "template"."name" FROM "task" '  # noqa: S608 - of constants
        f'JOIN "template" ON "template"."id" = "task"."template_id" WHERE "task"."id" = ? AND {within}',
        [int(number), *params],
    )
    return [Found("task", row["id"], str(row["name"]), row["project_id"], status=str(row["status"])) for row in one]


async def starred(actor: Actor) -> list[Found]:
    """Return the templates that the actor has starred."""
    found = [
        Found("template", row["id"], str(row["name"]), row["project_id"], starred=True)
        for row in await list_stars(actor)
    ]
    return await _with_rights(actor, await _with_projects(found[:USUAL]))


async def _named(
    name: str, kind: _Kind, sought: Sought, visible: list[int] | None, mine: Collection[int]
) -> list[Found]:  # fmt: skip
    """Return what is called so, what the person has starred first."""
    own = "id" if name == "project" else "project_id"
    within, among = _within(f"{kind.table}.{own}", visible)
    words = sought.words
    like = [f"%{_literally(word)}%" for word in words]
    matches = " AND ".join([f"UPPER(\"{kind.name}\") LIKE ? ESCAPE '!'"] * len(like))
    found = await rows(
        f'SELECT "id", "{kind.name}" AS "name", "{own}" AS "project_id" FROM "{kind.table}" '  # noqa: S608 - of constants
        f"WHERE {kind.where} AND {within} AND {matches} "
        f'ORDER BY {_mine_first(name, mine)}CASE WHEN "{own}" = ? THEN 0 ELSE 1 END, '
        f'CASE WHEN UPPER("{kind.name}") LIKE ? ESCAPE \'!\' THEN 0 ELSE 1 END, "{kind.name}", "id" LIMIT ?',
        [*among, *like, sought.project_id or 0, f"{_literally(words[0])}%", sought.limit],
    )
    among_mine = mine if name == "template" else ()
    return [
        Found(name, row["id"], str(row["name"]), row["project_id"], starred=row["id"] in among_mine) for row in found
    ]


def _mine_first(name: str, mine: Collection[int]) -> str:
    if name != "template" or not mine:
        return ""
    return f'CASE WHEN "id" IN ({", ".join(str(int(one)) for one in sorted(mine))}) THEN 0 ELSE 1 END, '


def _within(column: str, visible: list[int] | None) -> tuple[str, list[int]]:
    if visible is None:
        return "1 = 1", []
    table, name = column.split(".")
    return f'"{table}"."{name}" IN ({", ".join("?" * len(visible))})', visible


def _literally(text: str) -> str:
    """Return a text that LIKE takes as it stands, with `!` for the escape."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


async def _with_projects(found: list[Found]) -> list[Found]:
    names = await _names_of({one.project_id for one in found})
    return [replace(one, project_name=names.get(one.project_id, "")) for one in found]


async def _names_of(ids: Iterable[int]) -> dict[int, str]:
    wanted = list(ids)
    if not wanted:
        return {}
    places = ", ".join("?" * len(wanted))
    found: list[dict[str, Any]] = await rows(
        f'SELECT "id", "name" FROM "project" WHERE "id" IN ({places})',  # noqa: S608 - of constants
        wanted,
    )
    return {row["id"]: str(row["name"]) for row in found}


async def _with_rights(actor: Actor, found: list[Found]) -> list[Found]:
    """Tell of each template whether the actor may start it: by the role in its project, or on it alone."""
    grants = {one: await grant_for(actor, one) for one in {f.project_id for f in found if f.kind == "template"}}
    return [
        replace(one, may_run=(await on_template(grants[one.project_id], one.id)).allows(RUN_TASKS))
        if one.kind == "template"
        else one
        for one in found
    ]
