"""Templates of a project: what can be run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.db import rows, unit
from hub.errors import Conflict, Invalid
from hub.models import Inventory, Task, Template, TemplateEnvironment, TemplateVault
from hub.plugin import Executor
from hub.services import changes, events, inventories, inventory_sources, refs, template_drafts
from hub.services.access import MANAGE_RESOURCES, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import find, remove, store
from hub.services.draft import Draft
from hub.services.listing import LONGEST_SEARCH, MOST, WHOLE, Asked, Listing, Page
from hub.services.reading import shown_by
from hub.services.tasks.read import last_tasks
from hub.services.tasks.states import UNFINISHED
from hub.services.template_drafts import TemplateDraft
from hub.services.template_roles import bits_by_template

IN_USE = "Template is in use by one or more templates"

LISTING = Listing(
    Template,
    columns={
        "id": "id",
        "name": "name",
        "description": "description",
        "app": "app",
        "type": "type",
        "playbook": "playbook",
        "inventory": "inventory__name",
        "environment": "environment__name",
        "repository": "repository__name",
        "inventory_id": "inventory_id",
        "environment_id": "environment_id",
        "repository_id": "repository_id",
        "view_id": "view_id",
        "build_template_id": "build_template_id",
        "git_branch": "git_branch",
        "runner_tag": "runner_tag",
        "autorun": "autorun",
        "tasks": "tasks",
    },
    searched=("name", "description", "playbook", "git_branch"),
    words=("app", "type"),
)

_OMIT_EMPTY = (
    "inventory_id", "environment_id", "type", "start_version", "build_template_id", "view_id", "autorun", "survey_vars",
    "suppress_success_alerts", "app", "allow_override_args_in_task", "allow_override_branch_in_task",
    "allow_parallel_tasks", "working_directory", "time_limit", "host_limit", "queue_limit", "priority",
    "concurrency_group",
)  # fmt: skip
_OMIT_NULL = ("arguments", "description", "git_branch", "task_params", "runner_tag", "limits")
_ALWAYS = ("id", "project_id", "repository_id", "name", "playbook", "tasks")
_COLUMNS = (*_ALWAYS, *_OMIT_EMPTY, *_OMIT_NULL)
_FLAGS = (
    "autorun", "suppress_success_alerts", "allow_override_args_in_task", "allow_override_branch_in_task",
    "allow_parallel_tasks",
)  # fmt: skip
_DOCUMENTS = ("survey_vars", "task_params", "limits")


class DescriptionDraft(Draft):
    """Body of a change of the description alone."""

    description: str | None = Field(default=None)


async def list_templates(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Templates of a project, whole: with vaults and the newest task of each."""
    return await whole_list(await require(actor, project_id), asked)


async def whole_list(grant: Grant, asked: Asked, *, listing: Listing = LISTING, **which: Any) -> Page[dict[str, Any]]:
    """Templates of the grant's project, in a few reads however many there are.

    `permissions` are the bits that the reader's role has on the template besides; null for none, as on the wire.
    """
    project_id = grant.project_id
    found = await listing.values(Template.filter(project_id=project_id, **which), asked, "id")
    ids = [row["id"] for row in found]
    columns = await _columns_of(ids)
    parts, newest = await _parts_of(project_id, ids), shown_by(grant, "task", await last_tasks(ids))
    more = await bits_by_template(project_id, grant.role)
    return found.shaped(
        lambda row: {
            **_wire(columns[row["id"]]),
            **parts[row["id"]],
            **_last_task(newest, row["id"]),
            "permissions": more.get(row["id"]),
        }
    )


async def _columns_of(ids: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    """Return what the shapes of templates are made of: raw, as a client of the wire asks for thousands at once."""
    if not ids:
        return {}
    names, places = ", ".join(f'"{name}"' for name in _COLUMNS), ", ".join("?" * len(ids))
    sql = f'SELECT {names} FROM "template" WHERE "id" IN ({places})'  # noqa: S608 - names of columns and question marks
    found = await rows(sql, ids, flags=_FLAGS, documents=_DOCUMENTS)
    return {row["id"]: row for row in found}


async def list_names(actor: Actor, project_id: int) -> list[dict[str, Any]]:
    """Ids and names of the templates of a project, by name: for choices, and for lists that tell what they are for."""
    await require(actor, project_id)
    return await rows(_NAMES, [project_id])


_NAMES = f'SELECT "id", "name" FROM "template" WHERE "project_id" = ? ORDER BY "name", "id" LIMIT {MOST}'  # noqa: S608 - MOST is a number


async def find_names(actor: Actor, project_id: int, text: str, most: int) -> Page[dict[str, Any]]:
    """Ids, names and apps of the first few templates that a search finds, by name: where one of them is chosen."""
    await require(actor, project_id)
    asked = Asked(q=text[:LONGEST_SEARCH], limit=most)
    return await LISTING.values(Template.filter(project_id=project_id), asked, "id", "name", "app")


async def get_template(actor: Actor, project_id: int, template_id: int) -> dict[str, Any]:
    """One template, with what the actor may do with it."""
    grant = await require(actor, project_id, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    parts = await _parts_of(project_id, [template_id])
    newest = shown_by(grant, "task", await last_tasks([template_id]))
    shape = {**_wire(_columns(template)), **parts[template_id], **_last_task(newest, template_id)}
    return shape | {"permissions": grant.effective}


async def template_refs(actor: Actor, project_id: int, template_id: int) -> refs.Refs:
    """What uses a template."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    return await refs.of_template(project_id, template_id)


async def create_template(hub: Hub, actor: Actor, project_id: int, draft: TemplateDraft) -> dict[str, Any]:
    """Add a template; nothing is left of one that is refused (S6)."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> Template:
        executor = await template_drafts.executor_for(hub, draft.app)
        columns = await template_drafts.columns(project_id, draft, executor)
        template = await Template.create(project_id=project_id, **columns)
        await _replace_vaults(project_id, template.id, draft)
        await _replace_groups(project_id, template.id, draft)
        await _own_workspace(hub, actor, template, executor)
        await _tell(hub, actor, template, "created")
        return template

    template = await store(work)
    return _wire(_columns(template)) | (await _parts_of(project_id, [template.id]))[template.id]


async def update_template(hub: Hub, actor: Actor, project_id: int, template_id: int, draft: TemplateDraft) -> None:
    """Replace a template with its vaults."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)

    async def work() -> None:
        template = await find(Template, project_id, template_id, "template")
        executor = await template_drafts.executor_for(hub, draft.app, before=template.app)
        if draft.id and draft.id != template_id:
            raise Invalid("template id in URL and in body must be the same", field="id")
        if draft.project_id and draft.project_id != project_id:
            raise Invalid("You can not move template to other project", field="project_id")
        columns = await template_drafts.columns(project_id, draft, executor, template_id=template_id)
        template.update_from_dict(columns)
        await template.save(update_fields=list(columns))
        await _replace_vaults(project_id, template_id, draft)
        await _replace_groups(project_id, template_id, draft)
        await _tell(hub, actor, template, "updated")

    await store(work)


async def describe_template(
    hub: Hub, actor: Actor, project_id: int, template_id: int, draft: DescriptionDraft
) -> None:  # fmt: skip
    """Change the description alone."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)

    async def work() -> None:
        template = await find(Template, project_id, template_id, "template")
        await Template.filter(id=template_id).update(description=draft.description)
        await _tell(hub, actor, template, "description updated")

    await store(work)


async def delete_template(hub: Hub, actor: Actor, project_id: int, template_id: int) -> None:
    """Delete a template with its tasks; `Conflict` while one of them is not finished."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)

    async def work() -> None:
        template = await find(Template, project_id, template_id, "template")
        refs.refuse(IN_USE, await refs.of_template(project_id, template_id), "inventories", "schedules")
        unfinished = Task.filter(template_id=template_id, status__in=list(UNFINISHED))
        ids = await unfinished.order_by("id").limit(1).values_list("id", flat=True)
        if ids:
            raise Conflict(f"The task {ids[0]} of this template is not finished. Stop it, then delete the template.")
        await template.delete()
        await _tell(hub, actor, template, "deleted")

    await remove(work, IN_USE)


async def attach_inventory(hub: Hub, actor: Actor, project_id: int, template_id: int, inventory_id: int) -> None:
    """Make an inventory one of this template alone."""
    template, inventory, _ = await _pair(hub, actor, project_id, template_id, inventory_id)
    if inventory.template_id is not None:
        raise Invalid("Inventory is already attached to another template")

    async def work() -> None:
        await Inventory.filter(id=inventory.id, template_id=None).update(template_id=template.id)
        await _tell(hub, actor, template, f"got the inventory {inventory.name}")

    await unit(work)


async def detach_inventory(hub: Hub, actor: Actor, project_id: int, template_id: int, inventory_id: int) -> None:
    """Give an inventory back to the whole project."""
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    inventory = await find(Inventory, project_id, inventory_id, "inventory")

    async def work() -> None:
        if not await Inventory.filter(id=inventory_id, template_id=template_id).update(template_id=None):
            raise Invalid("Inventory is not attached to this template")
        await _tell(hub, actor, template, f"gave the inventory {inventory.name} back")

    await unit(work)


async def set_default_inventory(hub: Hub, actor: Actor, project_id: int, template_id: int, inventory_id: int) -> None:
    """Make an inventory the one that tasks work on unless they say otherwise."""
    template, inventory, executor = await _pair(hub, actor, project_id, template_id, inventory_id)
    if _workspace(executor) and inventory.template_id != template.id:
        raise Invalid("Inventory is not attached to this template")
    template.inventory_id = inventory.id

    async def work() -> None:
        await template.save(update_fields=["inventory_id"])
        await _tell(hub, actor, template, "updated")

    await unit(work)


async def _pair(
    hub: Hub, actor: Actor, project_id: int, template_id: int, inventory_id: int
) -> tuple[Template, Inventory, Executor | None]:
    await require(actor, project_id, MANAGE_RESOURCES, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    inventory = await find(Inventory, project_id, inventory_id, "inventory")
    executor = hub.registry.executors.get(template.app)
    if inventory.type not in inventory_sources.fitting(hub, executor):
        raise Invalid("Inventory type is not supported for this template")
    return template, inventory, executor


def _workspace(executor: Executor | None) -> str | None:
    """Return the workspace type of an executor that works on such, which the wire makes for each template."""
    types = executor.capabilities.inventory_types if executor else ()
    return types[0] if types and types[0].endswith("-workspace") else None


async def _own_workspace(hub: Hub, actor: Actor, template: Template, executor: Executor | None) -> None:
    """Attach the chosen workspace to the new template, or make one named `default`."""
    workspace = _workspace(executor)
    if workspace is None:
        return
    if template.inventory_id is not None:
        await Inventory.filter(id=template.inventory_id, template_id=None).update(template_id=template.id)
        return
    with changes.apart():
        made = await Inventory.create(
            project_id=template.project_id, name="default", inventory="default", type=workspace,
            template_id=template.id,
        )  # fmt: skip
        await inventories.tell(hub, actor, made, "created")
    template.inventory_id = made.id
    await template.save(update_fields=["inventory_id"])


async def _replace_vaults(project_id: int, template_id: int, draft: TemplateDraft) -> None:
    """Store the vaults as sent: known ids are changed, others made anew, and the rest is gone."""
    wanted = await template_drafts.vaults(project_id, draft.vaults)
    known = {row.id: row for row in await TemplateVault.filter(template_id=template_id)}
    for sent, columns in zip(draft.vaults, wanted, strict=True):
        row = known.pop(sent.id, None)
        if row is None:
            await TemplateVault.create(template_id=template_id, **columns)
        else:
            row.update_from_dict(columns)
            await row.save()
    await TemplateVault.filter(id__in=list(known)).delete()


async def _replace_groups(project_id: int, template_id: int, draft: TemplateDraft) -> None:
    """Store the list of variable groups; a client that omits it does not know of it, and it stays."""
    wanted = await template_drafts.environment_ids(project_id, draft)
    if wanted is None:
        return
    await TemplateEnvironment.filter(template_id=template_id).delete()
    for position, environment_id in enumerate(wanted):
        await TemplateEnvironment.create(template_id=template_id, environment_id=environment_id, position=position)


async def _parts_of(project_id: int, template_ids: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    """Vaults and listed variable groups of templates; what one has none of is left out."""
    parts: dict[int, dict[str, Any]] = {one: {} for one in template_ids}
    for one, vaults in (await _vaults_of(project_id, template_ids)).items():
        parts[one]["vaults"] = vaults
    for row in await _of_templates(_LISTED, template_ids, "position"):
        parts[row["template_id"]].setdefault("environment_ids", []).append(row["environment_id"])
    return parts


async def _vaults_of(project_id: int, template_ids: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in await _of_templates(_VAULTS, template_ids, "id"):
        shape = {"id": row["id"], "project_id": project_id, "template_id": row["template_id"], "type": row["type"]}
        optional = {name: row[name] for name in ("vault_key_id", "name", "script") if row[name]}
        found[row["template_id"]].append(shape | optional)
    return found


_VAULTS = 'SELECT "id", "template_id", "type", "vault_key_id", "name", "script" FROM "template_vault"'
_LISTED = 'SELECT "template_id", "environment_id" FROM "template_environment"'


async def _of_templates(select: str, template_ids: Sequence[int], order: str) -> list[dict[str, Any]]:
    """Rows that belong to templates: raw, as they are read with every list of templates."""
    if not template_ids:
        return []
    places = ", ".join("?" * len(template_ids))
    return await rows(f'{select} WHERE "template_id" IN ({places}) ORDER BY "template_id", "{order}"', template_ids)


def _last_task(newest: Mapping[int, dict[str, Any]], template_id: int) -> dict[str, Any]:
    return {"last_task": newest[template_id]} if template_id in newest else {}


async def _tell(hub: Hub, actor: Actor, template: Template, what: str) -> None:
    text = f"Template ID {template.id} {what}"
    await events.record(hub, actor, "template", template.id, text, project_id=template.project_id)
    verb = what.rpartition(" ")[2]
    await events.announce(hub, actor, f"template.{verb}", template.id, template.project_id, template_name=template.name)


def _columns(template: Template) -> dict[str, Any]:
    return {name: getattr(template, name) for name in _COLUMNS}


def _wire(row: Mapping[str, Any]) -> dict[str, Any]:
    shape = {name: row[name] for name in _ALWAYS}
    for name in _OMIT_EMPTY:
        if row[name]:
            shape[name] = row[name]
    for name in _OMIT_NULL:
        if row[name] is not None:
            shape[name] = row[name]
    return shape
