"""Starting a task: who may, what may be overridden, what is asked; then one row and a ring."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from hub.context import Hub
from hub.db import column, current, one, unit
from hub.errors import Forbidden, Invalid, NotFound
from hub.models import Inventory, Task, Template
from hub.plugin import GateRequest
from hub.services import apps, freezes
from hub.services.access import RUN_TASKS, Grant, require
from hub.services.actor import Actor
from hub.services.draft import MAX_ID, Draft
from hub.services.git_address import check_branch, check_commit
from hub.services.params import check_task_params
from hub.services.tasks import origin, survey
from hub.services.tasks.moves import Subject, begin
from hub.services.tasks.read import one_task
from hub.services.tasks.storable import storable
from hub.services.tasks.versions import next_version
from hub.vault import place

_LONGEST_VERSION = 20
_BY_THEMSELVES = frozenset({"schedule", "integration"})
"""Kinds of actors that choose no build."""

Id = Annotated[int, Field(ge=0, le=MAX_ID)]


class TaskDraft(Draft):
    """The wire's body of `POST /project/{id}/tasks`."""

    template_id: Id = 0
    playbook: str = Field(default="", max_length=255)
    environment: str = ""
    secret: str = ""
    arguments: str | None = None
    git_branch: str | None = Field(default=None, max_length=255)
    message: str = Field(default="", max_length=250)
    commit_hash: str | None = Field(default=None, max_length=64)
    build_task_id: Id | None = None
    version: str | None = Field(default=None, max_length=20)
    inventory_id: Id | None = None
    params: dict[str, Any] | None = None
    limit: str = ""


async def launch(hub: Hub, actor: Actor, project_id: int, draft: TaskDraft) -> dict[str, Any]:
    """Check everything, store a waiting task and return it in the wire's shape."""
    task_id = await unit(await ready(hub, actor, project_id, draft))
    made = await one_task(project_id, task_id, fresh=True)
    return {**made, "secret": "{}"}


async def ready(hub: Hub, actor: Actor, project_id: int, draft: TaskDraft) -> Callable[[], Awaitable[int]]:
    """Check everything; return what stores the waiting task, in a unit of the caller's, and gives its id.

    Plugins are asked here, so that no unit waits for them.
    """
    grant = await require(actor, project_id, RUN_TASKS, template_id=draft.template_id)
    template = await one(Template, id=draft.template_id, project_id=project_id)
    if template is None:
        raise NotFound("There is no such template in this project.")
    executor = await apps.usable(hub, template.app)
    columns = await overrides(hub, grant, template, draft)
    if actor.kind in _BY_THEMSELVES and template.build_template_id and "build_task_id" not in columns:
        columns["build_task_id"] = await _newest_build(template)
    answers = survey.check(
        template.survey_vars or (), survey.parse_object(draft.environment, "environment"),
        survey.parse_object(draft.secret, "secret"), free=grant.overrides,
    )  # fmt: skip
    columns["params"] = storable(check_task_params(executor, draft.params, draft.limit))
    await freezes.refuse_frozen(hub, actor, project_id)
    await _ask_gates(hub, actor, template, columns, answers.plain)

    async def store() -> int:
        if current().dialect == "mysql":
            # The new row would share the template with others before the counter wants it alone: they never part.
            await Template.select_for_update().get(id=template.id)
        task = await Task.create(
            project_id=project_id,
            template_id=template.id,
            user_id=actor.user_id,
            schedule_id=actor.source_id if actor.kind == "schedule" else None,
            integration_id=actor.source_id if actor.kind == "integration" else None,
            environment=json.dumps(answers.plain, ensure_ascii=False) if answers.plain else "",
            message=draft.message,
            version=await _version(template, draft),
            tag=template.runner_tag or "",
            created=hub.clock(),
            **columns,
        )
        await origin.note(task.id, task.created)
        if answers.secret:
            sealed = hub.vault.seal(json.dumps(answers.secret), place("task", "secret", task.id))
            await Task.filter(id=task.id).update(secret=sealed)
        await begin(hub, actor, Subject(task.id, project_id, template.id, template.name, template.app))
        return int(task.id)

    return store


async def overrides(hub: Hub, grant: Grant, template: Template, draft: TaskDraft) -> dict[str, Any]:
    """Return the overrides that this actor may make. Who may edit the template may override anything. W-53."""
    editor = grant.overrides
    columns: dict[str, Any] = {}
    branch = draft.git_branch or ""
    if branch and branch != (template.git_branch or ""):
        _allow(editor or template.allow_override_branch_in_task, "choose another branch", "git_branch")
        columns["git_branch"] = check_branch(branch)
    if draft.playbook and draft.playbook != template.playbook:
        _allow(editor, "run another script", "playbook")
        columns["playbook"] = draft.playbook
    if draft.commit_hash:
        commit = check_commit(draft.commit_hash)
        known = await Task.filter(template_id=template.id, commit_hash=commit).exists()
        _allow(editor or template.allow_override_branch_in_task or known, "choose a commit", "commit_hash")
        columns["commit_hash"] = commit
    if _given(draft.arguments) and template.allow_override_args_in_task:
        columns["arguments"] = argument_text(str(draft.arguments))
    if draft.inventory_id and draft.inventory_id != template.inventory_id:
        columns["inventory_id"] = await _inventory(template, draft.inventory_id)
    if draft.build_task_id:
        columns["build_task_id"] = await _build(template, draft.build_task_id)
    return columns


def _allow(allowed: bool, what: str, field: str) -> None:  # noqa: FBT001 - reads as a sentence where it is called
    if not allowed:
        raise Forbidden(f"The template does not let a task {what}.", field=field)


def _given(arguments: str | None) -> bool:
    return bool(arguments) and str(arguments).strip() not in {"", "[]", "{}", "null"}


def argument_text(text: str) -> str:
    """Return the text of a JSON list of texts, or of such lists by stage. Raises `Invalid`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("The arguments must be a JSON list of texts.", field="arguments") from None
    lists = value.values() if isinstance(value, Mapping) else [value]
    if not all(isinstance(one, list) and all(isinstance(item, str) for item in one) for one in lists):
        raise Invalid("The arguments must be a JSON list of texts.", field="arguments")
    return text


async def _inventory(template: Template, inventory_id: int) -> int | None:
    """Return the id where the template lets tasks choose; the wire ignores it otherwise."""
    if not (template.task_params or {}).get("allow_override_inventory"):
        return None
    if not await Inventory.filter(id=inventory_id, project_id=template.project_id).exists():
        raise Invalid("There is no such inventory in this project.", field="inventory_id")
    return inventory_id


async def _build(template: Template, build_task_id: int) -> int:
    found = await column(Task.filter(id=build_task_id, project_id=template.project_id), "template_id")
    if not found or (template.build_template_id and found[0] != template.build_template_id):
        raise Invalid("The build task does not belong to the build template of this template.", field="build_task_id")
    return build_task_id


async def _newest_build(template: Template) -> int | None:
    """Return the build that is deployed where nobody is there to choose one."""
    built = Task.filter(template_id=template.build_template_id, status="success").order_by("-id").limit(1)
    return next(iter(await column(built, "id")), None)


async def _version(template: Template, draft: TaskDraft) -> str | None:
    if template.type != "build" or not template.start_version:
        return None
    await Template.select_for_update().get(id=template.id)  # two builds at once must not take the same version
    versions = Task.filter(template_id=template.id, version__isnull=False).order_by("-id").limit(1)
    last = await column(versions, "version")
    version = next_version(template.start_version, str(last[0]) if last else None)
    if len(version) > _LONGEST_VERSION:
        raise Invalid(f"The next version, {version}, is too long; give the template another start version.")
    return version


async def _ask_gates(
    hub: Hub, actor: Actor, template: Template, columns: Mapping[str, Any], variables: Mapping[str, Any]
) -> None:
    refusal = await hub.registry.gate(
        GateRequest(
            project_id=template.project_id,
            template_id=template.id,
            template_name=template.name,
            app=template.app,
            actor=actor.label,
            user_id=actor.user_id,
            branch=str(columns.get("git_branch") or template.git_branch or ""),
            arguments=columns.get("arguments"),
            variables=variables,
            params=columns.get("params") or {},
        )
    )
    if refusal:
        raise Forbidden(refusal)
