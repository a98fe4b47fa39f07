"""Everything that a worker needs to know to run a task, read at the moment it begins.

Edits made while a task waited are seen; nothing is a snapshot of launch time but the task's own answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.db import rows
from hub.errors import Invalid
from hub.models import Inventory, Repository, Task, TemplateVault
from hub.plugin import InventoryView, RepositoryView, TaskView, VaultView
from hub.plugin import Key as KeyRef
from hub.services import git_mappings
from hub.services.keys import read_secret
from hub.services.limits import Limits
from hub.services.tasks import variables
from hub.services.tasks.finish import SEALED
from hub.vault import place

_VERSIONED = frozenset({"build", "deploy"})
"""Template types whose tasks know of versions."""


@dataclass(frozen=True, slots=True)
class RepositoryBrief:
    """Where the code is."""

    id: int
    name: str
    url: str
    branch: str
    key_id: int


@dataclass(frozen=True, slots=True)
class InventoryBrief:
    """What to work on."""

    id: int
    name: str
    type: str
    text: str
    user_key: KeyRef | None
    become_key: KeyRef | None
    repository: RepositoryBrief | None


@dataclass(frozen=True, slots=True)
class Brief:
    """One task, ready to be laid out. Secrets do not show in its repr."""

    task_id: int
    project_id: int
    project_name: str
    template_id: int
    template_name: str
    template_type: str
    app: str
    script: str
    working_directory: str
    username: str
    message: str
    commit: str | None
    version: str | None
    incoming_version: str | None
    build_task_id: int | None
    arguments: Any
    task_arguments: Any
    template_params: Mapping[str, Any]
    task_params: Mapping[str, Any]
    time_limit: int
    queue_limit: int
    host_limit: int
    limits: Limits
    resumed: Mapping[str, Any] | None
    repository: RepositoryBrief
    inventory: InventoryBrief | None
    vaults: tuple[VaultView, ...]
    mappings: tuple[git_mappings.Mapping, ...]
    """Keys for hosts and addresses, whichever repository they are in."""
    variables: Mapping[str, Any]
    env: Mapping[str, str] = field(repr=False)
    secret_variables: Mapping[str, str] = field(repr=False)
    secret_env: Mapping[str, str] = field(repr=False)


OF_TEMPLATE = """
           "template"."name" AS "template_name", "template"."type" AS "template_type", "app", "working_directory",
           "template"."arguments" AS "template_arguments", "allow_override_args_in_task", "task_params", "time_limit",
           "queue_limit", "host_limit", "limits", "survey_vars",
           "template"."environment_id", "repository_id", "repository"."name" AS "repository_name", "git_url",
           "ssh_key_id", "project"."name" AS "project_name",
           EXISTS (SELECT 1 FROM "template_vault" WHERE "template_id" = "template"."id") AS "has_vaults",
           EXISTS (SELECT 1 FROM "template_environment" WHERE "template_id" = "template"."id") AS "has_groups",
           EXISTS (SELECT 1 FROM "host_config" WHERE "project_id" = "project"."id") AS "has_mappings"
"""

_TASK = f"""
    SELECT "task"."id", "task"."project_id", "task"."template_id", "task"."environment", "task"."secret",
           "task"."arguments", "task"."params", "task"."message", "task"."version", "task"."build_task_id",
           "task"."commit_hash", "task"."created", "task"."resumed", "user"."username",
           COALESCE(NULLIF("task"."playbook", ''), "template"."playbook") AS "script",
           COALESCE(NULLIF("task"."git_branch", ''), NULLIF("template"."git_branch", ''), "repository"."git_branch")
               AS "branch",
           COALESCE("task"."inventory_id", "template"."inventory_id") AS "inventory_id", {OF_TEMPLATE}
    FROM "task" JOIN "template" ON "template"."id" = "task"."template_id"
                JOIN "project" ON "project"."id" = "task"."project_id"
                JOIN "repository" ON "repository"."id" = "template"."repository_id"
                LEFT JOIN "user" ON "user"."id" = "task"."user_id"
    WHERE "task"."id" = ?
"""  # noqa: S608 - made of two constants

FLAGS = ("allow_override_args_in_task", "has_vaults", "has_groups", "has_mappings")


async def load(hub: Hub, task_id: int) -> Brief:
    """Read it all. Raises `Invalid` or `Unavailable` with the sentence that ends the task."""
    found = await rows(
        _TASK, [task_id], times=["created"], flags=FLAGS,
        documents=["params", "resumed", "task_params", "survey_vars", "limits"],
    )  # fmt: skip
    if not found:
        raise Invalid("The task does not exist any more.")
    return await made_of(hub, found[0])


async def made_of(hub: Hub, task: Mapping[str, Any], *, opening: variables.Opening = read_secret) -> Brief:
    """Return the brief of a row that has the columns of a task, and those of its template."""
    given = await variables.load(hub, task, opening=opening)
    return Brief(
        task_id=task["id"],
        project_id=task["project_id"],
        project_name=task["project_name"],
        template_id=task["template_id"],
        template_name=task["template_name"],
        template_type=task["template_type"],
        app=task["app"],
        script=task["script"],
        working_directory=task["working_directory"],
        username=task["username"] or "",
        message=task["message"],
        commit=task["commit_hash"],
        version=task["version"],
        incoming_version=await _incoming_version(task) if task["template_type"] in _VERSIONED else None,
        build_task_id=task["build_task_id"],
        arguments=_parsed(task["template_arguments"]),
        task_arguments=_parsed(task["arguments"]) if task["allow_override_args_in_task"] else None,
        template_params=task["task_params"] or {},
        task_params=task["params"] or {},
        time_limit=task["time_limit"] or hub.settings.task_time_limit,
        queue_limit=task["queue_limit"],
        host_limit=task["host_limit"],
        limits=Limits.read(task["limits"] or {}),
        resumed=_resumed(hub, task),
        repository=RepositoryBrief(
            task["repository_id"], task["repository_name"], task["git_url"], task["branch"], task["ssh_key_id"]
        ),
        inventory=await inventory_of(task["inventory_id"]),
        vaults=await _vaults(task["template_id"]) if task["has_vaults"] else (),
        mappings=await git_mappings.load(task["project_id"]) if task["has_mappings"] else (),
        variables=given.plain,
        env=given.env,
        secret_variables=given.secret,
        secret_env=given.secret_env,
    )


def task_view(hub: Hub, brief: Brief, repository: RepositoryView | None, inventory: InventoryView | None) -> TaskView:
    """Return what the executor may see."""
    address = hub.settings.public_url
    return TaskView(
        id=brief.task_id,
        project_id=brief.project_id,
        project_name=brief.project_name,
        template_id=brief.template_id,
        template_name=brief.template_name,
        template_type=brief.template_type,
        app=brief.app,
        script=brief.script,
        working_directory=brief.working_directory,
        username=brief.username,
        message=brief.message,
        url=f"{address}/project/{brief.project_id}/tasks/{brief.task_id}" if address else None,
        repository=repository,
        inventory=inventory,
        vaults=brief.vaults,
        variables=brief.variables,
        arguments=brief.arguments,
        task_arguments=brief.task_arguments,
        version=brief.version,
        incoming_version=brief.incoming_version,
        dry_run=bool(brief.task_params.get("dry_run")),
        host_limit=brief.host_limit,
        resumed=brief.resumed,
    )


async def repository_of(repository_id: int) -> RepositoryBrief:
    """Return where the code of a repository is."""
    found = await Repository.get(id=repository_id)
    return RepositoryBrief(found.id, found.name, found.git_url, found.git_branch, found.ssh_key_id)


async def inventory_of(inventory_id: int | None) -> InventoryBrief | None:
    """Return an inventory; None for none."""
    if inventory_id is None:
        return None
    found = await Inventory.get(id=inventory_id)
    return InventoryBrief(
        id=found.id,
        name=found.name,
        type=found.type,
        text=found.inventory,
        user_key=KeyRef(found.ssh_key_id) if found.ssh_key_id else None,
        become_key=KeyRef(found.become_key_id) if found.become_key_id else None,
        repository=await repository_of(found.repository_id) if found.repository_id else None,
    )


async def _vaults(template_id: int) -> tuple[VaultView, ...]:
    found = await TemplateVault.filter(template_id=template_id).order_by("id")
    return tuple(
        VaultView(
            name=row.name or "default",
            type=row.type,
            key=KeyRef(row.vault_key_id) if row.vault_key_id else None,
            script=row.script,
        )
        for row in found
    )


async def _incoming_version(task: Mapping[str, Any]) -> str | None:
    """Version of the build at the end of the chain of build tasks."""
    seen: set[int] = set()
    build_task_id = task["build_task_id"]
    while build_task_id is not None and build_task_id not in seen:
        seen.add(build_task_id)
        build = await Task.get_or_none(id=build_task_id).select_related("template")
        if build is None:
            return None
        if build.template.type == "build":
            return build.version
        build_task_id = build.build_task_id
    return None


def _resumed(hub: Hub, task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Open the state of the pass that asked: an executor may keep secrets in it."""
    if task["resumed"] is None:
        return None
    state: dict[str, Any] = json.loads(hub.vault.open(task["resumed"][SEALED], place("task", "resumed", task["id"])))
    return state


def _parsed(text: str | None) -> Any:
    if not text or not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise Invalid("The arguments of the template are not valid JSON; edit the template.") from None
