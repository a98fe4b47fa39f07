"""People: who is there, and who may change what about whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import exclusive, rows, unit
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Membership, User
from hub.services import changes, own_password, second_factor
from hub.services.access import require_admin, rights_changed
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.events import record
from hub.services.first import PEOPLE
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.passwords import hash_password
from hub.services.projects import may_create

_FULL = ("id", "created", "username", "name", "email", "admin", "external", "alert", "pro", "service")
_FLAGS = ("admin", "external", "alert", "pro", "service")
_ONE = f"""SELECT {", ".join(f'"{name}"' for name in _FULL)} FROM "user" WHERE "id" = ?"""  # noqa: S608 - of constants
_HIDDEN = {"created": "0001-01-01T00:00:00Z", "email": "", "admin": False, "external": False, "alert": False,
           "pro": False}  # fmt: skip
"""What the wire shows of others to people who are not administrators."""


class NotAllowed(Forbidden):
    """The actor lacks the right; about people, the wire says so with 401."""

    status = 401


class UserDraft(Draft):
    """The wire's body of `POST /users` and `PUT /users/{id}`."""

    username: str = Field(default="", max_length=255)
    name: str = Field(default="", max_length=255)
    email: str = Field(default="", max_length=255)
    password: str = ""
    current_password: str = ""
    """Beside the wire: needed to change one's own password."""
    admin: bool = False
    external: bool = False
    alert: bool = False
    pro: bool = False
    service: bool = False
    """Beside the wire: made once, an account for programs, with tokens that an administrator makes and no password."""

    def columns(self) -> dict[str, Any]:
        """Return what is stored of it. Raises `Invalid` for what must not be empty."""
        columns = {"username": self.username.strip().lower(), "email": self.email.strip().lower(),
                   "name": self.name.strip()}  # fmt: skip
        for member, word in (("username", "username"), ("email", "e-mail address"), ("name", "name")):
            if not columns[member]:
                raise Invalid(f"Write a {word}." if word != "e-mail address" else f"Write an {word}.", field=member)
            if not columns[member].isprintable():
                raise Invalid(f"The {word} holds characters that cannot be printed.", field=member)
        return {**columns, "alert": self.alert, "pro": self.pro, "admin": self.admin}


class PasswordDraft(Draft):
    """The body of `POST /users/{id}/password`."""

    password: str = ""
    current_password: str = ""


LISTING = Listing(
    User,
    columns={name: name for name in _FULL},
    default="id",
    searched=("username", "name", "email"),
    own=("s",),
    ignores_sort=True,
)

_OF_OTHERS = ("id", "username", "name")
"""What people see of each other who are not administrators."""


async def list_users(
    actor: Actor, asked: Asked = WHOLE, *, prefix: str = "", among: QuerySet[User] | None = None
) -> Page[dict[str, Any]]:
    """Everybody, or those whose username begins with `prefix`; others than administrators see names only."""
    query = User.all() if among is None else among
    if prefix:
        query = query.filter(username__startswith=prefix.lower())
    columns = _FULL if actor.admin else _OF_OTHERS
    return (await LISTING.values(query, asked, *columns, hidden=set(_FULL) - set(columns))).shaped(_shape)


async def get_user(actor: Actor, user_id: int) -> dict[str, Any]:
    """Return one person; whole for themselves and administrators."""
    user = await one_user(user_id)
    return await _with_factor(user) if actor.admin or actor.user_id == user_id else {**user, **_HIDDEN}


async def own_user(hub: Hub, actor: Actor) -> dict[str, Any]:
    """Return the actor with what the wire's `GET /user` adds."""
    if actor.user_id is None:
        raise NotFound("There is no user behind this request.")
    return {
        **await _with_factor(await one_user(actor.user_id)),
        "can_create_project": may_create(hub, actor),
        "has_active_subscription": False,
    }


async def one_user(user_id: int) -> dict[str, Any]:
    """Return one person whole; callers have checked who asks."""
    found = await rows(_ONE, [user_id], times=["created"], flags=_FLAGS)
    if not found:
        raise NotFound("There is no such user.")
    return _shape(found[0])


def _shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """Show `service`, which the wire does not know, where it says something."""
    return {name: value for name, value in row.items() if name != "service" or value}


async def _with_factor(user: dict[str, Any]) -> dict[str, Any]:
    """Add the member `totp` for people who have one."""
    totp = await second_factor.shown(user["id"])
    return {**user, "totp": totp} if totp else user


async def memberships(actor: Actor, user_id: int) -> list[dict[str, Any]]:
    """In which projects somebody is, by name: `project_id`, `project_name`, `role`; for administrators."""
    require_admin(actor)
    found = Membership.filter(user_id=user_id).order_by("project__name").limit(200)
    return list(await found.values("project_id", "role", project_name="project__name"))


async def actor_named(actor: Actor, login: str) -> Actor:
    """Return the person with this username or e-mail address as an actor; for administrators."""
    require_admin(actor)
    name = login.strip().lower()
    found = await User.filter(Q(username=name) | Q(email=name)).limit(2)
    if len(found) != 1:
        raise NotFound(f"There is no user {login}." if not found else f"{login} names two users; use the username.")
    user = found[0]
    return Actor("user", user.id, user.username, user.name, user.admin)


async def create_user(hub: Hub, actor: Actor, draft: UserDraft) -> dict[str, Any]:
    """Add somebody. Without a password, nobody can sign in as them until one is set."""
    if not actor.admin:
        raise NotAllowed("Only an administrator may add users.")
    if draft.service and (draft.password or draft.external):
        raise Invalid("A service account has no password and signs in nowhere; it has tokens.", field="service")
    columns = draft.columns()
    local = draft.password and not draft.external
    hashed = await hash_password(draft.password) if local else ""

    async def work() -> int:
        await exclusive(PEOPLE)
        await refuse_taken(columns)
        user = await User.create(created=hub.clock().replace(microsecond=0), external=draft.external,
                                 service=draft.service, password_hash=hashed, **columns)  # fmt: skip
        await record(hub, actor, "user", user.id, f"User {user.username} created", project_id=None)
        return user.id

    return await one_user(await unit(work))


async def update_user(hub: Hub, actor: Actor, user_id: int, draft: UserDraft) -> None:
    """Replace what is known of somebody; an empty password keeps theirs."""
    refuse_strangers(actor, user_id)
    user = await one_user(user_id)
    _refuse_own_flags(actor, user, draft)
    columns = draft.columns()
    if user["external"] and columns["username"] != user["username"]:
        raise Invalid("The username of an external user comes from where they sign in.", field="username")
    hashed = ""
    if draft.password:
        hashed = await own_password.fresh_hash(
            hub, actor, user_id, draft.password, draft.current_password, same_is_fine=True
        )

    async def work() -> None:
        await exclusive(PEOPLE)
        await refuse_taken(columns, but=user_id)
        if not draft.admin:
            await _keep_an_administrator(user_id)
        changes.note_columns(User, user, columns)
        if not await User.filter(id=user_id).update(**columns):
            raise NotFound("There is no such user.")
        await rights_changed(hub, [user_id])
        if hashed:
            await own_password.store(hub, actor, user_id, hashed)
        await record(hub, actor, "user", user_id, f"User {columns['username']} updated", project_id=None)

    await unit(work)


async def delete_user(hub: Hub, actor: Actor, user_id: int) -> None:
    """Remove somebody with their sessions, tokens and memberships; their tasks stay."""
    refuse_strangers(actor, user_id)
    user = await one_user(user_id)

    async def work() -> None:
        await exclusive(PEOPLE)
        await _keep_an_administrator(user_id)
        await record(hub, actor, "user", user_id, f"User {user['username']} deleted", project_id=None)
        await User.filter(id=user_id).delete()
        await rights_changed(hub, [user_id])

    await unit(work)


def refuse_strangers(actor: Actor, user_id: int) -> None:
    """Let people change themselves, and administrators everybody."""
    if not actor.admin and actor.user_id != user_id:
        raise NotAllowed("Only an administrator may change other users.")


async def change_password(hub: Hub, actor: Actor, user_id: int, draft: PasswordDraft) -> None:
    """Set somebody's password; for one's own, the current one is asked for. Their other sessions end."""
    refuse_strangers(actor, user_id)
    hashed = await own_password.fresh_hash(hub, actor, user_id, draft.password, draft.current_password)

    async def work() -> None:
        await own_password.store(hub, actor, user_id, hashed)
        await record(hub, actor, "user", user_id, "Password changed", project_id=None)

    await unit(work)


async def refuse_taken(columns: Mapping[str, Any], *, but: int | None = None) -> None:
    """Refuse a username or address that somebody has; also crosswise, as people sign in with either of them."""
    for member, word in (("username", "username"), ("email", "e-mail address")):
        text = columns[member]
        query = User.filter(Q(username=text) | Q(email=text))
        if but is not None:
            query = query.exclude(id=but)
        if await query.exists():
            raise Invalid(f"The {word} {text} belongs to another user.", field=member)


async def _keep_an_administrator(user_id: int) -> None:
    """Refuse to lose the last one; the caller holds the lock."""
    if (
        await User.filter(id=user_id, admin=True, service=False).exists()
        and not await User.filter(admin=True, service=False).exclude(id=user_id).exists()
    ):
        raise Conflict("This is the last administrator; make somebody else one first.")


def _refuse_own_flags(actor: Actor, user: Mapping[str, Any], draft: UserDraft) -> None:
    if actor.user_id == user["id"] and draft.admin != user["admin"]:
        text = "You cannot change your own administrator flag; ask another administrator."
        raise NotAllowed(text, field="admin")
    if not actor.admin and draft.pro and not user["pro"]:
        raise NotAllowed("Only an administrator may change this flag.")


async def service_account(actor: Actor, user_id: int) -> Actor:
    """Return a service account as an actor, for an administrator who makes a token for it."""
    account = await person(actor, user_id)
    if not await User.filter(id=user_id, service=True).exists():
        raise Invalid("People make their tokens themselves; an administrator makes those of service accounts.")
    return account


async def person(actor: Actor, user_id: int) -> Actor:
    """Return anybody as an actor, for an administrator who looks after their tokens."""
    require_admin(actor)
    user = await User.get_or_none(id=user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return Actor("user", user.id, user.username, user.name, user.admin)
