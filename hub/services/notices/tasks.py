"""News of tasks: told with the move that makes them true, to the channels that want to hear it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hub.context import Hub
from hub.db import rows
from hub.services.notices import names
from hub.services.notices.listeners import Listener, hearing
from hub.services.notices.outbox import News, put
from hub.services.tasks.states import ERROR, RUNNING, STOPPED, SUCCESS, WAITING_CONFIRMATION

if TYPE_CHECKING:
    from hub.services.tasks.moves import Subject

_EVENTS: Final = {
    RUNNING: names.STARTED, SUCCESS: names.SUCCESS, ERROR: names.FAILED, STOPPED: names.STOPPED,
    WAITING_CONFIRMATION: names.WAITS,
}  # fmt: skip
_SENTENCES: Final = {
    names.STARTED: "{template} has started: task {id} in {project}.",
    names.SUCCESS: "{template} succeeded: task {id} in {project}.",
    names.FAILED: "{template} failed: task {id} in {project}.",
    names.STOPPED: "{template} was stopped: task {id} in {project}.",
    names.WAITS: "{template} needs a decision: task {id} in {project} waits.",
    names.RECOVERED: "{template} works again: task {id} in {project} succeeded after a failure.",
    names.WORKER_LOST: "The worker that ran task {id} ({template}) in {project} is gone.",
}


async def tell_move(hub: Hub, subject: Subject, target: str) -> None:
    """Tell of a task's new status, in the unit that gives it."""
    event = _EVENTS.get(target)
    if event is None:
        return
    wanted = {names.SUCCESS, names.RECOVERED} if event == names.SUCCESS else {event}
    listeners = await hearing(hub, wanted, subject.project_id, subject.template_id)
    if not listeners:
        return
    row = await _facts(subject.id)
    listeners = _with_alerts(listeners, row)
    if event == names.STARTED:
        listeners = [] if row["starts"] > 1 else listeners  # it goes on after a decision, or begins again elsewhere
    if event != names.SUCCESS:
        await _put(hub, listeners, event, row)
        return
    again = [one for one in listeners if names.RECOVERED in one.events] if row["before"] == ERROR else []
    plain = [one for one in listeners if names.SUCCESS in one.events and one not in again]
    await _put(hub, again, names.RECOVERED, row)
    await _put(hub, [] if row["suppress_success_alerts"] else plain, names.SUCCESS, row)


async def tell_lost(hub: Hub, subject: Subject) -> None:
    """Tell that the worker of a task is gone, in the unit that ends the task."""
    if listeners := await hearing(hub, {names.WORKER_LOST}, subject.project_id, subject.template_id):
        row = await _facts(subject.id)
        await _put(hub, _with_alerts(listeners, row), names.WORKER_LOST, row)


def _with_alerts(listeners: list[Listener], row: dict[str, Any]) -> list[Listener]:
    """Channels of the whole hub are told of projects whose alerts are on."""
    return [one for one in listeners if one.project_id is not None or row["alert"]]


async def _facts(task_id: int) -> dict[str, Any]:
    [row] = await rows(_FACTS, [task_id], flags=["alert", "suppress_success_alerts"])
    before = await rows(_BEFORE, [row["template_id"], task_id]) if row["status"] == SUCCESS else []
    return row | {"before": before[0]["status"] if before else ""}


async def _put(hub: Hub, listeners: list[Listener], event: str, row: dict[str, Any]) -> None:
    if not listeners:
        return
    sentence = _SENTENCES[event].format(template=row["template"], id=row["id"], project=row["project"])
    news = News(
        event, sentence, row["project_id"], row["project"], row["id"], row["template"],
        status=row["status"], author=_author(row), version=_version(row), message=row["message"],
        path=f"/project/{row['project_id']}/tasks/{row['id']}", facts={"template_id": row["template_id"]},
    )  # fmt: skip
    if reason := row["question"] if event == names.WAITS else row["reason"]:
        news = replace(news, facts={**news.facts, "reason": reason})
    await put(hub, listeners, news)


def _author(row: dict[str, Any]) -> str:
    """Who or what started it."""
    return str(row["person"] or row["username"] or row["schedule"] or row["integration"] or "")


def _version(row: dict[str, Any]) -> str:
    return str(row["version"] or row["built"] or "")


_FACTS = """
    SELECT "task"."id", "task"."project_id", "task"."template_id", "task"."status", "task"."message", "task"."version",
           "task"."reason", "task"."question", "template"."name" AS "template", "suppress_success_alerts",
           "project"."name" AS "project", "project"."alert", "user"."name" AS "person", "user"."username",
           "schedule"."name" AS "schedule", "integration"."name" AS "integration", "build"."version" AS "built",
           (SELECT COUNT(*) FROM "task_move" WHERE "task_id" = "task"."id" AND "target" = 'running') AS "starts"
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                JOIN "project" ON "project"."id" = "task"."project_id"
                LEFT JOIN "user" ON "user"."id" = "task"."user_id"
                LEFT JOIN "schedule" ON "schedule"."id" = "task"."schedule_id"
                LEFT JOIN "integration" ON "integration"."id" = "task"."integration_id"
                LEFT JOIN "task" AS "build" ON "build"."id" = "task"."build_task_id"
    WHERE "task"."id" = ?
"""

_BEFORE = """
    SELECT "status" FROM "task" WHERE "template_id" = ? AND "id" < ? AND "status" IN ('success', 'error')
    ORDER BY "id" DESC LIMIT 1
"""
