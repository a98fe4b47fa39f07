"""Routes of Terraform states and their aliases."""

from __future__ import annotations

from hub.errors import Invalid
from hub.services import terraform_history, terraform_states
from hub.services.terraform_history import ReleaseDraft
from hub.services.terraform_states import AliasDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_BELOW = "/project/{project_id}/inventory/{inventory_id}/terraform"
_ALIASES = _BELOW + "/aliases"
_ALIAS = _ALIASES + "/{alias_id}"
_STATES = _BELOW + "/states"
_STATE = _STATES + "/{state_id}"
_LOCK = _BELOW + "/lock"


def _of(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["inventory_id"]


def _since(call: Call) -> int | None:
    text = call.query.get("since", "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise Invalid("The version to compare with must be a whole number.", field="since")
    return int(text) if text else None


@route("GET", _ALIASES, Access.MEMBER)
async def list_aliases(call: Call) -> Answer:
    """Aliases of an inventory."""
    return await terraform_states.list_aliases(call.hub, call.actor, *_of(call), asked(call))


@route("POST", _ALIASES, Access.MEMBER)
async def create_alias(call: Call) -> Answer:
    """Add one; the wire answers 200 to aliases (S8)."""
    return await terraform_states.create_alias(call.hub, call.actor, *_of(call), AliasDraft.read(call.body))


@route("GET", _ALIAS, Access.MEMBER)
async def get_alias(call: Call) -> Answer:
    """One of them."""
    return await terraform_states.get_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"])


@route("PUT", _ALIAS, Access.MEMBER)
async def update_alias(call: Call) -> Answer:
    """Choose another key for it."""
    draft = AliasDraft.read(call.body)
    await terraform_states.update_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"], draft)
    return None


@route("DELETE", _ALIAS, Access.MEMBER)
async def delete_alias(call: Call) -> Answer:
    """Delete it."""
    await terraform_states.delete_alias(call.hub, call.actor, *_of(call), call.ids["alias_id"])
    return None


@route("GET", _STATES, Access.MEMBER)
async def list_states(call: Call) -> Answer:
    """Versions of the state, newest first."""
    return await terraform_states.list_states(call.actor, *_of(call), asked(call))


@route("GET", _STATES + "/latest", Access.MEMBER)
async def latest_state(call: Call) -> Answer:
    """The newest of them."""
    return await terraform_states.get_state(call.hub, call.actor, *_of(call), None)


@route("GET", _STATE, Access.MEMBER)
async def get_state(call: Call) -> Answer:
    """One of them, with its text."""
    return await terraform_states.get_state(call.hub, call.actor, *_of(call), call.ids["state_id"])


@route("DELETE", _STATE, Access.MEMBER)
async def delete_state(call: Call) -> Answer:
    """Delete it."""
    await terraform_states.delete_state(call.hub, call.actor, *_of(call), call.ids["state_id"])
    return None


@route("GET", _STATE + "/changes", Access.MEMBER, wire=False)
async def state_changes(call: Call) -> Answer:
    """What a version changed since the one before it, or since the version `since`."""
    return await terraform_history.changes(call.hub, call.actor, _of(call), call.ids["state_id"], _since(call))


@route("POST", _STATE + "/rollback", Access.MEMBER, body=False, wire=False)
async def roll_back(call: Call) -> Answer:
    """Make a former version the present one."""
    return Made(await terraform_history.roll_back(call.hub, call.actor, _of(call), call.ids["state_id"]))


@route("GET", _LOCK, Access.MEMBER, wire=False)
async def get_lock(call: Call) -> Answer:
    """Who holds the lock; 404 when nobody does."""
    return await terraform_history.get_lock(call.actor, *_of(call))


@route("POST", _LOCK + "/release", Access.MEMBER, wire=False)
async def release_lock(call: Call) -> Answer:
    """Take the lock away by force."""
    draft = ReleaseDraft.read(call.body)
    await terraform_history.release_lock(call.hub, call.actor, *_of(call), draft)
    return None
