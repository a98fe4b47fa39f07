"""What a live reader may see, and what is new for it since it last looked."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import column, rows
from hub.errors import HubError, NotFound
from hub.models import Session, Task, Token
from hub.services import log
from hub.services.access import require, visible_project_ids
from hub.services.actor import Actor
from hub.services.tasks import stages
from hub.services.tasks.queued import POSITION, explain
from hub.services.tasks.states import FINISHED, UNFINISHED

_STATE = (
    "id", "project_id", "template_id", "status", "start", "end", "version", "reason", "question", "log_lines",
    "exit_code",
)  # fmt: skip

_REMEMBERED = 5000
"""Finished tasks that a reader of all tasks remembers to have told."""


async def open_watch(hub: Hub, actor: Actor, project_id: int, task_id: int) -> Watch:
    """Begin to watch one task. Raises `NotFound`."""
    await require(actor, project_id)
    if not await Task.filter(id=task_id, project_id=project_id).exists():
        raise NotFound("There is no such task in this project.")
    return Watch(hub, actor, project_id, task_id)


class Watch:
    """One reader of one task."""

    def __init__(self, hub: Hub, actor: Actor, project_id: int, task_id: int) -> None:
        self.project_id, self.task_id = project_id, task_id
        self._hub, self._actor = hub, actor
        self._stages = 0

    @property
    def user_id(self) -> int | None:
        """Whose rights it looks at."""
        return self._actor.user_id

    async def current(self, *, staged: bool = True) -> dict[str, Any] | None:
        """Return the task's state; None once it is gone, or the reader may not see it any more.

        How many stages it has is looked up where there may be a new one: `staged`.
        """
        if not await self._allowed():
            return None
        found = await _states('"id" = ? AND "project_id" = ?', [self.task_id, self.project_id])
        if not found:
            return None
        await explain(found, positions=True)
        if staged or found[0]["status"] in FINISHED:
            self._stages = await stages.count(self.task_id)
        return _update(found[0]) | _more(found[0]) | {"stages": self._stages}

    async def _allowed(self) -> bool:
        try:
            await require(self._actor, self.project_id)
        except HubError:
            return False
        return await is_valid(self._hub, self._actor)


async def _states(where: str, params: list[Any]) -> list[dict[str, Any]]:
    columns = ", ".join(f'"{name}"' for name in _STATE)
    return await rows(f'SELECT {columns} FROM "task" WHERE {where}', params, times=("start", "end"))  # noqa: S608 - of constants


async def is_valid(hub: Hub, actor: Actor) -> bool:
    """True while the actor's session or token lives, and it is as mighty as when it began."""
    known: QuerySet[Any]
    now = hub.clock()
    if actor.session_id is not None:
        since = now - timedelta(days=hub.settings.session_idle_days)
        known = Session.filter(id=actor.session_id, last_active__gte=since)
    elif actor.token_id is not None:
        known = Token.filter(Q(expires__isnull=True) | Q(expires__gt=now), id=actor.token_id)
    else:
        return True
    found = await column(known.filter(user_id=actor.user_id), "user__admin")
    return bool(found) and (bool(found[0]) or not (actor.admin or actor.everywhere))


def _update(row: dict[str, Any]) -> dict[str, Any]:
    """The wire's `update` message."""
    return {
        "type": "update",
        "project_id": row["project_id"],
        "template_id": row["template_id"],
        "task_id": row["id"],
        "status": row["status"],
        "start": row["start"],
        "end": row["end"],
        "version": row["version"],
    }


def _more(row: dict[str, Any]) -> dict[str, Any]:
    more = {name: row[name] for name in ("reason", "question", "log_lines", "exit_code")}
    return more | {POSITION: row.get(POSITION)}


@dataclass(slots=True)
class _Seen:
    """How far one task was told."""

    tail: log.Tail
    move: int = 0


class Watcher:
    """A reader of all tasks that an actor may see: the wire's WebSocket.

    Nothing is replayed: of a task that ran already, only what is new is told; of a later task, everything.
    """

    def __init__(self, hub: Hub, actor: Actor) -> None:
        self._hub, self._actor = hub, actor
        self._seen: dict[int, _Seen] = {}
        self._done: dict[int, None] = {}
        self._newest = 0
        """Tasks up to here that are not in `_seen` were over when the reader came, or are told and forgotten."""
        self._projects: frozenset[int] | None = frozenset()

    @property
    def user_id(self) -> int | None:
        """Whose rights it looks at."""
        return self._actor.user_id

    async def begin(self) -> None:
        """Remember where everything stands."""
        for row in await rows(_STANDING, []):
            self._seen[row["id"]] = _Seen(log.Tail(row["id"], row["log_lines"]), row["move"] or 0)
            self._newest = row["id"]
        newest = await column(Task.all().order_by("-id").limit(1), "id")
        self._newest = max(self._newest, *newest, 0)

    async def still_allowed(self) -> bool:
        """Look at the actor's rights again, before every news; False ends the view."""
        return await self._allowed()

    async def news(self, topics: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
        """Yield what is new, task by task: moves and lines in their order, the final move last."""
        for task_id in await self._rung(topics):
            async for message in self._of_task(task_id):
                yield message

    async def _allowed(self) -> bool:
        if not await is_valid(self._hub, self._actor):
            return False
        visible = await visible_project_ids(self._actor)
        self._projects = None if visible is None else frozenset(visible)
        return True

    async def _rung(self, topics: Iterable[str]) -> list[int]:
        ids: set[int] = set()
        for topic in topics:
            parts = topic.split("/")
            if parts[0] == "rights":
                continue  # it woke the reader to look at its rights, which it did; it is no news of tasks
            if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
                if self._sees(int(parts[1])):
                    ids.add(int(parts[2]))
            else:
                ids |= await self._all_that_may_have_news()
        return sorted(ids)

    def _sees(self, project_id: int) -> bool:
        return self._projects is None or project_id in self._projects

    async def _all_that_may_have_news(self) -> set[int]:
        """After a lost connection: everything that is not over, and what may have come and gone meanwhile."""
        open_ones = Task.filter(Q(status__in=list(UNFINISHED)) | Q(id__gt=self._newest) | Q(id__in=list(self._seen)))
        found = await open_ones.values_list("id", "project_id")
        return {int(task_id) for task_id, project_id in found if self._sees(int(project_id))}

    async def _of_task(self, task_id: int) -> AsyncIterator[dict[str, Any]]:
        if task_id in self._done or (task_id <= self._newest and task_id not in self._seen):
            return
        seen = self._seen.get(task_id) or _Seen(log.Tail(task_id))
        task, moves = await _picture(task_id, seen.move)
        if task is None:
            self._seen.pop(task_id, None)
            return
        if not self._sees(task["project_id"]):
            return  # whatever rang: what is told is decided by the row
        self._seen[task_id] = seen
        final = [move for move in moves if move["target"] in FINISHED]
        early = deque(move for move in moves if move["target"] not in FINISHED)
        first = seen.tail.line
        async for chunk in seen.tail.more(task["log_lines"]):
            while early and early[0]["at"] < chunk.until:
                yield self._tell(task, seen, early.popleft())
            for number, at, text in chunk.numbered(first):
                yield {
                    "type": "log", "project_id": task["project_id"], "task_id": task_id, "output": text, "time": at,
                    "seq": number,
                }  # fmt: skip
        for move in (*early, *final):
            yield self._tell(task, seen, move)
        if final:
            self._finish(task_id)

    def _tell(self, task: dict[str, Any], seen: _Seen, move: dict[str, Any]) -> dict[str, Any]:
        """The `update` of one move, as the task was then."""
        seen.move = max(seen.move, move["id"])
        started = task["start"] is not None and task["start"] <= move["at"]
        return _update(task) | {
            "status": move["target"],
            "start": task["start"] if started else None,
            "end": task["end"] if move["target"] in FINISHED else None,
        }

    def _finish(self, task_id: int) -> None:
        """Remember that a task is told to its end; the oldest of very many is told by its number alone."""
        self._seen.pop(task_id, None)
        self._done[task_id] = None
        if len(self._done) > _REMEMBERED:
            oldest = next(iter(self._done))
            del self._done[oldest]
            self._newest = max(self._newest, oldest)


_STANDING = f"""
    SELECT "task"."id", "log_lines", MAX("task_move"."id") AS "move"
    FROM "task" LEFT JOIN "task_move" ON "task_move"."task_id" = "task"."id"
    WHERE "status" IN ({", ".join(f"'{status}'" for status in sorted(UNFINISHED))})
    GROUP BY "task"."id", "log_lines" ORDER BY "task"."id"
"""  # noqa: S608 - of constants

_PICTURE = f"""
    SELECT {", ".join(f'"task"."{name}"' for name in _STATE)},
           "task_move"."id" AS "move", "task_move"."at" AS "at", "task_move"."target" AS "target"
    FROM "task" LEFT JOIN "task_move" ON "task_move"."task_id" = "task"."id" AND "task_move"."id" > ?
    WHERE "task"."id" = ? ORDER BY "task_move"."id"
"""  # noqa: S608 - of constants


async def _picture(task_id: int, since: int) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The task's row and its later moves, of one moment: no move is there without its lines, no line without its moves.

    In two statements a worker's claim could fall between them, and its move would be told before its first lines.
    """
    found = await rows(_PICTURE, [since, task_id], times=("start", "end", "at"))
    moves = [{"id": row["move"], "at": row["at"], "target": row["target"]} for row in found if row["move"] is not None]
    return (found[0] if found else None), moves
