"""Routes of templates."""

from __future__ import annotations

from hub import shapes
from hub.services import templates
from hub.services.access import RUN_TASKS
from hub.services.draft import Draft
from hub.services.tasks import preview, stop
from hub.services.tasks.launch import TaskDraft
from hub.services.template_drafts import TemplateDraft
from hub.services.templates import DescriptionDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/templates"
_ONE = _ALL + "/{template_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Template], lists=templates.LISTING)
async def list_templates(call: Call) -> Answer:
    """Templates of a project."""
    return await templates.list_templates(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=TemplateDraft, gives=shapes.NewTemplate, status=201)
async def create_template(call: Call) -> Answer:
    """Add a template."""
    draft = TemplateDraft.read(call.body)
    return Made(await templates.create_template(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Template)
async def get_template(call: Call) -> Answer:
    """One template."""
    return await templates.get_template(call.actor, call.ids["project_id"], call.ids["template_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def template_refs(call: Call) -> Answer:
    """What uses a template."""
    return dict(await templates.template_refs(call.actor, call.ids["project_id"], call.ids["template_id"]))


@route("POST", _ONE + "/preview", Access.MEMBER, wire=False, needs=RUN_TASKS, takes=TaskDraft, gives=shapes.Preview)
async def preview_task(call: Call) -> Answer:
    """What this very task would do: its command line, its variables, and what would keep it from starting."""
    draft = TaskDraft.read(call.body)
    return await preview.of_task(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"], draft)


@route("PUT", _ONE, Access.MEMBER, takes=TemplateDraft)
async def update_template(call: Call) -> Answer:
    """Replace a template."""
    draft = TemplateDraft.read(call.body)
    await templates.update_template(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"], draft)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_template(call: Call) -> Answer:
    """Delete a template, unless something uses it."""
    await templates.delete_template(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"])
    return None


@route("PUT", _ONE + "/description", Access.MEMBER, takes=DescriptionDraft)
async def describe_template(call: Call) -> Answer:
    """Change the description of a template alone."""
    draft = DescriptionDraft.read(call.body)
    await templates.describe_template(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"], draft)
    return None


class StopDraft(Draft):
    """Body of a stop."""

    force: bool = False


@route("POST", _ONE + "/stop_all_tasks", Access.MEMBER, takes=StopDraft)
async def stop_all_tasks(call: Call) -> Answer:
    """Stop every unfinished task of a template."""
    draft = StopDraft.read(call.body)
    await stop.stop_all(call.hub, call.actor, call.ids["project_id"], call.ids["template_id"], force=draft.force)
    return None


@route("POST", _ONE + "/inventory/{inventory_id}/attach", Access.MEMBER, body=False)
async def attach_inventory(call: Call) -> Answer:
    """Make an inventory one of this template alone."""
    await templates.attach_inventory(call.hub, call.actor, *_pair(call))
    return None


@route("POST", _ONE + "/inventory/{inventory_id}/detach", Access.MEMBER, body=False)
async def detach_inventory(call: Call) -> Answer:
    """Give an inventory back to the project."""
    await templates.detach_inventory(call.hub, call.actor, *_pair(call))
    return None


@route("POST", _ONE + "/inventory/{inventory_id}/set_default", Access.MEMBER, body=False)
async def set_default_inventory(call: Call) -> Answer:
    """Make an inventory the one that tasks work on."""
    await templates.set_default_inventory(call.hub, call.actor, *_pair(call))
    return None


def _pair(call: Call) -> tuple[int, int, int]:
    return call.ids["project_id"], call.ids["template_id"], call.ids["inventory_id"]
