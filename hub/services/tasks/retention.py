"""Keeping so many finished tasks of each template. W-29: never a running one."""

from __future__ import annotations

from hub.context import Hub
from hub.db import column
from hub.models import Task
from hub.services import artifacts
from hub.services.tasks.states import FINISHED

_BATCH = 100
"""Most tasks removed at once; each end of a task removes what is over, so this is rarely more than one."""


async def prune(hub: Hub, template_id: int) -> None:
    """Delete the oldest finished tasks of a template beyond the limit, with their logs and artifacts."""
    most = hub.settings.max_tasks_per_template
    if not most:
        return
    finished = Task.filter(template_id=template_id, status__in=list(FINISHED)).order_by("-id")
    surplus = await column(finished.offset(most).limit(_BATCH), "id")
    if not surplus:
        return
    await Task.filter(id__in=surplus, status__in=list(FINISHED)).delete()
    for task_id in surplus:
        await artifacts.forget(hub, task_id)
