"""How the last runs on an inventory went, host by host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from hub.db import rows
from hub.services.tasks.results import HOSTS

_RUNS: Final = 5
"""Runs that are looked at."""
_AMONG: Final = 2000
"""Newest tasks of the project among which they are looked for."""
_WORST: Final = ("unreachable", "failed", "changed", "ok")

_LAST: Final = """
    SELECT "task_result"."task_id", "task_result"."data", "template"."name"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                JOIN "task_result" ON "task_result"."task_id" = "task"."id" AND "task_result"."kind" = ?
    WHERE "task"."project_id" = ? AND "task"."id" >= ?
      AND COALESCE("task"."inventory_id", "template"."inventory_id") = ?
    ORDER BY "task"."id" DESC LIMIT ?
"""

_EDGE: Final = f'SELECT "id" FROM "task" WHERE "project_id" = ? ORDER BY "id" DESC LIMIT 1 OFFSET {_AMONG - 1}'  # noqa: S608 - of constants


async def last_runs(project_id: int, inventory_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return of each host how it ended in the last runs on the inventory, newest first.

    Whoever calls has looked whether the reader may see the inventory.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    edge = await rows(_EDGE, [project_id])
    first = edge[0]["id"] if edge else 0
    for row in await rows(_LAST, [HOSTS, project_id, first, inventory_id, _RUNS], documents=["data"]):
        for one in row["data"].get("hosts") or ():
            if state := _state(one):
                run = {"task_id": row["task_id"], "template": row["name"], "state": state}
                found[str(one.get("host", ""))].append(run)
    return dict(found)


def _state(counts: Mapping[str, Any]) -> str:
    return next((name for name in _WORST if counts.get(name)), "")
