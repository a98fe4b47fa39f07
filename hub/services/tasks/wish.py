"""What a task would be told if it was started now: for those who want to know its hosts before they start it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.context import Hub
from hub.db import rows
from hub.errors import Invalid
from hub.models import Project
from hub.services import git_mappings
from hub.services.keys import read_secret
from hub.services.limits import Limits
from hub.services.tasks import brief as briefs
from hub.services.tasks.brief import Brief, RepositoryBrief
from hub.services.tasks.variables import Opening

NOWHERE = RepositoryBrief(0, "", "", "", 0)
"""Where no repository is needed."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A template as it would be started, or an inventory alone. Nothing in it is secret: it is stored as a question."""

    project_id: int
    app: str
    template_id: int | None = None
    inventory_id: int | None = None
    repository_id: int | None = None
    """Where the files of an inventory alone are, if it does not say so itself."""
    branch: str | None = None
    commit: str | None = None
    arguments: str | None = None
    params: Mapping[str, Any] | None = None
    environment: str = ""


_TEMPLATE = f"""
    SELECT "template"."id" AS "template_id", "template"."project_id", "template"."playbook" AS "script",
           COALESCE(NULLIF("template"."git_branch", ''), "repository"."git_branch") AS "branch",
           "template"."inventory_id", {briefs.OF_TEMPLATE}
    FROM "template" JOIN "project" ON "project"."id" = "template"."project_id"
                    JOIN "repository" ON "repository"."id" = "template"."repository_id"
    WHERE "template"."id" = ? AND "template"."project_id" = ?
"""  # noqa: S608 - made of two constants

_NONE: dict[str, Any] = {
    "id": 0, "secret": None, "message": "", "version": None, "build_task_id": None, "created": None, "resumed": None,
    "username": "",
}  # fmt: skip
"""What a task has that was never started."""


async def load(hub: Hub, wish: Wish, *, opening: Opening = read_secret) -> Brief:
    """Read what the task would be told. Raises `Invalid`."""
    if wish.template_id is None:
        return await _of_inventory(hub, wish)
    given = [wish.template_id, wish.project_id]
    found = await rows(_TEMPLATE, given, flags=briefs.FLAGS, documents=["task_params", "survey_vars", "limits"])
    if not found:
        raise Invalid("The template does not exist any more.")
    row = found[0]
    brief = await briefs.made_of(hub, _NONE | row | {
        "environment": wish.environment, "arguments": wish.arguments, "params": wish.params,
        "commit_hash": wish.commit, "branch": wish.branch or row["branch"],
        "inventory_id": wish.inventory_id or row["inventory_id"],
    }, opening=opening)  # fmt: skip
    return replace(brief, incoming_version=None)


async def _of_inventory(hub: Hub, wish: Wish) -> Brief:
    inventory = await briefs.inventory_of(wish.inventory_id)
    project = await Project.get_or_none(id=wish.project_id)
    if inventory is None or project is None:
        raise Invalid("The inventory does not exist any more.")
    repository = await briefs.repository_of(wish.repository_id) if wish.repository_id else NOWHERE
    return Brief(
        task_id=0, project_id=wish.project_id, project_name=project.name, template_id=0, template_name="",
        template_type="", app=wish.app, script="", working_directory="", username="", message="", commit=None,
        version=None, incoming_version=None, build_task_id=None, arguments=None, task_arguments=None,
        template_params={}, task_params={}, time_limit=0, queue_limit=0, host_limit=0, limits=Limits(),
        resumed=None,
        repository=repository, inventory=inventory, vaults=(), mappings=await git_mappings.load(wish.project_id),
        variables={}, env={}, secret_variables={}, secret_env={},
    )  # fmt: skip
