"""People, and the tokens of the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.client.asks import Ask, as_json, nothing, once, path
from hub.client.endpoints import Endpoint, Group, M, Pages
from hub.client.things import PAGE

if TYPE_CHECKING:
    from hub import shapes


def _users(**query: Any) -> Ask[list[shapes.ListedUser]]:
    """Return everybody; others than administrators read names only."""
    return Ask("GET", "/users", as_json, query=query)


def _user(user_id: int) -> Ask[shapes.User]:
    """Return one person."""
    return Ask("GET", path("users", user_id), as_json)


def _me() -> Ask[shapes.OwnUser]:
    """Return the owner of the token."""
    return Ask("GET", "/user", as_json)


def _create_user(username: str, name: str, email: str, **members: Any) -> Ask[shapes.User]:
    """Add somebody."""
    body = {**members, "username": username, "name": name, "email": email}
    return once(Ask("POST", "/users", as_json, body=body))


def _replace_user(user_id: int, **members: Any) -> Ask[None]:
    """Replace what is known of somebody."""
    return Ask("PUT", path("users", user_id), nothing, body=members)


def _delete_user(user_id: int) -> Ask[None]:
    """Remove somebody."""
    return Ask("DELETE", path("users", user_id), nothing)


def _each_user(**query: Any) -> Ask[list[shapes.ListedUser]]:
    """Go through everybody, page by page."""
    return Ask("GET", "/users", as_json, query={"limit": PAGE, **query})


def _identities(user_id: int) -> Ask[list[shapes.Identity]]:
    """Return the directories and providers that somebody signs in through."""
    return Ask("GET", path("users", user_id, "identities"), as_json)


def _add_identity(user_id: int, provider: str, subject: str) -> Ask[shapes.Identity]:
    """Let somebody sign in as `subject` of a directory or provider; for administrators."""
    body = {"provider": provider, "subject": subject}
    return once(Ask("POST", path("users", user_id, "identities"), as_json, body=body))


def _remove_identity(user_id: int, identity_id: int) -> Ask[None]:
    """Let nobody sign in as this identity any more."""
    return Ask("DELETE", path("users", user_id, "identities", identity_id), nothing)


class Users(Group[M]):
    """People."""

    list = Endpoint(_users)
    each = Pages(_each_user)
    identities = Endpoint(_identities)
    add_identity = Endpoint(_add_identity)
    remove_identity = Endpoint(_remove_identity)
    get = Endpoint(_user)
    me = Endpoint(_me)
    create = Endpoint(_create_user)
    replace = Endpoint(_replace_user)
    delete = Endpoint(_delete_user)


def _tokens(**query: Any) -> Ask[list[shapes.Token]]:
    """Return the tokens of who asks; of each only its beginning."""
    return Ask("GET", "/user/tokens", as_json, query=query)


def _create_token(
    name: str = "", *, scopes: Sequence[str] | None = None, project_id: int = 0, expires_at: str | None = None
) -> Ask[shapes.NewToken]:
    """Make a token; its `id` is the token itself, which is never shown again."""
    wishes = {"scopes": None if scopes is None else [*scopes], "project_id": project_id, "expires_at": expires_at}
    return once(Ask("POST", "/user/tokens", as_json, body={"name": name, **wishes}))


def _delete_token(token: str) -> Ask[None]:
    """Delete a token, named by its first eight characters."""
    return Ask("DELETE", path("user", "tokens", token[:8]), nothing)


class Tokens(Group[M]):
    """Tokens of who asks."""

    list = Endpoint(_tokens)
    create = Endpoint(_create_token)
    delete = Endpoint(_delete_token)
