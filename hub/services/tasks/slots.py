"""What is in use and what is free: everything that may stand between a waiting task and a worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from hub.db import rows
from hub.services.tasks.states import CONFIRMED, HELD, WAITING, WAITING_CONFIRMATION

SILENT: Final = timedelta(seconds=20)
"""How long a worker may say nothing before nothing is let through for it any more; as long as its leases last."""

PARKED: Final = frozenset({WAITING_CONFIRMATION, CONFIRMED})
"""Statuses that use no slot, but keep what a task runs alone: what a person judged must not change meanwhile."""


@dataclass(frozen=True, slots=True)
class Line:
    """Tasks of one template that stand alike, one behind the other."""

    project_id: int
    project_name: str
    template_id: int
    tag: str
    priority: int
    single: bool
    """The template runs one task at a time."""
    group: str
    most: int
    """Tasks that the project runs at once; 0 means without limit."""
    schedule_id: int = 0
    """The schedule that started them and lets one run after the other; 0 for none."""
    confirmed: bool = False
    """They were begun, asked and were confirmed: what they need for themselves alone they have already."""


@dataclass(slots=True)
class Rooms:
    """Slots of the workers that are there."""

    slots: dict[str, int] = field(default_factory=dict)
    """Of each worker that takes tasks."""
    free: dict[str, int] = field(default_factory=dict)
    """The same, without what they run."""
    tags: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of every worker, those that are drained too."""
    sent: Counter[str] = field(default_factory=Counter)
    """Tasks that were let through and that nobody has taken yet, by tag."""

    def left(self, tag: str) -> int:
        """How many more tasks of this tag the workers could take."""
        awaited = sum(count for other, count in self.sent.items() if self._of(other))
        everywhere = sum(self.free.values()) - awaited
        if not tag:
            return everywhere
        return min(everywhere, sum(self.free[node] for node in self._of(tag)) - self.sent[tag])

    def absent(self, tag: str) -> str:
        """Say that nobody is there who would ever take a task of this tag; empty when somebody is."""
        if not self.tags:
            return "No worker is there; the task begins as soon as one comes."
        able = [node for node, tags in self.tags.items() if not tag or tag in tags]
        if not able:
            return f"No worker with the tag {tag} is there."
        if not any(node in self.slots for node in able):
            return f"Every worker with the tag {tag} is being drained." if tag else "Every worker is being drained."
        return ""

    def obstacle(self, tag: str) -> str:
        """Say why no worker takes a task of this tag; empty when one does, or when none has told of itself yet."""
        if not self.tags or self.left(tag) > 0:
            return ""
        if absent := self.absent(tag):
            return absent
        count = sum(self.slots[node] for node in self._of(tag))
        if tag:
            return f"It waits for a free slot of a worker with the tag {tag}; all {count} are taken."
        return f"It waits for a free slot of a worker; all {count} are taken."

    def _of(self, tag: str) -> list[str]:
        return [node for node in self.slots if not tag or tag in self.tags[node]]


@dataclass(slots=True)
class InUse:
    """What is in use, counted once and kept up to date while tasks are let through."""

    limit: int = 0
    """Tasks that the hub runs at once; 0 means without limit."""
    rooms: Rooms = field(default_factory=Rooms)
    held: int = 0
    projects: Counter[int] = field(default_factory=Counter)
    templates: dict[int, int] = field(default_factory=dict)
    """The oldest running task of each."""
    groups: dict[tuple[int, str], int] = field(default_factory=dict)
    schedules: dict[int, int] = field(default_factory=dict)
    kept_templates: dict[int, int] = field(default_factory=dict)
    """The same, for tasks that were begun and wait for a person, or were just confirmed."""
    kept_groups: dict[tuple[int, str], int] = field(default_factory=dict)
    kept_schedules: dict[int, int] = field(default_factory=dict)

    def full(self) -> bool:
        """True when nothing at all may begin."""
        return bool(self.limit and self.held >= self.limit) or bool(self.rooms.tags and self.rooms.left("") <= 0)

    def take(self, line: Line, task_id: int) -> None:
        """Count a task that was let through."""
        self.held += 1
        self.projects[line.project_id] += 1
        self.rooms.sent[line.tag] += 1
        self.templates.setdefault(line.template_id, task_id)
        if line.group:
            self.groups.setdefault((line.project_id, line.group), task_id)
        if line.schedule_id:
            self.schedules.setdefault(line.schedule_id, task_id)

    def obstacle(self, line: Line) -> str:
        """Say what a task of this line waits for although the hub would let one more begin; empty for nothing."""
        if line.single and (task := self._user(line, self.templates, self.kept_templates, line.template_id)):
            return f"It waits for task {task} of the same template, which runs one task at a time."
        place = (line.project_id, line.group)
        if line.group and (task := self._user(line, self.groups, self.kept_groups, place)):
            return f"It waits for task {task} of the same concurrency group “{line.group}”."
        if line.schedule_id and (task := self._user(line, self.schedules, self.kept_schedules, line.schedule_id)):
            return f"It waits for task {task} of the same schedule, which runs one after the other."
        running = self.projects[line.project_id]
        if line.most and running >= line.most:
            if running == 1:
                return f"It waits for 1 task of project {line.project_name}, which runs {line.most} at once."
            return f"It waits for {running} tasks of project {line.project_name}, which runs {line.most} at once."
        return self.rooms.obstacle(line.tag)

    def count(self, row: Mapping[str, Any]) -> None:
        """Count one row of `_IN_USE`."""
        group = (row["project_id"], row["concurrency_group"])
        parked = row["status"] in PARKED
        templates, groups = (self.kept_templates, self.kept_groups) if parked else (self.templates, self.groups)
        templates.setdefault(row["template_id"], row["id"])
        if row["concurrency_group"]:
            groups.setdefault(group, row["id"])
        if row["schedule_id"]:
            (self.kept_schedules if parked else self.schedules).setdefault(row["schedule_id"], row["id"])
        if parked:
            return
        self.held += 1
        self.projects[row["project_id"]] += 1
        if row["lease_owner"] is None:
            self.rooms.sent[row["tag"]] += 1
        elif row["lease_owner"] in self.rooms.free:
            self.rooms.free[row["lease_owner"]] -= 1

    def _user(self, line: Line, running: Mapping[Any, int], kept: Mapping[Any, int], place: Any) -> int | None:
        """Return the task that has what must be had alone. Confirmed tasks do not wait for one another."""
        return running.get(place) or (None if line.confirmed else kept.get(place))


_IN_USE = f"""
    SELECT "task"."id", "task"."project_id", "template_id", "status", "tag", "lease_owner", "concurrency_group",
           "schedule_id"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
    WHERE "status" IN ({", ".join(f"'{status}'" for status in sorted(HELD | PARKED))}) ORDER BY "task"."id"
"""  # noqa: S608 - of constants

_WORKERS = 'SELECT "node", "tags", "slots", "draining" FROM "worker" WHERE "seen" > ?'


async def in_use(now: datetime, *, limit: int = 0) -> InUse:
    """Count what is in use at this moment."""
    found = await rows(_WORKERS, [now - SILENT], flags=["draining"], documents=["tags"])
    use = InUse(limit, _rooms(found))
    for row in await rows(_IN_USE):
        use.count(row)
    return use


def _rooms(workers: Iterable[Mapping[str, Any]]) -> Rooms:
    rooms = Rooms()
    for worker in workers:
        rooms.tags[worker["node"]] = frozenset(worker["tags"])
        if not worker["draining"]:
            rooms.slots[worker["node"]] = rooms.free[worker["node"]] = worker["slots"]
    return rooms


_LINE_SCHEDULE: Final = """
    CASE WHEN "template"."allow_parallel_tasks" AND "schedule"."overlap" = 'queue' THEN "schedule"."id" ELSE 0 END
"""
"""Where a template runs one task at a time anyway, its schedules need no lines of their own."""

LINE: Final = f"""
    "task"."project_id", "project"."name" AS "project_name", "task"."template_id", "task"."tag",
    "template"."priority", "template"."allow_parallel_tasks", "template"."concurrency_group",
    "project"."max_parallel_tasks", "task"."status",
    {_LINE_SCHEDULE} AS "line_schedule_id"
"""
"""Columns that a line is made of."""

JOINED: Final = """
    "task" JOIN "template" ON "template"."id" = "task"."template_id"
           JOIN "project" ON "project"."id" = "task"."project_id"
           LEFT JOIN "schedule" ON "schedule"."id" = "task"."schedule_id"
"""

IN_LINE: Final = f"""
    "task"."template_id" = ? AND "task"."status" = ? AND "task"."tag" = ? AND {_LINE_SCHEDULE} = ?
"""
"""Of a task in a line; see `in_line`."""


def in_line(line: Line) -> tuple[Any, ...]:
    """Values for `IN_LINE`."""
    return line.template_id, CONFIRMED if line.confirmed else WAITING, line.tag, line.schedule_id


def line_of(row: Mapping[str, Any]) -> Line:
    """Make it of a row with the columns `LINE`."""
    return Line(
        project_id=row["project_id"],
        project_name=row["project_name"],
        template_id=row["template_id"],
        tag=row["tag"],
        priority=row["priority"],
        single=not row["allow_parallel_tasks"],
        group=row["concurrency_group"],
        most=row["max_parallel_tasks"],
        schedule_id=row["line_schedule_id"],
        confirmed=row["status"] == CONFIRMED,
    )
