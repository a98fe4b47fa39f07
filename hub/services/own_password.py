"""Changing a password: proving the old one, storing the new one, ending other sessions.

A new password must not be empty and has no other rule: clients of the wire make users with short ones from scripts.
"""

from __future__ import annotations

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import User
from hub.services import throttle
from hub.services.actor import Actor
from hub.services.passwords import hash_password, verify_password
from hub.services.sessions import close_sessions_of


async def fresh_hash(
    hub: Hub, actor: Actor, user_id: int, password: str, current: str, *, same_is_fine: bool = False
) -> str:
    """Return the hash of a password that the actor may set, before a unit begins, as hashing takes long.

    People prove their current one to set their own. With `same_is_fine`, sending the present password once more needs
    no proof beside itself, because clients of the wire repeat a whole user; nothing is to be stored then: empty.
    """
    rows = await User.filter(id=user_id).values("external", "service", "password_hash")
    if not rows:
        raise NotFound("There is no such user.")
    if rows[0]["external"]:
        raise Invalid("This user signs in elsewhere and has no password here.", field="password")
    if rows[0]["service"]:
        raise Invalid("A service account has no password; make it a token.", field="password")
    if not password:
        raise Invalid("The new password must not be empty.", field="password")
    if actor.user_id == user_id:
        proof = current or (password if same_is_fine else "")
        await _prove(hub, user_id, rows[0]["password_hash"], proof)
        if not current:
            return ""
    return await hash_password(password)


async def store(hub: Hub, actor: Actor, user_id: int, hashed: str) -> None:
    """Keep the hash and sign the person out everywhere but where they just changed it; within a unit."""
    if not await User.filter(id=user_id, external=False).update(password_hash=hashed):
        raise NotFound("There is no such user.")
    await close_sessions_of(hub, user_id, but=actor.session_id if actor.user_id == user_id else None)


async def _prove(hub: Hub, user_id: int, hashed: str, current: str) -> None:
    if not current:
        raise Invalid("Send your current password as current_password.", field="current_password")
    attempt = throttle.Attempt(f"current password of {user_id}", "")
    await throttle.count(hub, attempt)
    if not await verify_password(hashed, current):
        raise Invalid("The current password is wrong.", field="current_password")
    await throttle.forgive(hub, attempt)
