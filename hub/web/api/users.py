"""People and their tokens."""

from __future__ import annotations

from hub import shapes
from hub.services import sessions, users
from hub.web.api.about import PREFIX
from hub.web.api.bodies import optional_body
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route


@route("GET", "/user", Access.USER, gives=shapes.OwnUser)
async def own_user(call: Call) -> Answer:
    """Who the caller is."""
    return await users.own_user(call.hub, call.actor)


@route("GET", "/user/tokens", Access.USER, gives=list[shapes.Token], lists=sessions.TOKENS)
async def list_tokens(call: Call) -> Answer:
    """The caller's tokens, newest first."""
    return await sessions.list_tokens(call.hub, call.actor, asked(call))


@route("POST", "/user/tokens", Access.USER, body=False, takes=sessions.TokenDraft, gives=shapes.NewToken, status=201)
async def create_token(call: Call) -> Answer:
    """Make a token; the body may be left out."""
    return Made(await sessions.create_token(call.hub, call.actor, sessions.TokenDraft.read(await optional_body())))


@route("DELETE", "/user/tokens/{token}", Access.USER)
async def delete_token(call: Call) -> Answer:
    """Delete a token, named by itself or by its first eight characters."""
    await sessions.delete_token(call.hub, call.actor, call.texts["token"])
    return None


@route("GET", "/users", Access.USER, gives=list[shapes.ListedUser], asks=(PREFIX,), lists=users.LISTING)
async def list_users(call: Call) -> Answer:
    """Everybody, or those whose username begins with `s`."""
    return await users.list_users(call.actor, asked(call), prefix=call.query.get("s", ""))


@route("POST", "/users", Access.USER, takes=users.UserDraft, gives=shapes.User, status=201)
async def create_user(call: Call) -> Answer:
    """Add somebody."""
    return Made(await users.create_user(call.hub, call.actor, users.UserDraft.read(call.body)))


@route("GET", "/users/{user_id}", Access.USER, gives=shapes.User)
async def get_user(call: Call) -> Answer:
    """One person."""
    return await users.get_user(call.actor, call.ids["user_id"])


@route("PUT", "/users/{user_id}", Access.USER, takes=users.UserDraft)
async def update_user(call: Call) -> Answer:
    """Change somebody."""
    await users.update_user(call.hub, call.actor, call.ids["user_id"], users.UserDraft.read(call.body))
    return None


@route("DELETE", "/users/{user_id}", Access.USER)
async def delete_user(call: Call) -> Answer:
    """Remove somebody."""
    await users.delete_user(call.hub, call.actor, call.ids["user_id"])
    return None


@route("POST", "/users/{user_id}/password", Access.USER, takes=users.PasswordDraft)
async def change_password(call: Call) -> Answer:
    """Set a password."""
    await users.change_password(call.hub, call.actor, call.ids["user_id"], users.PasswordDraft.read(call.body))
    return None


@route("GET", "/users/{user_id}/tokens", Access.ADMIN, wire=False, gives=list[shapes.Token], lists=sessions.TOKENS)
async def list_tokens_of(call: Call) -> Answer:
    """Somebody's tokens, of each only its beginning."""
    return await sessions.list_tokens(call.hub, await users.person(call.actor, call.ids["user_id"]), asked(call))


@route(
    "POST",
    "/users/{user_id}/tokens",
    Access.ADMIN,
    body=False,
    wire=False,
    takes=sessions.TokenDraft,
    gives=shapes.NewToken,
    status=201,
)
async def create_token_for(call: Call) -> Answer:
    """Make a token for a service account."""
    draft = sessions.TokenDraft.read(await optional_body())
    account = await users.service_account(call.actor, call.ids["user_id"])
    return Made(await sessions.create_token(call.hub, account, draft))


@route("DELETE", "/users/{user_id}/tokens/{token}", Access.ADMIN, wire=False)
async def delete_token_of(call: Call) -> Answer:
    """Delete somebody's token, named by its first eight characters."""
    account = await users.person(call.actor, call.ids["user_id"])
    await sessions.delete_token(call.hub, account, call.texts["token"])
    return None
