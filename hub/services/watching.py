"""What a live reader may see, and what is new for it since it last looked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import column
from hub.errors import HubError, NotFound
from hub.models import Membership, Session, Task, TaskMove, Token
from hub.services import log
from hub.services.access import require
from hub.services.actor import Actor
from hub.services.tasks.states import FINISHED, UNFINISHED

_STATE = (
    "id", "project_id", "template_id", "status", "start", "end", "version", "reason", "question", "log_lines",
    "exit_code",
)  # fmt: skip

_REMEMBERED = 5000  # tasks


async def open_watch(hub: Hub, actor: Actor, project_id: int, task_id: int) -> Watch:
    """Begin to watch one task. Raises `NotFound`."""
    await require(actor, project_id)
    if not await Task.filter(id=task_id, project_id=project_id).exists():
        raise NotFound("There is no such task in this project.")
    return Watch(hub, actor, project_id, task_id)


@dataclass(frozen=True, slots=True)
class Watch:
    """One reader of one task."""

    hub: Hub
    actor: Actor
    project_id: int
    task_id: int

    async def current(self) -> dict[str, Any] | None:
        """Return the task's state; None once it is gone, or the reader may not see it any more."""
        if not await is_valid(self.hub, self.actor):
            return None
        try:
            await require(self.actor, self.project_id)
        except HubError:
            return None
        rows = await Task.filter(id=self.task_id, project_id=self.project_id).values(*_STATE)
        return _update(rows[0]) | _more(rows[0]) if rows else None


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
    return bool(found) and (bool(found[0]) or not actor.admin)


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
    return {name: row[name] for name in ("reason", "question", "log_lines", "exit_code")}


@dataclass(slots=True)
class _Seen:
    """How far one task was told."""

    move: int = 0
    line: int = 0


class Watcher:
    """A reader of all tasks that an actor may see: the wire's WebSocket.

    Nothing is replayed: of a task that ran already, only what is new is told; of a later task, everything.
    """

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._seen: dict[int, _Seen] = {}
        self._newest = 0
        self._projects: frozenset[int] | None = frozenset()

    async def begin(self) -> None:
        """Remember where everything stands."""
        newest = await column(Task.all().order_by("-id").limit(1), "id")
        self._newest = newest[0] if newest else 0
        for task_id, lines in await Task.filter(status__in=list(UNFINISHED)).values_list("id", "log_lines"):
            moves = await column(TaskMove.filter(task_id=task_id).order_by("-id").limit(1), "id")
            self._seen[int(task_id)] = _Seen(moves[0] if moves else 0, int(lines))

    async def still_allowed(self, hub: Hub) -> bool:
        """Look at the actor's rights again, before every news; False ends the view."""
        if not await is_valid(hub, self._actor):
            return False
        if self._actor.admin:
            self._projects = None
        else:
            mine = await column(Membership.filter(user_id=self._actor.user_id), "project_id")
            self._projects = frozenset(mine)
        return True

    async def news(self, topics: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
        """Yield what is new, task by task: moves and lines in their order, the final move last."""
        for task_id in await self._rung(topics):
            async for message in self._of_task(task_id):
                yield message

    async def _rung(self, topics: Iterable[str]) -> list[int]:
        ids: set[int] = set()
        for topic in topics:
            parts = topic.split("/")
            if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
                if self._may_see(int(parts[1])):
                    ids.add(int(parts[2]))
            else:
                ids.update(await self._open_ones())
        return sorted(ids)

    def _may_see(self, project_id: int) -> bool:
        return self._projects is None or project_id in self._projects

    async def _open_ones(self) -> set[int]:
        """After a lost connection, every task may have news."""
        query = Task.filter(status__in=list(UNFINISHED))
        if self._projects is not None:
            query = query.filter(project_id__in=list(self._projects))
        return {*await column(query, "id"), *self._seen}

    async def _of_task(self, task_id: int) -> AsyncIterator[dict[str, Any]]:
        rows = await Task.filter(id=task_id).values(*_STATE)
        if rows and not self._may_see(rows[0]["project_id"]):
            return  # whatever rang: what is told is decided by the row
        if not rows or (task_id <= self._newest and task_id not in self._seen):
            self._seen.pop(task_id, None)
            return
        task = rows[0]
        seen = self._seen.setdefault(task_id, _Seen())
        final: list[dict[str, Any]] = []
        moves = await TaskMove.filter(task_id=task_id, id__gt=seen.move).order_by("id").values("id", "target")
        for move in moves:
            seen.move = move["id"]
            message = _update(task) | {"status": move["target"]}
            if move["target"] in FINISHED:
                final.append(message)
            else:
                yield message | {"end": None}
        async for line in self._lines(task, seen):
            yield line
        for message in final:
            yield message
        self._forget_old()

    def _forget_old(self) -> None:
        """Keep no more than so many tasks in mind; what is forgotten counts as told."""
        while len(self._seen) > _REMEMBERED:
            oldest = min(self._seen)
            del self._seen[oldest]
            self._newest = max(self._newest, oldest)

    async def _lines(self, task: dict[str, Any], seen: _Seen) -> AsyncIterator[dict[str, Any]]:
        while chunks := await log.chunks_from(task["id"], seen.line):
            for chunk in chunks:
                for number, at, text in chunk.numbered(seen.line):
                    yield {
                        "type": "log", "project_id": task["project_id"], "task_id": task["id"], "output": text,
                        "time": at, "seq": number,
                    }  # fmt: skip
                seen.line = chunk.first_line + chunk.lines
