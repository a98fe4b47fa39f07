"""Signing in and out."""

from __future__ import annotations

from quart import Response, request

from hub import shapes
from hub.services import accounts
from hub.web.actor import COOKIE, clear_cookie, refuse_foreign_page, set_cookie
from hub.web.address import client_address
from hub.web.api.routing import Access, Answer, Call, route
from hub.web.errors import JSON


@route("GET", "/auth/login", Access.PUBLIC, gives=shapes.LoginMethods)
async def login_methods(call: Call) -> Answer:
    """How people may sign in."""
    return accounts.login_methods(call.hub)


@route("POST", "/auth/login", Access.PUBLIC, takes=accounts.LoginDraft)
async def login(call: Call) -> Answer:
    """Sign in and hand out the cookie; the session that the browser had before ends."""
    refuse_foreign_page(call.hub, request)
    draft = accounts.LoginDraft.read(call.body)
    secret = await accounts.login(
        call.hub, draft.auth, draft.password, ip=client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
    )  # fmt: skip
    if before := request.cookies.get(COOKIE):
        await accounts.logout(call.hub, before)
    response = Response(b"", 204, content_type=JSON)
    set_cookie(call.hub, response, secret)
    return response


@route("POST", "/auth/logout", Access.PUBLIC, body=False)
async def logout(call: Call) -> Answer:
    """Sign out; without a session, nothing happens."""
    refuse_foreign_page(call.hub, request)
    if secret := request.cookies.get(COOKIE):
        await accounts.logout(call.hub, secret)
    response = Response(b"", 204, content_type=JSON)
    clear_cookie(call.hub, response)
    return response
