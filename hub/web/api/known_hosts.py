"""Routes of known hosts."""

from __future__ import annotations

from hub import shapes
from hub.services import known_hosts
from hub.services.access import UPDATE_PROJECT
from hub.services.known_hosts import ApprovalDraft, KnownHostDraft, PolicyDraft, ScanDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/known_hosts"
_ONE = _ALL + "/{known_host_id}"
_POLICY = "/project/{project_id}/host_key_policy"


@route("GET", _ALL, Access.MEMBER, wire=False, gives=list[shapes.KnownHost], lists=known_hosts.LISTING)
async def list_known_hosts(call: Call) -> Answer:
    """Known hosts of a project."""
    return await known_hosts.list_known_hosts(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, wire=False, takes=KnownHostDraft, gives=list[shapes.KnownHost], status=201)
async def add_known_hosts(call: Call) -> Answer:
    """Trust the keys of lines of a known_hosts file."""
    draft = KnownHostDraft.read(call.body)
    return Made(await known_hosts.add_known_hosts(call.hub, call.actor, call.ids["project_id"], draft))


@route("POST", _ALL + "/scan", Access.MEMBER, wire=False, takes=ScanDraft, gives=list[shapes.KnownHost])
async def scan_host(call: Call) -> Answer:
    """Let a worker fetch the keys of a server; new ones wait for approval."""
    draft = ScanDraft.read(call.body)
    return await known_hosts.scan(call.hub, call.actor, call.ids["project_id"], draft)


@route("GET", _ONE, Access.MEMBER, wire=False, gives=shapes.KnownHost)
async def get_known_host(call: Call) -> Answer:
    """One known host."""
    return await known_hosts.get_known_host(call.actor, *_ids(call))


@route("POST", _ONE + "/approve", Access.MEMBER, wire=False, takes=ApprovalDraft)
async def approve_known_host(call: Call) -> Answer:
    """Trust a key that waits, has changed or was revoked."""
    await known_hosts.approve(call.hub, call.actor, *_ids(call), ApprovalDraft.read(call.body))
    return None


@route("POST", _ONE + "/revoke", Access.MEMBER, wire=False, body=False)
async def revoke_known_host(call: Call) -> Answer:
    """Never trust a key again."""
    await known_hosts.revoke(call.hub, call.actor, *_ids(call))
    return None


@route("DELETE", _ONE, Access.MEMBER, wire=False)
async def delete_known_host(call: Call) -> Answer:
    """Forget a key."""
    await known_hosts.delete_known_host(call.hub, call.actor, *_ids(call))
    return None


@route("GET", _POLICY, Access.MEMBER, wire=False, gives=shapes.HostKeyPolicy)
async def host_key_policy(call: Call) -> Answer:
    """How the project meets keys that it does not know."""
    return await known_hosts.policy(call.actor, call.ids["project_id"])


@route("PUT", _POLICY, Access.MEMBER, wire=False, takes=PolicyDraft, needs=UPDATE_PROJECT)
async def set_host_key_policy(call: Call) -> Answer:
    """Choose how the project meets keys that it does not know."""
    await known_hosts.set_policy(call.hub, call.actor, call.ids["project_id"], PolicyDraft.read(call.body))
    return None


def _ids(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["known_host_id"]
