"""Launches tasks as somebody, with a survey."""

from __future__ import annotations

from typing import Any

from hub.models import Membership, Task, User
from hub.services.actor import Actor
from hub.services.tasks.launch import TaskDraft, launch
from hub.testing.scene import Scene


async def member(scene: Scene, role: str) -> Actor:
    user = await User.create(created=scene.hub.clock(), username=role, name=role, email=f"{role}@example.org")
    await Membership.create(project=scene.project, user=user, role=role)
    return Actor("user", user.id, role, role)


async def start(scene: Scene, actor: Actor, template: Any, **members: Any) -> Task:
    draft = TaskDraft(template_id=template.id, **members)
    made = await launch(scene.hub, actor, scene.project.id, draft)
    return await Task.get(id=made["id"])


def variable(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "title": name.title(), "type": "", "required": False} | members


def enum(name: str, *values: str, **members: Any) -> dict[str, Any]:
    return variable(name, type="enum", values=[{"name": one, "value": one} for one in values], **members)
