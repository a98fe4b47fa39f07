"""Starting a look for drift by hand; schedules start the same task with the same param."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Template
from hub.services import apps
from hub.services.access import RUN_TASKS, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.drift import KIND
from hub.services.tasks.launch import TaskDraft, launch


def can_look(hub: Hub, app: str) -> bool:
    """Tell whether tasks of an app can look for drift."""
    executor = hub.registry.executors.get(app)
    return executor is not None and executor.capabilities.drift


async def start(hub: Hub, actor: Actor, project_id: int, template_id: int) -> dict[str, Any]:
    """Start a task that looks whether what a template describes is still so, and changes nothing."""
    await require(actor, project_id, RUN_TASKS, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    executor = await apps.executor_of(hub, template.app)
    if not executor.capabilities.drift:
        raise Invalid(f"{executor.title} cannot look for drift.")
    draft = TaskDraft(template_id=template_id, message="Look for drift", params={KIND: True})
    return await launch(hub, actor, project_id, draft)
