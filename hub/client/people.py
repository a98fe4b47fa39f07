"""People, and the tokens of the one who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hub.client.asks import Ask, as_json, nothing, path
from hub.client.endpoints import Endpoint, Group, M

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
    return Ask("POST", "/users", as_json, body={**members, "username": username, "name": name, "email": email})


def _replace_user(user_id: int, **members: Any) -> Ask[None]:
    """Replace what is known of somebody."""
    return Ask("PUT", path("users", user_id), nothing, body=members)


def _delete_user(user_id: int) -> Ask[None]:
    """Remove somebody."""
    return Ask("DELETE", path("users", user_id), nothing)


class Users(Group[M]):
    """People."""

    list = Endpoint(_users)
    get = Endpoint(_user)
    me = Endpoint(_me)
    create = Endpoint(_create_user)
    replace = Endpoint(_replace_user)
    delete = Endpoint(_delete_user)


def _tokens() -> Ask[list[shapes.Token]]:
    """Return the tokens of who asks; of each only its beginning."""
    return Ask("GET", "/user/tokens", as_json)


def _create_token(
    name: str = "", *, scopes: Sequence[str] | None = None, project_id: int = 0, expires_at: str | None = None
) -> Ask[shapes.NewToken]:
    """Make a token; its `id` is the token itself, which is never shown again."""
    wishes = {"scopes": None if scopes is None else [*scopes], "project_id": project_id, "expires_at": expires_at}
    return Ask("POST", "/user/tokens", as_json, body={"name": name, **wishes})


def _delete_token(token: str) -> Ask[None]:
    """Delete a token, named by its first eight characters."""
    return Ask("DELETE", path("user", "tokens", token[:8]), nothing)


class Tokens(Group[M]):
    """Tokens of who asks."""

    list = Endpoint(_tokens)
    create = Endpoint(_create_token)
    delete = Endpoint(_delete_token)
