"""What groups of a provider give in the hub: the administrator flag and roles in projects.

Applied at each sign-on. What the mapping gave is remembered for each connection, so that it changes and takes away
only that: a role or flag that somebody gave by hand stays. Rights are read anew with every request, so that a loss
counts for open sessions at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from hub.context import Hub
from hub.models import Membership, Project, User, UserOption
from hub.services import events
from hub.services.access import bits_of, rights_changed
from hub.services.actor import Actor
from hub.services.connections import Connection

logger = logging.getLogger(__name__)

_ADMIN = "admin"
_PREFIX = "groups:"
"""Rows of wishes with this prefix are ours; pages and the API show none but known wishes."""


async def apply(hub: Hub, connection: Connection[Any], user_id: int, groups: Collection[str]) -> None:
    """Give what these groups give, and take back what they gave and do not give any more; in the unit of a sign-on."""
    await _settle(hub, connection.id, user_id, await _wanted(connection, frozenset(groups)))


async def take_back(hub: Hub, connection_id: str, user_id: int) -> None:
    """Take back all that groups of this connection gave."""
    await _settle(hub, connection_id, user_id, {})


async def _settle(hub: Hub, connection_id: str, user_id: int, wanted: Mapping[str, str]) -> None:
    prefix = f"{_PREFIX}{connection_id}:"
    rows = await UserOption.filter(user_id=user_id).values_list("key", "value")
    given = {str(key).removeprefix(prefix): str(value) for key, value in rows if str(key).startswith(prefix)}
    if not given and not wanted:
        return
    kept = await _apply_admin(user_id, given, wanted)
    for project in sorted({*given, *wanted} - {_ADMIN}, key=int):
        role = await _apply_role(int(project), user_id, given.get(project), wanted.get(project))
        if role:
            kept[project] = role
    if kept == given:
        return
    await UserOption.filter(user_id=user_id, key__in=[prefix + one for one in given]).delete()
    for one, role in kept.items():
        await UserOption.create(user_id=user_id, key=prefix + one, value=role)
    user = await User.get(id=user_id)
    actor = Actor("user", user.id, user.username, user.name)
    await events.record(hub, actor, "user", user_id, f"Rights by groups of {connection_id} changed", project_id=None)
    await rights_changed(hub, [user_id])


async def _wanted(connection: Connection[Any], groups: frozenset[str]) -> dict[str, str]:
    """Return what the groups give: projects by id with roles, and `admin`. Of several roles, the one that may most."""
    rules = connection.rules
    found: dict[str, tuple[int, str]] = {}
    for team in rules.teams:
        if team.group not in groups:
            continue
        query = Project.filter(id=team.project) if isinstance(team.project, int) else Project.filter(name=team.project)
        projects = await query.limit(2)
        bits = await bits_of(projects[0].id, team.role) if len(projects) == 1 else None
        if bits is None:
            logger.warning("The sign-on %s names the project %s and role %s, which is not exactly one project with "
                           "that role.", connection.id, team.project, team.role)  # fmt: skip
            continue
        key, weight = str(projects[0].id), bits.bit_count()
        if key not in found or found[key][0] < weight:
            found[key] = (weight, team.role)
    wanted = {key: role for key, (_, role) in found.items()}
    return wanted | ({_ADMIN: "yes"} if groups & set(rules.admin_groups) else {})


async def _apply_admin(user_id: int, given: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    if _ADMIN in wanted:
        fresh = await User.filter(id=user_id, admin=False).update(admin=True)
        return {_ADMIN: wanted[_ADMIN]} if _ADMIN in given or fresh else {}
    if _ADMIN not in given:
        return {}
    if not await User.filter(admin=True, service=False).exclude(id=user_id).exists():
        logger.warning("User %s is the last administrator and stays one, though no group says so.", user_id)
        return {_ADMIN: given[_ADMIN]}
    await User.filter(id=user_id).update(admin=False)
    return {}


async def _apply_role(project_id: int, user_id: int, given: str | None, wanted: str | None) -> str | None:
    """Bring one membership in line; return the role that is the mapping's now."""
    query = Membership.filter(project_id=project_id, user_id=user_id)
    membership = await query.first()
    if membership is None:
        if wanted:
            await Membership.create(project_id=project_id, user_id=user_id, role=wanted)
        return wanted
    if membership.role != given:
        return None  # somebody gave it by hand, or changed what the mapping gave
    if wanted is None:
        await query.delete()
    elif wanted != given:
        await query.update(role=wanted)
    return wanted
