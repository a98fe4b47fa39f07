"""Routes of variable groups."""

from __future__ import annotations

from hub import shapes
from hub.services import environments
from hub.services.environments import EnvironmentDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/environment"
_ONE = _ALL + "/{environment_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Environment], lists=environments.LISTING)
async def list_environments(call: Call) -> Answer:
    """Variable groups of a project."""
    return await environments.list_environments(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=EnvironmentDraft, gives=shapes.Environment, status=201)
async def create_environment(call: Call) -> Answer:
    """Add a variable group."""
    draft = EnvironmentDraft.read(call.body)
    return Made(await environments.create_environment(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Environment)
async def get_environment(call: Call) -> Answer:
    """One variable group."""
    return await environments.get_environment(call.actor, call.ids["project_id"], call.ids["environment_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def environment_refs(call: Call) -> Answer:
    """What uses a variable group."""
    return dict(await environments.environment_refs(call.actor, call.ids["project_id"], call.ids["environment_id"]))


@route("PUT", _ONE, Access.MEMBER, takes=EnvironmentDraft)
async def update_environment(call: Call) -> Answer:
    """Replace a variable group."""
    draft = EnvironmentDraft.read(call.body)
    await environments.update_environment(
        call.hub, call.actor, call.ids["project_id"], call.ids["environment_id"], draft
    )
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_environment(call: Call) -> Answer:
    """Delete a variable group, unless something uses it."""
    await environments.delete_environment(call.hub, call.actor, call.ids["project_id"], call.ids["environment_id"])
    return None
