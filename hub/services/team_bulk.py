"""What is done with several members of a team at once: each is dealt with by itself, and told of by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.errors import HubError, Invalid
from hub.models import Membership
from hub.services import team
from hub.services.access import MANAGE_USERS, require, require_within
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.draft import Draft
from hub.services.roles import check_assignable
from hub.services.team import MemberDraft

MOST: Final = 1000
"""Members that one request deals with."""
ACTIONS: Final = ("role", "remove")

_OVERTAKEN: Final = "Somebody else gave this member another role meanwhile. Look at it, then repeat your change."
HAS_IT: Final = "This member has that role already."
SENTENCES: Final = (_OVERTAKEN, HAS_IT)
"""What people read of it, for translations."""


class TeamDraft(Draft):
    """Body of what is done with several members."""

    action: str = Field(default="", max_length=20)
    """`role` gives all of them one role, `remove` takes them out of the team."""
    user_ids: list[Id] = Field(default_factory=list)
    role: str = Field(default="", max_length=100)
    """The role that `role` gives."""
    seen: dict[str, str] = Field(default_factory=dict)
    """Roles as they were read, by user id; a member whose role is another one by now is left out."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one member, or would."""

    user_id: int
    name: str
    outcome: str
    """`done`, `skipped`, `failed`; `ready` where nothing was done yet."""
    sentence: str = ""
    """Why nothing was done."""

    def wire(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        shape: dict[str, Any] = {"user_id": self.user_id, "name": self.name, "outcome": self.outcome}
        return shape | ({"sentence": self.sentence} if self.sentence else {})


async def plan(actor: Actor, project_id: int, draft: TeamDraft) -> list[Fate]:
    """Return what would become of each member; nothing is done."""
    grant = await require(actor, project_id, MANAGE_USERS)
    if draft.action not in ACTIONS:
        raise Invalid(f"The action must be one of: {', '.join(ACTIONS)}.", field="action", allowed=ACTIONS)
    if not draft.user_ids:
        raise Invalid("Choose at least one member.", field="user_ids")
    if len(draft.user_ids) > MOST:
        raise Invalid("At most 1,000 members are dealt with at once.", field="user_ids")
    if draft.action == "role":
        require_within(grant, await check_assignable(project_id, draft.role), field="role")
    members = Membership.filter(project_id=project_id, user_id__in=draft.user_ids).order_by("user__name", "user_id")
    return [_judged(draft, row) for row in await members.values("user_id", "role", "user__name")]


async def carry_out(hub: Hub, actor: Actor, project_id: int, draft: TeamDraft) -> list[Fate]:
    """Do it with each member that it can be done with, and tell what became of each."""
    return [
        await _done(hub, actor, project_id, draft, fate) if fate.outcome == "ready" else fate
        for fate in await plan(actor, project_id, draft)
    ]


def _judged(draft: TeamDraft, row: Mapping[str, Any]) -> Fate:
    why = ""
    if draft.seen.get(str(row["user_id"]), row["role"]) != row["role"]:
        why = _OVERTAKEN
    elif draft.action == "role" and row["role"] == draft.role:
        why = HAS_IT
    return Fate(row["user_id"], str(row["user__name"]), "skipped" if why else "ready", why)


async def _done(hub: Hub, actor: Actor, project_id: int, draft: TeamDraft, fate: Fate) -> Fate:
    try:
        if draft.action == "remove":
            await team.remove_member(hub, actor, project_id, fate.user_id)
        else:
            given = MemberDraft(user_id=fate.user_id, role=draft.role)
            await team.change_role(hub, actor, project_id, fate.user_id, given)
    except HubError as error:
        return Fate(fate.user_id, fate.name, "failed", str(error))
    return Fate(fate.user_id, fate.name, "done")
