"""Routes of Terraform states and their aliases."""

from __future__ import annotations

from hub import shapes
from hub.services import terraform_history, terraform_states
from hub.services.terraform_history import ReleaseDraft
from hub.services.terraform_states import AliasDraft
from hub.web.api.about import SINCE
from hub.web.api.queries import asked, integer
from hub.web.api.routing import Access, Answer, Call, Made, route

_BELOW = "/project/{project_id}/inventory/{inventory_id}/terraform"
_ALIASES = _BELOW + "/aliases"
_ALIAS = _ALIASES + "/{alias_id}"
_STATES = _BELOW + "/states"
_STATE = _STATES + "/{state_id}"
_LOCK = _BELOW + "/lock"


def _of(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["inventory_id"]


@route("GET", _ALIASES, Access.MEMBER, gives=list[shapes.StateAlias], lists=terraform_states.ALIASES)
async def list_aliases(call: Call) -> Answer:
    """Aliases of an inventory."""
    return await terraform_states.list_aliases(call.hub, call.actor, *_of(call), asked(call))


@route("POST", _ALIASES, Access.MEMBER, takes=AliasDraft, gives=shapes.StateAlias)
async def create_alias(call: Call) -> Answer:
    """Add an alias; the wire answers 200 to aliases (S8)."""
    return await terraform_states.create_alias(call.hub, call.actor, *_of(call), AliasDraft.read(call.body))


@route("GET", _ALIAS, Access.MEMBER, gives=shapes.StateAlias)
async def get_alias(call: Call) -> Answer:
    """One alias."""
    return await terraform_states.get_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"])


@route("PUT", _ALIAS, Access.MEMBER, takes=AliasDraft)
async def update_alias(call: Call) -> Answer:
    """Choose another key for an alias."""
    draft = AliasDraft.read(call.body)
    await terraform_states.update_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"], draft)
    return None


@route("DELETE", _ALIAS, Access.MEMBER)
async def delete_alias(call: Call) -> Answer:
    """Delete an alias."""
    await terraform_states.delete_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"])
    return None


@route("GET", _STATES, Access.MEMBER, gives=list[shapes.StateVersion], lists=terraform_states.STATES)
async def list_states(call: Call) -> Answer:
    """Versions of the state, newest first."""
    return await terraform_states.list_states(call.actor, *_of(call), asked(call))


@route("GET", _STATES + "/latest", Access.MEMBER, gives=shapes.State)
async def latest_state(call: Call) -> Answer:
    """The newest version of the state, with its text."""
    return await terraform_states.get_state(call.hub, call.actor, *_of(call), None)


@route("GET", _STATE, Access.MEMBER, gives=shapes.State)
async def get_state(call: Call) -> Answer:
    """One version of the state, with its text."""
    return await terraform_states.get_state(call.hub, call.actor, *_of(call), call.ids["state_id"])


@route("DELETE", _STATE, Access.MEMBER)
async def delete_state(call: Call) -> Answer:
    """Delete a version of the state."""
    await terraform_states.delete_state(call.hub, call.actor, *_of(call), call.ids["state_id"])
    return None


@route("GET", _STATE + "/changes", Access.MEMBER, wire=False, gives=shapes.StateChanges, asks=(SINCE,))
async def compare_states(call: Call) -> Answer:
    """What a version changed since the one before it, or since the version `since`."""
    since = integer(call, "since")
    return await terraform_history.changes(call.hub, call.actor, _of(call), call.ids["state_id"], since)


@route("POST", _STATE + "/rollback", Access.MEMBER, body=False, wire=False, gives=shapes.StateVersion, status=201)
async def roll_back_state(call: Call) -> Answer:
    """Make a former version the present one."""
    return Made(await terraform_history.roll_back(call.hub, call.actor, _of(call), call.ids["state_id"]))


@route("GET", _LOCK, Access.MEMBER, wire=False, gives=shapes.StateLock)
async def get_state_lock(call: Call) -> Answer:
    """Who holds the lock; 404 when nobody does."""
    return await terraform_history.get_lock(call.actor, *_of(call))


@route("POST", _LOCK + "/release", Access.MEMBER, wire=False, takes=ReleaseDraft, also=(412,))
async def release_state_lock(call: Call) -> Answer:
    """Take the lock away by force."""
    draft = ReleaseDraft.read(call.body)
    await terraform_history.release_lock(call.hub, call.actor, *_of(call), draft)
    return None
