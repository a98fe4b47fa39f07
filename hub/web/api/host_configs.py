"""Routes of host configurations."""

from __future__ import annotations

from hub import shapes
from hub.services import host_configs
from hub.services.host_configs import HostConfigDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/host_configs"
_ONE = _ALL + "/{host_config_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.HostConfig], lists=host_configs.LISTING)
async def list_host_configs(call: Call) -> Answer:
    """Mappings of a project."""
    return await host_configs.list_host_configs(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=HostConfigDraft, gives=shapes.HostConfig, status=201)
async def create_host_config(call: Call) -> Answer:
    """Add a host configuration."""
    draft = HostConfigDraft.read(call.body)
    return Made(await host_configs.create_host_config(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.HostConfig)
async def get_host_config(call: Call) -> Answer:
    """One host configuration."""
    return await host_configs.get_host_config(call.actor, call.ids["project_id"], call.ids["host_config_id"])


@route("PUT", _ONE, Access.MEMBER, takes=HostConfigDraft)
async def update_host_config(call: Call) -> Answer:
    """Replace a host configuration."""
    draft = HostConfigDraft.read(call.body)
    await host_configs.update_host_config(
        call.hub, call.actor, call.ids["project_id"], call.ids["host_config_id"], draft
    )
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_host_config(call: Call) -> Answer:
    """Delete a host configuration."""
    await host_configs.delete_host_config(call.hub, call.actor, call.ids["project_id"], call.ids["host_config_id"])
    return None
