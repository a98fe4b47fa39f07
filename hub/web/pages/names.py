"""Names of a project's things by their ids, for lists and choices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.services import environments, inventories, keys, repositories, views
from hub.web.forms import Keys, Option
from hub.web.pages import visit


def _blank() -> defaultdict[int | None, str]:
    return defaultdict(str)


@dataclass(slots=True)
class Names:
    """Everything that templates refer to."""

    repository: Mapping[int | None, str] = field(default_factory=_blank)
    inventory: Mapping[int | None, str] = field(default_factory=_blank)
    environment: Mapping[int | None, str] = field(default_factory=_blank)


def by_id(rows: Iterable[Mapping[str, Any]], member: str = "name") -> defaultdict[int | None, str]:
    """Return the names by id; an unknown id has an empty name."""
    found = _blank()
    found.update({int(row["id"]): str(row[member]) for row in rows})
    return found


async def names(project_id: int) -> Names:
    """Return the names of a project."""
    here = visit.visit()
    return Names(
        by_id(await repositories.list_repositories(here.actor, project_id)),
        by_id(await inventories.list_inventories(here.hub, here.actor, project_id)),
        by_id(await environments.list_environments(here.actor, project_id)),
    )


def choices(rows: Iterable[Mapping[str, Any]], member: str = "name") -> list[Option]:
    """Return the rows as entries of a choice."""
    return [Option(str(row["id"]), str(row[member])) for row in rows]


async def key_choices(project_id: int, *types: str) -> list[Option]:
    """Return the project's keys of these types, or of all, as entries of a choice."""
    found = await keys.list_keys(visit.visit().actor, project_id)
    return choices(row for row in found if not types or row["type"] in types)


async def known_keys(project_id: int) -> Keys:
    """Return the project's keys, for options of executors that name one."""
    found = await keys.list_keys(visit.visit().actor, project_id)
    return Keys([(int(row["id"]), str(row["name"]), str(row["type"])) for row in found])


async def view_choices(project_id: int) -> list[Option]:
    """Return the tabs that a template may belong to."""
    found = await views.list_views(visit.visit().actor, project_id)
    return choices((row for row in found if row.get("type") != views.ALL), "title")
