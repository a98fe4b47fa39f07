"""Every task of the hub that has not ended yet, for administrators: where it is, why it waits, and how to stop it."""

from __future__ import annotations

from typing import Final

from quart import Response

from hub.services import live_tasks
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.routing import SEND, Who, page

SHOWN: Final = 200
"""Tasks that the page shows: those that run, then those that wait, the next first."""


@page("/tasks", Who.ADMIN)
async def active_tasks() -> Response:
    """Those that run, and those that wait."""
    live = await live_tasks.list_live(visit.visit().actor)
    tasks = [one for one in live if one["location"] == "running"] + [one for one in live if one["location"] == "queue"]
    template = "parts/active_tasks.html" if visit.wants_fragment() else "active_tasks.html"
    return await visit.show(template, tasks=tasks[:SHOWN], total=len(tasks))


@page("/tasks/<int:task_id>/stop", Who.ADMIN, methods=SEND)
async def active_task_stop(task_id: int) -> Response:
    """Stop a task, of whatever project."""
    here = visit.visit()
    try:
        await live_tasks.stop_live(here.hub, here.actor, task_id)
    except FORM_ERRORS as fault:
        return visit.go("active_tasks", say=sentence(fault), kind="danger")
    return visit.go("active_tasks", say=_("Task #%(number)s is being stopped.", number=task_id))


@page("/runners", Who.ADMIN)
async def runners() -> Response:
    """Lead an old link to where the machines are that run tasks."""
    return visit.go("workers")
