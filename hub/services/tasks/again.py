"""Running a task again: as it was, or only on the hosts where it failed or that it could not reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.db import column, planned_for_values
from hub.errors import Conflict, Invalid
from hub.models import Task
from hub.plugin import Executor
from hub.services.access import RUN_TASKS, require
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.tasks import launch, matrix
from hub.services.tasks.read import task_with_template
from hub.services.tasks.states import FINISHED

HOSTS: Final = "hosts"
"""The parameter of a task that makes it touch these hosts only."""


class AgainDraft(Draft):
    """What may be said about the new run; all else is as it was."""

    secret: str = ""
    """Secret survey answers as a JSON object: those of the earlier run are not kept."""
    message: str | None = Field(default=None, max_length=250)
    keep_commit: bool = True
    """Run the very commit of the earlier run; else the newest of its branch."""


def can_narrow(executor: Executor | None) -> bool:
    """Whether tasks of this kind can be told to touch certain hosts only."""
    return executor is not None and HOSTS in executor.task_params_type.model_fields


async def on_failed_hosts(
    hub: Hub, actor: Actor, project_id: int, task_id: int, draft: AgainDraft
) -> dict[str, Any]:  # fmt: skip
    """Start a task like this one on its failed and unreached hosts; return it in the wire's shape."""
    earlier = await _earlier(actor, project_id, task_id)
    if not can_narrow(hub.registry.executors.get(earlier.get("tpl_app", ""))):
        raise Invalid("Tasks of this template cannot be told which hosts to run on.")
    if earlier["status"] not in FINISHED:
        raise Conflict("This task has not ended yet; wait for its end, or stop it.")
    hosts = (await matrix.load(actor, project_id, task_id)).bad()
    if not hosts:
        raise Invalid("This task has no host on which it failed or that it could not reach.")
    return await launch.launch(hub, actor, project_id, _like(earlier, draft, {HOSTS: hosts}))


async def the_same(hub: Hub, actor: Actor, project_id: int, task_id: int, draft: AgainDraft) -> dict[str, Any]:
    """Start a task with all that this one was asked for; return it in the wire's shape.

    Secret answers are not kept, so a template that asks for one refuses until it is given.
    """
    earlier = await _earlier(actor, project_id, task_id)
    if earlier["status"] not in FINISHED:
        raise Conflict("This task has not ended yet; wait for its end, or stop it.")
    return await launch.launch(hub, actor, project_id, _like(earlier, draft, {}))


async def _earlier(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return a task whose template the actor may start."""
    found = await column(Task.filter(id=task_id, project_id=project_id), "template_id")
    await require(actor, project_id, RUN_TASKS, template_id=found[0] if found else None)
    return await task_with_template(actor, project_id, task_id)


async def last_of(actor: Actor, project_id: int, template_id: int) -> dict[str, Any] | None:
    """Return the actor's own last task of a template, else anybody's; None when there is none."""
    await require(actor, project_id)
    mine = [Task.filter(user_id=actor.user_id)] if actor.user_id is not None else []
    for query in (*mine, Task.all()):
        newest = query.filter(project_id=project_id, template_id=template_id).order_by("-id").limit(1)
        with planned_for_values():
            found = await column(newest, "id")
        if found:
            return await task_with_template(actor, project_id, found[0])
    return None


def _like(earlier: Mapping[str, Any], draft: AgainDraft, params: Mapping[str, Any]) -> launch.TaskDraft:
    """Return the draft of a task like an earlier one."""
    body = {name: earlier[name] for name in _SAME if earlier.get(name) is not None}
    body |= {"params": {**(earlier.get("params") or {}), **params}, "secret": draft.secret}
    if draft.message is not None:
        body["message"] = draft.message
    if draft.keep_commit and earlier.get("commit_hash"):
        body["commit_hash"] = earlier["commit_hash"]
    return launch.TaskDraft.read(body)


_SAME: Final = (
    "template_id", "playbook", "environment", "arguments", "git_branch", "message", "inventory_id", "build_task_id",
)  # fmt: skip
