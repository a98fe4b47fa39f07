"""What a template may be: the wire's body, and every rule that is checked before it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Environment, Inventory, Key, Repository, Template, View
from hub.plugin import Executor
from hub.services import apps, survey_drafts
from hub.services.belongings import Id, refer
from hub.services.draft import MAX_ID, Draft
from hub.services.git_address import check_branch
from hub.services.limits import Limits
from hub.services.params import check_template_params, key_members

BUILD = "build"
DEPLOY = "deploy"
_MOST_SECONDS = 366 * 24 * 3600
_MOST_HOSTS = 1_000_000
MOST_PRIORITY = 1000


class VaultDraft(Draft):
    """The wire's vault of a template."""

    id: Id = 0
    vault_key_id: Id | None = None
    name: str | None = Field(default=None, max_length=255)
    type: str = Field(default="password", max_length=20)
    script: str | None = Field(default=None, max_length=1000)


class TemplateDraft(Draft):
    """The wire's body of a template."""

    id: Id = 0
    project_id: Id = 0
    inventory_id: Id | None = None
    repository_id: Id = 0
    environment_id: Id | None = None
    environment_ids: list[Id] | None = None
    view_id: Id | None = None
    build_template_id: Id | None = None
    name: str = Field(default="", max_length=100)
    description: str | None = None
    app: str = Field(default="", max_length=50)
    playbook: str = Field(default="", max_length=255)
    working_directory: str = Field(default="", max_length=255)
    type: str = Field(default="", max_length=10)
    arguments: str | None = None
    start_version: str | None = Field(default=None, max_length=20)
    autorun: bool = False
    git_branch: str | None = Field(default=None, max_length=255)
    vaults: list[VaultDraft] = Field(default_factory=list)
    survey_vars: list[survey_drafts.VariableDraft] = Field(default_factory=list)
    suppress_success_alerts: bool = False
    allow_override_args_in_task: bool = False
    allow_override_branch_in_task: bool = False
    allow_parallel_tasks: bool = False
    task_params: dict[str, Any] | None = None
    runner_tag: str | None = Field(default=None, max_length=50)
    time_limit: int = Field(default=0, ge=0, le=_MOST_SECONDS)
    host_limit: int = Field(default=0, ge=0, le=_MOST_HOSTS)
    limits: Limits = Field(default_factory=Limits)
    queue_limit: int = Field(default=0, ge=0, le=_MOST_SECONDS)
    priority: int = Field(default=0, ge=-MOST_PRIORITY, le=MOST_PRIORITY)
    concurrency_group: str = Field(default="", max_length=100)


_AS_SENT = (
    "name", "description", "app", "playbook", "working_directory", "type", "autorun", "suppress_success_alerts",
    "allow_override_args_in_task", "allow_override_branch_in_task", "allow_parallel_tasks", "runner_tag", "time_limit",
    "host_limit", "queue_limit", "priority",
)  # fmt: skip


_NEWER = ("working_directory", "time_limit", "host_limit", "queue_limit", "priority", "concurrency_group")
"""Members that older clients do not know of; where they are omitted, they stay as they were."""


async def executor_for(hub: Hub, app: str, *, before: str | None = None) -> Executor | None:
    """Return the executor of an app; None for one that is not installed but that the template had `before`."""
    executor = await apps.find(hub, app)
    if executor is None and app != before:
        raise Invalid(f"Invalid app id: {app}", field="app")
    return executor


async def columns(
    project_id: int, draft: TemplateDraft, executor: Executor | None, *, template_id: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """Check a whole draft and return what is stored, but for its vaults."""
    _check_texts(draft, executor)
    task_params = check_template_params(executor, draft.task_params)
    await _check_keys(project_id, executor, task_params or {})
    kept = [name for name in _NEWER if template_id is not None and draft.omits(name)]
    return {
        **{name: value for name, value in _plain(draft).items() if name not in kept},
        **await _references(project_id, draft, template_id),
        "arguments": _arguments(draft.arguments),
        "git_branch": check_branch(draft.git_branch) if draft.git_branch else None,
        "start_version": (draft.start_version or None) if draft.type == BUILD else None,
        "survey_vars": survey_drafts.stored(draft.survey_vars),
        "task_params": task_params,
        "params_version": executor.params_version if executor else 1,
        **({} if template_id is not None and draft.omits("limits") else {"limits": draft.limits.stored()}),
    }


async def _check_keys(project_id: int, executor: Executor | None, params: Mapping[str, Any]) -> None:
    """Refuse keys of other projects; what is no id at all was refused before."""
    for name in key_members(executor.params_type) if executor else ():
        key_id = int(params.get(name) or 0)
        if key_id and (key_id > MAX_ID or not await Key.exists(id=key_id, project_id=project_id, owner="")):
            raise Invalid("There is no such key in this project.", field=f"task_params.{name}")


def _plain(draft: TemplateDraft) -> dict[str, Any]:
    group = " ".join(draft.concurrency_group.split())  # one that looks the same is the same
    return {**{name: getattr(draft, name) for name in _AS_SENT}, "concurrency_group": group}


async def environment_ids(project_id: int, draft: TemplateDraft) -> list[int] | None:
    """Check the list of variable groups and return it; None for a client that does not know of it."""
    if draft.environment_ids is None:
        return None
    if len(set(draft.environment_ids)) < len(draft.environment_ids):
        raise Invalid("The same variable group is listed twice.", field="environment_ids")
    for one in draft.environment_ids:
        if await refer(Environment, project_id, one, "environment_ids") is None:
            raise Invalid("There is no such variable group in this project.", field="environment_ids")
    return list(draft.environment_ids)


async def vaults(project_id: int, drafts: Sequence[VaultDraft]) -> list[dict[str, Any]]:
    """Check vaults and return what is stored of each, in their order."""
    checked = [await _vault(project_id, draft) for draft in drafts]
    for number, one in enumerate(checked):
        if one in checked[:number]:
            raise Invalid("Two vaults of this template are the same.", field="vaults")
    return checked


def _check_texts(draft: TemplateDraft, executor: Executor | None) -> None:
    """Check in the wire's order, so that clients show the fault that they expect first."""
    needs = executor.capabilities if executor else None
    if draft.runner_tag == "":
        raise Invalid("template runner tag can not be empty", field="runner_tag")
    if needs and needs.needs_inventory and not draft.inventory_id:
        raise Invalid("template inventory can not be empty", field="inventory_id")
    if not draft.name:
        raise Invalid("template name can not be empty", field="name")
    if needs and needs.needs_script and not draft.playbook:
        raise Invalid("template playbook can not be empty", field="playbook")
    if draft.type not in {"", BUILD, DEPLOY}:
        raise Invalid("The type of a template must be empty, build or deploy.", field="type")
    _check_inside(draft.playbook, "playbook", needs.script_label.lower() if needs else "script")
    _check_inside(draft.working_directory, "working_directory", "working directory")


def _check_inside(text: str, field: str, what: str) -> None:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or "\0" in text:
        raise Invalid(
            f"The {what} must be a path inside the repository, without “..” and a leading slash.", field=field
        )


def _arguments(text: str | None) -> str | None:
    """Return argument text that a run can use: a list of texts, or lists by stage; empty text is none."""
    if not text or not text.strip():
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("template arguments must be valid JSON", field="arguments") from None
    if value is None:
        return None
    lists = list(value.values()) if isinstance(value, Mapping) else [value]
    if not all(isinstance(one, list) and all(isinstance(item, str) for item in one) for one in lists):
        raise Invalid(
            'template arguments must be valid JSON: a list of texts such as ["--verbose"], or one for each stage',
            field="arguments",
        )
    return text


async def _references(project_id: int, draft: TemplateDraft, template_id: int | None) -> dict[str, Any]:
    if not draft.repository_id:
        raise Invalid("template repository can not be empty", field="repository_id")
    build_id = draft.build_template_id if draft.type == DEPLOY else None
    if build_id:
        await _check_build(project_id, build_id, template_id)
    return {
        "repository_id": await refer(Repository, project_id, draft.repository_id, "repository_id"),
        "inventory_id": await refer(Inventory, project_id, draft.inventory_id, "inventory_id"),
        "environment_id": await refer(Environment, project_id, draft.environment_id, "environment_id"),
        "view_id": await refer(View, project_id, draft.view_id, "view_id"),
        "build_template_id": build_id or None,
    }


async def _check_build(project_id: int, build_id: int, template_id: int | None) -> None:
    """A deployment follows a build, or another deployment of one; never itself, by whatever way."""
    await refer(Template, project_id, build_id, "build_template_id")
    rows = await Template.filter(project_id=project_id).values_list("id", "type", "build_template_id")
    chain = {int(row_id): (str(kind), above) for row_id, kind, above in rows}
    if chain[build_id][0] not in {BUILD, DEPLOY}:
        raise Invalid("The build template of a deployment must build or deploy itself.", field="build_template_id")
    seen: set[int] = set()
    step: int | None = build_id
    while step is not None and step not in seen:
        if step == template_id:
            raise Invalid("A deployment can not follow itself.", field="build_template_id")
        seen.add(step)
        step = chain[step][1] if step in chain else None


async def _vault(project_id: int, draft: VaultDraft) -> dict[str, Any]:
    if draft.type == "password":
        key_id = await refer(Key, project_id, draft.vault_key_id, "vault_key_id", owner="")
        if key_id is None:
            raise Invalid("A vault with a password needs a key.", field="vaults")
        return {"type": "password", "vault_key_id": key_id, "name": draft.name or None, "script": None}
    if draft.type == "script":
        if not draft.script:
            raise Invalid("A vault with a script needs the script's path.", field="vaults")
        _check_inside(draft.script, "vaults", "script of a vault")
        return {"type": "script", "vault_key_id": None, "name": draft.name or None, "script": draft.script}
    raise Invalid("The type of a vault must be password or script.", field="vaults")
