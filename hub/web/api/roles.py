"""Routes of custom roles, and of what they may do on one template."""

from __future__ import annotations

from hub import shapes
from hub.services import roles, template_roles
from hub.services.access import MANAGE_USERS
from hub.services.roles import RoleDraft
from hub.services.template_roles import TemplateRoleDraft
from hub.web.api.about import MODE
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_OF_PROJECT = "/project/{project_id}/roles"
_PERMS = "/project/{project_id}/templates/{template_id}/perms"


@route("GET", "/roles", Access.ADMIN, gives=list[shapes.Role], lists=roles.LISTING)
async def list_global(call: Call) -> Answer:
    """Roles of the whole hub."""
    return await roles.list_global(call.actor, asked(call))


@route("POST", "/roles", Access.ADMIN, takes=RoleDraft, gives=shapes.Role, status=201)
async def create_global(call: Call) -> Answer:
    """Make a role of the whole hub."""
    return Made(await roles.create_role(call.hub, call.actor, None, RoleDraft.read(call.body)))


@route("GET", "/roles/{slug}", Access.ADMIN, gives=shapes.Role)
async def get_global(call: Call) -> Answer:
    """One role of the whole hub."""
    return await roles.get_role(call.actor, None, call.texts["slug"])


@route("PUT", "/roles/{slug}", Access.ADMIN, takes=RoleDraft)
@route("POST", "/roles/{slug}", Access.ADMIN, takes=RoleDraft)
async def update_global(call: Call) -> Answer:
    """Replace name and permissions of a role of the whole hub."""
    await roles.update_role(call.hub, call.actor, None, call.texts["slug"], RoleDraft.read(call.body))
    return None


@route("DELETE", "/roles/{slug}", Access.ADMIN)
async def delete_global(call: Call) -> Answer:
    """Delete a role of the whole hub, unless somebody has it."""
    await roles.delete_role(call.hub, call.actor, None, call.texts["slug"])
    return None


@route("GET", _OF_PROJECT, Access.MEMBER, gives=list[shapes.Role], asks=(MODE,), lists=roles.LISTING)
async def list_roles(call: Call) -> Answer:
    """Roles of a project; with `mode=merge` every role that a member of it can have."""
    return await roles.list_roles(
        call.actor, call.ids["project_id"], asked(call), built_in=call.query.get("mode") == "merge"
    )


@route("GET", _OF_PROJECT + "/all", Access.MEMBER, gives=list[shapes.Role], asks=(MODE,), lists=roles.LISTING)
async def list_all_roles(call: Call) -> Answer:
    """Roles of a project and of the whole hub."""
    built_in = call.query.get("mode") == "merge"
    return await roles.list_roles(call.actor, call.ids["project_id"], asked(call), everywhere=True, built_in=built_in)


@route("POST", _OF_PROJECT, Access.MEMBER, needs=MANAGE_USERS, takes=RoleDraft, gives=shapes.Role, status=201)
async def create_role(call: Call) -> Answer:
    """Make a role of the project."""
    return Made(await roles.create_role(call.hub, call.actor, call.ids["project_id"], RoleDraft.read(call.body)))


@route("GET", _OF_PROJECT + "/{slug}", Access.MEMBER, gives=shapes.Role)
async def get_role(call: Call) -> Answer:
    """One role of a project."""
    return await roles.get_role(call.actor, call.ids["project_id"], call.texts["slug"])


@route("PUT", _OF_PROJECT + "/{slug}", Access.MEMBER, needs=MANAGE_USERS, takes=RoleDraft)
@route("POST", _OF_PROJECT + "/{slug}", Access.MEMBER, needs=MANAGE_USERS, takes=RoleDraft)
async def update_role(call: Call) -> Answer:
    """Replace name and permissions of a role of the project."""
    draft = RoleDraft.read(call.body)
    await roles.update_role(call.hub, call.actor, call.ids["project_id"], call.texts["slug"], draft)
    return None


@route("DELETE", _OF_PROJECT + "/{slug}", Access.MEMBER, needs=MANAGE_USERS)
async def delete_role(call: Call) -> Answer:
    """Delete a role of the project, unless somebody has it."""
    await roles.delete_role(call.hub, call.actor, call.ids["project_id"], call.texts["slug"])
    return None


@route("GET", _PERMS, Access.MEMBER, gives=list[shapes.TemplateRole], lists=template_roles.LISTING)
async def list_perms(call: Call) -> Answer:
    """What custom roles may do on a template."""
    return await template_roles.list_template_roles(call.actor, *_template(call), asked(call))


@route("POST", _PERMS, Access.MEMBER, takes=TemplateRoleDraft, gives=shapes.TemplateRole, status=201)
async def create_perm(call: Call) -> Answer:
    """Give a custom role rights on a template."""
    draft = TemplateRoleDraft.read(call.body)
    return Made(await template_roles.create_template_role(call.hub, call.actor, *_template(call), draft))


@route("GET", _PERMS + "/{perm_id}", Access.MEMBER, gives=shapes.TemplateRole)
async def get_perm(call: Call) -> Answer:
    """What one custom role may do on a template."""
    return await template_roles.get_template_role(call.actor, *_template(call), call.ids["perm_id"])


@route("PUT", _PERMS + "/{perm_id}", Access.MEMBER, takes=TemplateRoleDraft)
async def update_perm(call: Call) -> Answer:
    """Change what a custom role may do on a template."""
    draft = TemplateRoleDraft.read(call.body)
    await template_roles.update_template_role(call.hub, call.actor, *_template(call), call.ids["perm_id"], draft)
    return None


@route("DELETE", _PERMS + "/{perm_id}", Access.MEMBER)
async def delete_perm(call: Call) -> Answer:
    """Take rights on a template from a custom role."""
    await template_roles.delete_template_role(call.hub, call.actor, *_template(call), call.ids["perm_id"])
    return None


def _template(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["template_id"]
