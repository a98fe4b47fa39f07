"""The team of a project: who is a member, with which role."""

from __future__ import annotations

from typing import Any, Final

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Subquery

from hub.context import Hub
from hub.db import column, unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Membership, User
from hub.services import changes, events, users
from hub.services.access import MANAGE_USERS, Grant, bits_of, require, require_within, rights_changed
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.draft import Draft
from hub.services.listing import LONGEST_SEARCH, WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown
from hub.services.roles import check_assignable

LISTING = Listing(
    Membership,
    columns={
        "id": "user_id",
        "name": "user__name",
        "username": "user__username",
        "email": "user__email",
        "role": "role",
    },
    searched=("name", "username", "email"),
    words=("role",),
)
SUGGESTED: Final = 8
"""People that one search for a new member suggests."""

_PERSON = ("id", "created", "username", "name", "email", "admin", "external", "alert", "pro")


class MemberDraft(Draft):
    """The wire's body of a member."""

    user_id: Id = 0
    role: str = ""


async def list_members(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Members with their roles."""
    grant = await require(actor, project_id)
    query = Membership.filter(project_id=project_id)
    names = ("id", "user_id", "user__username", "user__name", "role")
    found = await LISTING.values(query, asked, *names, hidden=hidden(grant, "member"))
    return found.shaped(
        lambda row: {
            "id": row["user_id"],
            "username": row["user__username"],
            "name": row["user__name"],
            "role": row["role"],
        }
    )


async def get_member(actor: Actor, project_id: int, user_id: int) -> dict[str, Any]:
    """One member with their role, as the wire shows a user; never anything of the second factor (S12)."""
    grant = await require(actor, project_id)
    role = await _role(project_id, user_id)
    return shown(grant, "member", {**(await User.filter(id=user_id).values(*_PERSON))[0], "role": role})


async def list_outside(actor: Actor, project_id: int, text: str) -> Page[dict[str, Any]]:
    """The first few whom a search finds and who are not in the project; for those who may add them."""
    await require(actor, project_id, MANAGE_USERS)
    inside = Membership.filter(project_id=project_id).values("user_id")
    asked = Asked(q=text[:LONGEST_SEARCH], sort="name", limit=SUGGESTED)
    return await users.list_users(actor, asked, among=User.exclude(id__in=Subquery(inside)))


async def find_person(actor: Actor, project_id: int, login: str) -> int:
    """Return the id of whoever signs in with this name. Raises `Conflict` where nobody does."""
    await require(actor, project_id, MANAGE_USERS)
    found = await User.filter(username=login.strip().lower()).values_list("id", flat=True)
    if not found:
        raise Conflict("Nobody signs in with this name. Choose one of those that are suggested, or invite them.",
                       field="username")  # fmt: skip
    return int(str(found[0]))


async def add_member(hub: Hub, actor: Actor, project_id: int, draft: MemberDraft) -> None:
    """Give somebody a role; `Conflict` for unknown people and for members."""
    grant = await require(actor, project_id, MANAGE_USERS)
    require_within(grant, await check_assignable(project_id, draft.role), field="role")

    async def work() -> None:
        if not await User.filter(id=draft.user_id).exists():
            raise Conflict("There is no such user.", field="user_id")
        if await Membership.filter(project_id=project_id, user_id=draft.user_id).exists():
            raise Conflict("This user is a member of the project already.", field="user_id")
        await Membership.create(project_id=project_id, user_id=draft.user_id, role=draft.role)
        await _tell(hub, actor, project_id, draft.user_id, f"User ID {draft.user_id} added to team")

    try:
        await unit(work)
    except IntegrityError:  # somebody else was faster
        raise Conflict("This user is a member of the project already.", field="user_id") from None


async def change_role(hub: Hub, actor: Actor, project_id: int, user_id: int, draft: MemberDraft) -> None:
    """Give a member another role."""
    grant = await require(actor, project_id, MANAGE_USERS)
    wanted = await check_assignable(project_id, draft.role)
    await _refuse_mightier(grant, project_id, user_id)
    _refuse_own(grant, actor, user_id, "change your own role")
    require_within(grant, wanted, field="role")

    async def work() -> None:
        mine = Membership.filter(project_id=project_id, user_id=user_id)
        for before in await column(mine, "role"):
            changes.note("role", before, draft.role)
        await mine.update(role=draft.role)
        await _tell(hub, actor, project_id, user_id, f"Changed role for User ID {user_id}")

    await unit(work)


async def remove_member(hub: Hub, actor: Actor, project_id: int, user_id: int) -> None:
    """Take somebody out of the team."""
    grant = await require(actor, project_id, MANAGE_USERS)
    await _refuse_mightier(grant, project_id, user_id)
    _refuse_own(grant, actor, user_id, "remove yourself")
    await _remove(hub, actor, project_id, user_id)


async def leave(hub: Hub, actor: Actor, project_id: int) -> None:
    """Leave a project; its owner cannot."""
    grant = await require(actor, project_id)
    if actor.user_id is None or not grant.role:
        raise NotFound("You are not a member of this project.")
    _refuse_own(grant, actor, actor.user_id, "leave the project")
    await _remove(hub, actor, project_id, actor.user_id)


async def _remove(hub: Hub, actor: Actor, project_id: int, user_id: int) -> None:
    async def work() -> None:
        await Membership.filter(project_id=project_id, user_id=user_id).delete()
        await _tell(hub, actor, project_id, user_id, f"User ID {user_id} removed from team")

    await unit(work)


async def _role(project_id: int, user_id: int) -> str:
    found = await Membership.filter(project_id=project_id, user_id=user_id).values_list("role", flat=True)
    if not found:
        raise NotFound("This user is not a member of the project.")
    return str(found[0])


async def _refuse_mightier(grant: Grant, project_id: int, user_id: int) -> None:
    """Keep those who may do less from demoting or removing those who may do more."""
    require_within(grant, await bits_of(project_id, await _role(project_id, user_id)) or 0, field="role")


def _refuse_own(grant: Grant, actor: Actor, user_id: int, what: str) -> None:
    """So that a project does not lose its owner by a slip; an administrator may."""
    if grant.role == "owner" and user_id == actor.user_id and not actor.admin:
        raise Invalid(f"You are an owner of this project and cannot {what}; ask another owner or an administrator.")


async def _tell(hub: Hub, actor: Actor, project_id: int, user_id: int, text: str) -> None:
    await events.record(hub, actor, "user", user_id, text, project_id=project_id)
    await events.announce(hub, actor, "team.changed", user_id, project_id)
    await rights_changed(hub, [user_id])
