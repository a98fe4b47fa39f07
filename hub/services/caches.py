"""Forgetting what workers keep between tasks: mirrors of repositories, and folders of roles and collections.

A worker does it, asked as for everything outside of the database. With several workers that share no folder, the one
that takes the question clears its own.
"""

from __future__ import annotations

from hub.context import Hub
from hub.db import column
from hub.models import Repository
from hub.services import questions
from hub.services.access import MANAGE_RESOURCES, require, require_admin
from hub.services.actor import Actor
from hub.services.events import record


async def clear_all(hub: Hub, actor: Actor) -> None:
    """Clear everything. Raises `Unavailable` while tasks run."""
    require_admin(actor)
    await questions.ask(hub, "clear_cache", {"urls": None})
    await record(hub, actor, "cache", None, "Cache cleared", project_id=None)


async def clear_project(hub: Hub, actor: Actor, project_id: int) -> None:
    """Clear the mirrors of a project's repositories, and the shared folders, whose owners nobody knows."""
    await require(actor, project_id, MANAGE_RESOURCES)
    urls = await column(Repository.filter(project_id=project_id), "git_url")
    await questions.ask(hub, "clear_cache", {"urls": sorted(set(urls))})
    await record(hub, actor, "cache", None, "Cache cleared", project_id=project_id)
