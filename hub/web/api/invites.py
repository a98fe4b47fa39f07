"""Invitations to projects."""

from __future__ import annotations

from hub import shapes
from hub.services import invites
from hub.services.invites import InviteDraft, InviteTokenDraft, StatusDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route


@route("GET", "/project/{project_id}/invites", Access.MEMBER, gives=list[shapes.Invite], lists=invites.LISTING)
async def list_invites(call: Call) -> Answer:
    """Every invitation of the project."""
    return await invites.list_invites(call.hub, call.actor, call.ids["project_id"], asked(call))


@route("POST", "/project/{project_id}/invites", Access.MEMBER, takes=InviteDraft, gives=shapes.NewInvite, status=201)
async def create_invite(call: Call) -> Answer:
    """Invite somebody; `token` and `link` stand in this answer only."""
    draft = InviteDraft.read(call.body)
    return Made(await invites.create_invite(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", "/project/{project_id}/invites/{invite_id}", Access.MEMBER, gives=shapes.Invite)
async def get_invite(call: Call) -> Answer:
    """One invitation."""
    return await invites.get_invite(call.hub, call.actor, call.ids["project_id"], call.ids["invite_id"])


@route("PUT", "/project/{project_id}/invites/{invite_id}", Access.MEMBER, takes=StatusDraft)
async def set_status(call: Call) -> Answer:
    """Withdraw an invitation, or open it again."""
    draft = StatusDraft.read(call.body)
    await invites.set_status(call.hub, call.actor, call.ids["project_id"], call.ids["invite_id"], draft)
    return None


@route("DELETE", "/project/{project_id}/invites/{invite_id}", Access.MEMBER)
async def delete_invite(call: Call) -> Answer:
    """Delete an invitation."""
    await invites.delete_invite(call.hub, call.actor, call.ids["project_id"], call.ids["invite_id"])
    return None


@route("POST", "/invites/accept", Access.USER, takes=InviteTokenDraft, gives=shapes.Accepted)
async def accept(call: Call) -> Answer:
    """Become a member by the token of an invitation; answers the project's id."""
    return await invites.accept(call.hub, call.actor, InviteTokenDraft.read(call.body))
