"""Letting waiting tasks through the limits, and sending their ids to workers.

A free slot goes to the highest priority; among equals to the project that has the fewest tasks under way, and there to
the oldest task.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from hub.context import Hub
from hub.db import exclusive, rows, unit
from hub.errors import Unavailable
from hub.queue import TASKS
from hub.services.actor import SYSTEM
from hub.services.tasks.moves import Move, Standing, Subject, transition
from hub.services.tasks.slots import IN_LINE, JOINED, LINE, InUse, Line, in_line, in_use, line_of
from hub.services.tasks.states import CONFIRMED, STARTING, WAITING

BATCH = 200
"""How many tasks are let through in one transaction."""


def lane_of(tag: str) -> str:
    """Queue lane of the workers that serve a tag."""
    return f"{TASKS}:{tag}" if tag else TASKS


async def admit(hub: Hub) -> int:
    """Let through what the limits allow, in order, passing by what is blocked; return how many went through.

    Limits of the hub, of projects, templates, concurrency groups and workers hold exactly, on one node or many: a pass
    is one exclusive unit. A task that is blocked waits; it costs no write at all. W-08, W-42, W-78.
    """
    through = 0
    while await rows(_ANY):  # most rings are of tasks that ended with nobody behind them
        sent = await unit(partial(_one_pass, hub))
        await _send(hub, sent)
        through += len(sent)
        if len(sent) < BATCH:
            break
    return through


@dataclass(slots=True)
class _Waiting:
    """A line, and how far it was let through."""

    line: Line
    template_name: str
    app: str
    ids: deque[int]
    """The next of them that are known; the first one always is."""
    count: int
    known: int = field(default=1)

    def turn(self, use: InUse) -> tuple[int, int, int]:
        """What decides who is next; the least goes first."""
        return -self.line.priority, use.projects[self.line.project_id], self.ids[0]

    async def advance(self, last: int) -> None:
        """Leave the task that was looked at, and learn who is behind it."""
        if not self.ids and self.known < self.count:
            more = await rows(_BEHIND, [*in_line(self.line), last])
            self.ids.extend(row["id"] for row in more)
            self.known += len(more) or self.count


_LINES = f"""
    SELECT MIN("task"."id") AS "first", COUNT(*) AS "count", "template"."name" AS "template_name", "template"."app",
           {LINE}
    FROM {JOINED} WHERE "status" IN ('{WAITING}', '{CONFIRMED}')
    GROUP BY "task"."project_id", "project"."name", "task"."template_id", "task"."tag", "template"."priority",
             "template"."allow_parallel_tasks", "template"."concurrency_group", "project"."max_parallel_tasks",
             "task"."status", "template"."name", "template"."app", "line_schedule_id"
"""  # noqa: S608 - of constants

_ANY = f"""SELECT 1 AS "one" FROM "task" WHERE "status" IN ('{WAITING}', '{CONFIRMED}') LIMIT 1"""  # noqa: S608 - of constants

_BEHIND = f"""
    SELECT "task"."id" FROM {JOINED} WHERE {IN_LINE} AND "task"."id" > ? ORDER BY "task"."id" LIMIT {BATCH}
"""  # noqa: S608 - of constants


async def _one_pass(hub: Hub) -> list[tuple[int, str]]:
    await exclusive("dispatch")
    sent: list[tuple[int, str]] = []
    use = await in_use(hub.clock(), limit=hub.settings.max_parallel_tasks)
    if use.full():
        return sent
    order = _Order()
    for waiting in await _lines():
        order.put(waiting, use)
    while len(sent) < BATCH and not use.full() and (head := order.next(use)):
        task_id = head.ids.popleft()
        if await _let_through(hub, head, task_id):
            use.take(head.line, task_id)
            sent.append((task_id, head.line.tag))
        if not use.obstacle(head.line):
            await head.advance(task_id)
            order.put(head, use)
    return sent


class _Order:
    """Who is next. What is blocked once is blocked for the whole pass, since a pass only takes."""

    def __init__(self) -> None:
        self._lines: dict[int, _Waiting] = {}
        self._heap: list[tuple[int, int, int]] = []

    def next(self, use: InUse) -> _Waiting | None:
        """Take out the line whose head is next; None when all that are left are blocked."""
        while self._heap:
            turn = heapq.heappop(self._heap)
            waiting = self._lines.pop(turn[2])
            if use.obstacle(waiting.line):
                continue
            if waiting.turn(use) == turn:
                return waiting
            self.put(waiting, use)  # its project got a slot since: it moves back
        return None

    def put(self, waiting: _Waiting, use: InUse) -> None:
        """Put a line into the order, unless it is empty."""
        if waiting.ids:
            turn = waiting.turn(use)
            self._lines[turn[2]] = waiting
            heapq.heappush(self._heap, turn)


async def _lines() -> list[_Waiting]:
    return [
        _Waiting(line_of(row), row["template_name"], row["app"], deque([row["first"]]), row["count"])
        for row in await rows(_LINES, flags=["allow_parallel_tasks"])
    ]


async def _let_through(hub: Hub, waiting: _Waiting, task_id: int) -> bool:
    line = waiting.line
    subject = Subject(task_id, line.project_id, line.template_id, waiting.template_name, waiting.app)
    fresh = {"admitted": hub.clock(), "lease_owner": None, "lease_until": None, "reason": ""}
    at = Standing(CONFIRMED if line.confirmed else WAITING, None)
    return await transition(hub, SYSTEM, subject, Move(STARTING, columns=fresh), at=at)


async def _send(hub: Hub, sent: Sequence[tuple[int, str]]) -> None:
    """Hand the ids over. What the carrier does not take is sent again by the sweep."""
    for task_id, tag in sent:
        try:
            await hub.queue.send(lane_of(tag), task_id)
        except Unavailable:
            return
