"""Everything that a worker needs to know to run a task, read at the moment it begins.

Edits made while a task waited are seen; nothing is a snapshot of launch time but the task's own answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Environment, Inventory, Key, Repository, Task, Template, TemplateVault
from hub.plugin import Key as KeyRef
from hub.plugin import VaultView
from hub.services.keys import read_secret
from hub.services.tasks.survey import parse_object
from hub.vault import place


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
    created: Any
    commit: str | None
    version: str | None
    incoming_version: str | None
    build_task_id: int | None
    arguments: Any
    task_arguments: Any
    template_params: Mapping[str, Any]
    task_params: Mapping[str, Any]
    time_limit: int
    resumed: Mapping[str, Any] | None
    repository: RepositoryBrief
    inventory: InventoryBrief | None
    vaults: tuple[VaultView, ...]
    variables: Mapping[str, Any]
    env: Mapping[str, str] = field(repr=False)
    secret_variables: Mapping[str, str] = field(repr=False)
    secret_env: Mapping[str, str] = field(repr=False)


async def load(hub: Hub, task_id: int) -> Brief:
    """Read it all. Raises `Invalid` or `Unavailable` with the sentence that ends the task."""
    task = await Task.get(id=task_id).select_related("user", "template", "project")
    template = task.template
    environment = await _environment(template)
    variables = parse_object(environment.json, "json") if environment else {}
    secret_variables, secret_env = await _group_secrets(hub, environment)
    answers = parse_object(task.environment or "", "environment")
    if task.secret:
        secret_variables |= json.loads(hub.vault.open(task.secret, place("task", "secret", task.id)))
    resumed = task.resumed
    return Brief(
        task_id=task.id,
        project_id=task.project_id,
        project_name=task.project.name,
        template_id=template.id,
        template_name=template.name,
        template_type=template.type,
        app=template.app,
        script=task.playbook or template.playbook,
        working_directory=template.working_directory,
        username=task.user.username if task.user else "",
        message=task.message,
        created=task.created,
        commit=task.commit_hash,
        version=task.version,
        incoming_version=await _incoming_version(task) if template.type in {"build", "deploy"} else None,
        build_task_id=task.build_task_id,
        arguments=_parsed(template.arguments),
        task_arguments=_parsed(task.arguments) if template.allow_override_args_in_task else None,
        template_params=template.task_params or {},
        task_params=task.params or {},
        time_limit=template.time_limit or hub.settings.task_time_limit,
        resumed=resumed,
        repository=await _repository(template.repository_id, task.git_branch or template.git_branch),
        inventory=await _inventory(task.inventory_id or template.inventory_id),
        vaults=await _vaults(template),
        variables=variables | answers,
        env={
            name: _env_text(value)
            for name, value in parse_object((environment and environment.env) or "", "env").items()
        },
        secret_variables=secret_variables,
        secret_env=secret_env,
    )


async def _environment(template: Template) -> Environment | None:
    return await Environment.get_or_none(id=template.environment_id) if template.environment_id else None


async def _group_secrets(hub: Hub, environment: Environment | None) -> tuple[dict[str, str], dict[str, str]]:
    variables: dict[str, str] = {}
    env: dict[str, str] = {}
    if environment is None:
        return variables, env
    for key in await Key.filter(environment_id=environment.id).order_by("id"):
        target = env if key.owner == "environment" else variables
        target[key.name] = str((await read_secret(hub, key)).get("string", ""))
    return variables, env


async def _repository(repository_id: int, branch: str | None) -> RepositoryBrief:
    found = await Repository.get(id=repository_id)
    return RepositoryBrief(found.id, found.name, found.git_url, branch or found.git_branch, found.ssh_key_id)


async def _inventory(inventory_id: int | None) -> InventoryBrief | None:
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
        repository=await _repository(found.repository_id, None) if found.repository_id else None,
    )


async def _vaults(template: Template) -> tuple[VaultView, ...]:
    rows = await TemplateVault.filter(template_id=template.id).order_by("id")
    return tuple(
        VaultView(
            name=row.name or "default",
            type=row.type,
            key=KeyRef(row.vault_key_id) if row.vault_key_id else None,
            script=row.script,
        )
        for row in rows
    )


async def _incoming_version(task: Task) -> str | None:
    """Version of the build at the end of the chain of build tasks."""
    seen: set[int] = set()
    build_id = task.build_task_id
    while build_id is not None and build_id not in seen:
        seen.add(build_id)
        build = await Task.get_or_none(id=build_id).select_related("template")
        if build is None:
            return None
        if build.template.type == "build":
            return build.version
        build_id = build.build_task_id
    return None


def _parsed(text: str | None) -> Any:
    if not text or not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise Invalid("The arguments of the template are not valid JSON; edit the template.") from None


def _env_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
