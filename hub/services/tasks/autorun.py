"""Deployments that follow a build by themselves: stored in the unit that ends the build, so exactly once. W-03."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hub.context import Hub
from hub.db import every, unit
from hub.errors import HubError
from hub.models import Template
from hub.services import events
from hub.services.actor import Actor
from hub.services.tasks.launch import TaskDraft, ready
from hub.services.tasks.moves import Subject

logger = logging.getLogger(__name__)

BROKEN = "the hub met an error; its log tells which"


@dataclass(frozen=True, slots=True)
class Follower:
    """A deployment that is to follow: what stores its task, or why there is none."""

    template_id: int
    name: str
    store: Callable[[], Awaitable[int]] | None
    refusal: str = ""


async def followers(hub: Hub, subject: Subject) -> list[Follower]:
    """Check what would follow this task, before the unit that ends it: plugins are asked, and no unit waits for them.

    A deployment that must not start now, as while its project is frozen, is passed over; the build is none the worse.
    """
    found = await every(Template, build_template_id=subject.template_id, type="deploy", autorun=True)
    return [await _checked(hub, subject, template) for template in found]


async def follow(hub: Hub, subject: Subject, waiting: Sequence[Follower]) -> None:
    """Store their tasks, in the unit that ends the build as a success."""
    for one in waiting:
        refusal = one.refusal
        if one.store is not None:
            refusal = await _store(one.store, one.name)
        if refusal:
            text = f"Template {one.name} was not started after task ID {subject.id}: {refusal}"
            await events.record(
                hub, _actor(subject), "template", one.template_id, text, project_id=subject.project_id
            )  # fmt: skip


async def _checked(hub: Hub, subject: Subject, template: Template) -> Follower:
    draft = TaskDraft(template_id=template.id, build_task_id=subject.id)
    try:
        store = await ready(hub, _actor(subject), template.project_id, draft)
    except HubError as error:
        return Follower(template.id, template.name, None, str(error))
    except Exception:
        logger.exception("Template %s could not be started after task %s.", template.id, subject.id)
        return Follower(template.id, template.name, None, BROKEN)
    return Follower(template.id, template.name, store)


async def _store(store: Callable[[], Awaitable[int]], name: str) -> str:
    """Store one task in a unit of its own within the one under way; return why that did not work."""
    try:
        await unit(store)
    except HubError as error:
        return str(error)
    except Exception:
        logger.exception("No task of template %s could be stored after its build.", name)
        return BROKEN
    return ""


def _actor(subject: Subject) -> Actor:
    """The build, in the name of those who set the deployment up: they could manage it."""
    return Actor("task", source_id=subject.id, admin=True)
