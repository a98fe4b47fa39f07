"""Invitations to a project: made, sent on by hand, accepted by whom they are for.

The hub sends no mail about them: whoever invites gets the link, this once, and passes it on. What a link is good for is
looked at again when it is used: the role must still exist, and who invited must still be allowed to give it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import Field
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from hub.context import Hub
from hub.db import unit
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Invite, Membership, Role, User
from hub.services import events
from hub.services.access import MANAGE_USERS, ROLES, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find
from hub.services.draft import Draft
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown
from hub.services.sessions import digest

LIFETIME: Final = timedelta(days=7)
"""How long an invitation is good, unless told."""

PENDING, ACCEPTED, DECLINED, EXPIRED = "pending", "accepted", "declined", "expired"

LISTING = Listing(
    Invite,
    columns={
        "id": "id",
        "created": "created",
        "status": "status",
        "role": "role",
        "email": "email",
        "user_id": "user_id",
        "expires_at": "expires_at",
    },
    default="created",
    searched=("email", "role"),
    words=("status", "role"),
)

_TAKEN = "This person is a member of the project, or invited to it, already."


class InviteDraft(Draft):
    """The wire's body of `POST /project/{id}/invites`: an address, or a person of this hub."""

    email: str = Field(default="", max_length=255)
    user_id: Id = 0
    username: str = Field(default="", max_length=255)
    role: str = Field(default="", max_length=50)
    expires_at: str | None = None


class StatusDraft(Draft):
    """The wire's body of `PUT /project/{id}/invites/{invite_id}`."""

    status: str = ""


class InviteTokenDraft(Draft):
    """The wire's body of `POST /invites/accept`."""

    token: str = ""


async def list_invites(hub: Hub, actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Every invitation of a project, for those who may change its team."""
    grant = await require(actor, project_id, MANAGE_USERS)
    query = Invite.filter(project_id=project_id).prefetch_related("user", "inviter")
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "invite"))
    return found.shaped(lambda one: shown(grant, "invite", _wire(hub, one)))


async def get_invite(hub: Hub, actor: Actor, project_id: int, invite_id: int) -> dict[str, Any]:
    """One invitation."""
    grant = await require(actor, project_id, MANAGE_USERS)
    return shown(grant, "invite", _wire(hub, await _find(project_id, invite_id)))


async def create_invite(hub: Hub, actor: Actor, project_id: int, draft: InviteDraft) -> dict[str, Any]:
    """Invite somebody; the answer alone holds the token and its link."""
    grant = await require(actor, project_id, MANAGE_USERS)
    await _refuse_more(grant, draft.role)
    now = hub.clock()
    expires = _expiry(draft.expires_at, now)
    token = secrets.token_urlsafe(32)

    async def work() -> Invite:
        person, email = await _invited(draft)
        await _refuse_taken(project_id, person, email, now)
        invite = await Invite.create(
            project_id=project_id, user=person, email=email, role=draft.role, status=PENDING, digest=digest(token),
            inviter_id=actor.user_id, created=now, expires_at=expires,
        )  # fmt: skip
        await _tell(hub, actor, invite, "created")
        return invite

    try:
        invite = await unit(work)
    except IntegrityError:  # somebody else was faster
        raise Conflict(_TAKEN) from None
    return await _with_link(hub, project_id, invite.id, token)


async def renew_invite(hub: Hub, actor: Actor, project_id: int, invite_id: int) -> dict[str, Any]:
    """Open an invitation again under a new link, which the answer alone holds; the old link leads nowhere any more."""
    grant = await require(actor, project_id, MANAGE_USERS)
    invite = await _find(project_id, invite_id)
    await _refuse_more(grant, invite.role)
    token = secrets.token_urlsafe(32)
    columns = {
        "digest": digest(token), "status": PENDING, "inviter_id": actor.user_id, "expires_at": hub.clock() + LIFETIME,
    }  # fmt: skip

    async def work() -> None:
        if not await Invite.filter(id=invite.id).exclude(status=ACCEPTED).update(**columns):
            raise Conflict("This invitation was accepted; change the team instead.")
        await _tell(hub, actor, invite, "renewed")

    await unit(work)
    return await _with_link(hub, project_id, invite.id, token)


async def set_status(hub: Hub, actor: Actor, project_id: int, invite_id: int, draft: StatusDraft) -> None:
    """Withdraw an invitation, or open it again; one that is opened again is good for the usual time from now."""
    grant = await require(actor, project_id, MANAGE_USERS)
    if draft.status not in {PENDING, DECLINED, EXPIRED}:
        raise Invalid("The status of an invitation can be set to pending, declined or expired.", field="status")
    invite = await _find(project_id, invite_id)
    columns: dict[str, Any] = {"status": draft.status}
    if draft.status == PENDING:
        await _refuse_more(grant, invite.role)
        columns["inviter_id"] = actor.user_id
        if _has_expired(invite, hub.clock()):
            columns["expires_at"] = hub.clock() + LIFETIME

    async def work() -> None:
        if not await Invite.filter(id=invite.id).exclude(status=ACCEPTED).update(**columns):
            raise Conflict("This invitation was accepted; change the team instead.")
        await _tell(hub, actor, invite, draft.status)

    await unit(work)


async def delete_invite(hub: Hub, actor: Actor, project_id: int, invite_id: int) -> None:
    """Delete an invitation; its link is good for nothing any more."""
    await require(actor, project_id, MANAGE_USERS)
    invite = await _find(project_id, invite_id)

    async def work() -> None:
        await Invite.filter(id=invite.id).delete()
        await _tell(hub, actor, invite, "deleted")

    await unit(work)


async def look(hub: Hub, actor: Actor, token: str) -> dict[str, Any]:
    """What an invitation offers to the actor: its project, its role, who invites. Refuses as `accept` does."""
    invite = await _offered(hub, actor, token)
    custom = await Role.get_or_none(slug=invite.role)
    return {
        "project_id": invite.project_id,
        "project_name": invite.project.name,
        "role": invite.role,
        "role_name": custom.name if custom else invite.role,
        "inviter": invite.inviter.name if invite.inviter else "",
        "expires_at": invite.expires_at,
    }


async def accept(hub: Hub, actor: Actor, draft: InviteTokenDraft) -> dict[str, Any]:
    """Make the actor a member, if the invitation is for them and still good; return the project's id."""
    invite = await _offered(hub, actor, draft.token)
    now = hub.clock()

    async def work() -> None:
        if not await Invite.filter(id=invite.id, status=PENDING).update(status=ACCEPTED, accepted_at=now):
            raise Invalid("This invitation was used or withdrawn meanwhile.")
        await Membership.create(project_id=invite.project_id, user_id=actor.user_id, role=invite.role)
        await _tell(hub, actor, invite, "accepted")
        text = f"User ID {actor.user_id} added to team"
        await events.record(hub, actor, "user", actor.user_id, text, project_id=invite.project_id)
        await events.announce(hub, actor, "team.changed", actor.user_id, invite.project_id)

    try:
        await unit(work)
    except IntegrityError:
        raise Conflict("You are a member of this project already.") from None
    return {"project_id": invite.project_id}


async def _with_link(hub: Hub, project_id: int, invite_id: int, token: str) -> dict[str, Any]:
    link = f"{hub.settings.address}/accept-invite/{token}"
    return {**_wire(hub, await _find(project_id, invite_id)), "token": token, "link": link}


async def _offered(hub: Hub, actor: Actor, token: str) -> Invite:
    """Return the invitation behind a token when the actor could accept it now."""
    invite = await Invite.get_or_none(digest=digest(token)).prefetch_related("user", "inviter", "project")
    if invite is None:
        raise NotFound("There is no such invitation; ask for a new one.")
    person = await User.get_or_none(id=actor.user_id) if actor.user_id is not None else None
    if person is None or not _is_for(invite, person):
        raise Forbidden("This invitation is for somebody else; sign in as the one who was invited.")
    status = _status(invite, hub.clock())
    if status == EXPIRED:
        raise Invalid("This invitation has expired; ask for a new one.")
    if status != PENDING:
        raise Invalid(f"This invitation was {status} before; ask for a new one.")
    if await Membership.filter(project_id=invite.project_id, user_id=person.id).exists():
        raise Conflict("You are a member of this project already.")
    await _refuse_lost_rights(invite)
    return invite


def _is_for(invite: Invite, person: User) -> bool:
    if invite.user_id is not None:
        return invite.user_id == person.id
    return bool(invite.email) and invite.email == person.email.lower()


async def _refuse_lost_rights(invite: Invite) -> None:
    """An invitation is worth what its inviter may give when it is accepted."""
    user = invite.inviter
    try:
        inviter = Actor("user", user.id, user.username, user.name, user.admin) if user else Actor("nobody")
        await _refuse_more(await require(inviter, invite.project_id, MANAGE_USERS), invite.role)
    except (NotFound, Forbidden, Invalid):
        raise Forbidden("Who invited you may not give this role any more; ask for a new invitation.") from None


async def _refuse_more(grant: Grant, role: str) -> None:
    """Nobody gives rights that they do not have."""
    bits = ROLES.get(role)
    if bits is None:
        custom = await Role.filter(Q(project_id=grant.project_id) | Q(project_id=None), slug=role).values("permissions")
        if not custom:
            raise Invalid(f"There is no role {role or '(empty)'} in this project.", field="role")
        bits = int(custom[0]["permissions"])
    if bits & ~grant.effective:
        raise Forbidden("You cannot give a role that may do more than you may.", field="role")


async def _invited(draft: InviteDraft) -> tuple[User | None, str | None]:
    """Return the person, where they have an account, and the address that was written."""
    email, username = draft.email.strip().lower(), draft.username.strip().lower()
    if draft.user_id or username:
        found = await User.filter(**({"id": draft.user_id} if draft.user_id else {"username": username})).first()
        if found is None:
            raise Invalid("There is no such user; invite them by their e-mail address.", field="user_id")
        if email and email != found.email.lower():
            raise Invalid("This e-mail address belongs to another person; write one of the two.", field="email")
        return found, None
    name, at, host = email.rpartition("@")
    if not (name and at and host) or not email.isprintable() or " " in email:
        raise Invalid("Write the e-mail address of the person whom you invite.", field="email")
    return await User.get_or_none(email=email), email


async def _refuse_taken(project_id: int, person: User | None, email: str | None, now: datetime) -> None:
    """Refuse members and those who are invited; make room where an earlier invitation came to nothing."""
    if person is not None and await Membership.filter(project_id=project_id, user_id=person.id).exists():
        raise Conflict("This person is a member of the project already.", field="user_id")
    same = Q(user_id=person.id) | Q(email=person.email.lower()) if person else Q(email=email)
    for earlier in await Invite.filter(same, project_id=project_id):
        if _status(earlier, now) == PENDING:
            raise Conflict("This person is invited already; delete that invitation to make a new one.", field="user_id")
        await earlier.delete()


def _expiry(text: str | None, now: datetime) -> datetime:
    if not text:
        return now + LIFETIME
    try:
        expires = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("expires_at must be a time such as 2027-01-31T12:00:00Z.", field="expires_at") from None
    if expires.tzinfo is None or expires <= now:
        raise Invalid("expires_at must lie in the future, with its time zone.", field="expires_at")
    return expires


def _has_expired(invite: Invite, now: datetime) -> bool:
    return invite.expires_at is not None and invite.expires_at <= now


def _status(invite: Invite, now: datetime) -> str:
    return EXPIRED if invite.status == PENDING and _has_expired(invite, now) else invite.status


async def _find(project_id: int, invite_id: int) -> Invite:
    invite = await find(Invite, project_id, invite_id, "invitation")
    await invite.fetch_related("user", "inviter")
    return invite


def _wire(hub: Hub, invite: Invite) -> dict[str, Any]:
    shape: dict[str, Any] = {"id": invite.id, "project_id": invite.project_id}
    if invite.user is not None:
        shape |= {"user_id": invite.user_id, "user": _person(invite.user)}
    if invite.email is not None:
        shape["email"] = invite.email
    shape |= {"role": invite.role, "status": _status(invite, hub.clock()), "inviter_user_id": invite.inviter_id or 0}
    if invite.inviter is not None:
        shape["inviter_user"] = _person(invite.inviter)
    shape["created"] = invite.created
    for member in ("expires_at", "accepted_at"):
        if (moment := getattr(invite, member)) is not None:
            shape[member] = moment
    return shape


def _person(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name, "username": user.username, "email": user.email}


async def _tell(hub: Hub, actor: Actor, invite: Invite, what: str) -> None:
    text = f"Invite ID {invite.id} {what}"
    await events.record(hub, actor, "invite", invite.id, text, project_id=invite.project_id)
