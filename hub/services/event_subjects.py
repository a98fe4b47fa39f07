"""Names of what events are about, as long as it is there: for people, to whom an id says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.db import rows

Subjects = Mapping[tuple[str, int], str]
"""Names by kind and id; what was deleted is absent."""

_TABLES: Final[Mapping[str, tuple[str, str]]] = {
    "template": ("template", "name"), "inventory": ("inventory", "name"), "repository": ("repository", "name"),
    "environment": ("environment", "name"), "key": ("key", "name"), "schedule": ("schedule", "name"),
    "integration": ("integration", "name"), "freeze": ("freeze", "name"), "view": ("view", "title"),
    "channel": ("channel", "name"), "user": ("user", "username"), "runner": ("runner", "name"),
}  # fmt: skip
"""Of what kind are things that have names in a table, and in which column."""


async def names_of(told: Iterable[Mapping[str, Any]]) -> Subjects:
    """Return the names of what some events are about: one question for each kind of thing.

    Whoever reads the events of a project may know what its things are called; see `hub.services.reading`.
    """
    wanted: defaultdict[str, set[int]] = defaultdict(set)
    for one in told:
        if one["object_type"] in _TABLES and one["object_id"]:
            wanted[one["object_type"]].add(int(one["object_id"]))
    found: dict[tuple[str, int], str] = {}
    for kind, ids in wanted.items():
        table, column = _TABLES[kind]
        sql = f'SELECT "id", "{column}" AS "name" FROM "{table}" WHERE "id" IN ({", ".join("?" * len(ids))})'  # noqa: S608 - of constants
        found |= {(kind, row["id"]): str(row["name"]) for row in await rows(sql, sorted(ids))}
    return found
