"""The Terraform state of an inventory: its lock, its versions, what changed between them, and who may come to it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from quart import Response, request, url_for

from hub.errors import NotFound
from hub.services import inventories, terraform_history, terraform_states
from hub.services.listing import Asked
from hub.services.terraform_history import ReleaseDraft
from hub.services.terraform_states import AliasDraft
from hub.web.forms import lenient_number
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.names import key_choices
from hub.web.pages.resource import UNTOUCHED, Filled
from hub.web.pages.routing import SEND, Who, page

_ROOT = "/project/<int:project_id>/inventory/<int:inventory_id>/states"
_ONE = _ROOT + "/<int:state_id>"
_SHOWN = 100
"""Versions on one page."""


@page(_ROOT, Who.MEMBER)
async def states(project_id: int, inventory_id: int) -> Response:
    """Every version, the lock, and the addresses for tools outside."""
    return await _show(project_id, inventory_id)


async def _show(project_id: int, inventory_id: int, error: str = "", release: Filled = UNTOUCHED) -> Response:
    here = visit.visit()
    after = request.args.get("after", "")
    asked = Asked(after=after, limit=_SHOWN)
    found = await terraform_states.list_states(here.actor, project_id, inventory_id, asked)
    aliases = await terraform_states.list_aliases(here.hub, here.actor, project_id, inventory_id)
    logins = await key_choices(project_id, "login_password") if here.may_manage else []
    older = url_for("pages.states", project_id=project_id, inventory_id=inventory_id, after=found.following)
    return await visit.show(
        "states.html", status=400 if error or release.errors else 200, error=error, release=release, states=found,
        lock=await _lock(project_id, inventory_id), aliases=aliases, logins=logins,
        older=older if found.following else "", first=not after, key_names={one.value: one.title for one in logins},
        **await _around(project_id, inventory_id),
    )  # fmt: skip


@page(_ONE, Who.MEMBER)
async def state_version(project_id: int, inventory_id: int, state_id: int) -> Response:
    """What one version changed since the one before it, or since another."""
    here = visit.visit()
    at, since = (project_id, inventory_id), visit.query_number("since")
    changes = await terraform_history.changes(here.hub, here.actor, at, state_id, since)
    others = await terraform_states.list_states(here.actor, *at, Asked(limit=_SHOWN))
    return await visit.show(
        "state_version.html", changes=changes, others=[one for one in others if one["id"] != state_id],
        state=await terraform_states.get_state_row(here.actor, *at, state_id),
        present=bool(others) and others[0]["id"] == state_id, lock=await _lock(*at), release=UNTOUCHED,
        **await _around(*at),
    )  # fmt: skip


@page(_ONE + "/download", Who.MEMBER)
async def state_download(project_id: int, inventory_id: int, state_id: int) -> Response:
    """The whole text of a version."""
    here = visit.visit()
    text = await terraform_states.text_of_state(here.hub, here.actor, (project_id, inventory_id), state_id)
    headers = {"Content-Disposition": f'attachment; filename="state-{state_id}.tfstate"'}
    return Response(text, content_type="application/json", headers=headers)


@page(_ONE + "/rollback", Who.MEMBER, methods=SEND)
async def state_rollback(project_id: int, inventory_id: int, state_id: int) -> Response:
    """Go back to a version."""
    here = visit.visit()
    work = terraform_history.roll_back(here.hub, here.actor, (project_id, inventory_id), state_id)
    return await _tried(work, _("This is the present state again, under a new serial."), project_id, inventory_id)


@page(_ROOT + "/unlock", Who.MEMBER, methods=SEND)
async def state_unlock(project_id: int, inventory_id: int) -> Response:
    """Release the lock by force."""
    sent = await request.form
    here, body = visit.visit(), {name: sent.get(name, "") for name in ("lock_id", "reason")}
    try:
        draft = ReleaseDraft.read(body)
        await terraform_history.release_lock(here.hub, here.actor, project_id, inventory_id, draft)
    except FORM_ERRORS as fault:
        error, errors = faults(fault, {"reason": "reason"})
        return await _show(project_id, inventory_id, error, Filled({}, sent, errors))
    said = _("The lock was released.")
    return visit.go("states", project_id=project_id, inventory_id=inventory_id, say=said)


@page(_ROOT + "/aliases", Who.MEMBER, methods=SEND)
async def state_alias_new(project_id: int, inventory_id: int) -> Response:
    """Add an address for tools outside."""
    here, sent = visit.visit(), await request.form
    draft = AliasDraft(auth_key_id=lenient_number(sent.get("auth_key_id", "")) or None)
    work = terraform_states.create_alias(here.hub, here.actor, project_id, inventory_id, draft)
    return await _tried(work, _("The address was added."), project_id, inventory_id)


@page(_ROOT + "/aliases/<int:alias_id>/delete", Who.MEMBER, methods=SEND)
async def state_alias_delete(project_id: int, inventory_id: int, alias_id: int) -> Response:
    """Take an address away."""
    here = visit.visit()
    work = terraform_states.delete_alias(here.hub, here.actor, project_id, inventory_id, alias_id)
    return await _tried(work, _("The address was deleted."), project_id, inventory_id)


async def _tried(work: Awaitable[Any], said: str, project_id: int, inventory_id: int) -> Response:
    """Do it, and go back to the page of the state with what came of it."""
    try:
        await work
    except FORM_ERRORS as fault:
        said, kind = faults(fault)[0], "danger"
    else:
        kind = "ok"
    return visit.go("states", project_id=project_id, inventory_id=inventory_id, say=said, kind=kind)


async def _lock(project_id: int, inventory_id: int) -> dict[str, Any] | None:
    try:
        return await terraform_history.get_lock(visit.visit().actor, project_id, inventory_id)
    except NotFound:
        return None


async def _around(project_id: int, inventory_id: int) -> dict[str, Any]:
    """Return what the head of both pages shows."""
    found = await inventories.get_inventory(visit.visit().actor, project_id, inventory_id)
    listing = url_for("pages.inventory_list", project_id=project_id)
    own = url_for("pages.inventory_edit", project_id=project_id, item_id=inventory_id)
    return {"inventory": found, "trail": [(_("Inventory"), listing), (found["name"], own)]}
