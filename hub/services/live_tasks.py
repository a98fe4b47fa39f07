"""Every unfinished task of the hub, for administrators."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.tasks.moves import subject_of
from hub.services.tasks.read import live_tasks
from hub.services.tasks.stop import stop


async def list_live(actor: Actor) -> list[dict[str, Any]]:
    """Queued tasks first, then running ones."""
    require_admin(actor)
    return await live_tasks()


async def stop_live(hub: Hub, actor: Actor, task_id: int) -> None:
    """Stop a task wherever it belongs; one that has ended, or never was, is fine."""
    require_admin(actor)
    subject = await subject_of(task_id)
    if subject is not None:
        await stop(hub, actor, subject.project_id, task_id)
