"""Signing in through the page of a provider, and which identities belong to whom."""

from __future__ import annotations

import hmac
import logging
from typing import Final
from urllib.parse import quote

from quart import Response, request

from hub import shapes
from hub.errors import Forbidden, HubError, Unauthenticated
from hub.services import accounts, identities, sign_on
from hub.services.actor import Actor
from hub.services.identities import IdentityDraft
from hub.services.sign_on import Came, confined
from hub.web import actor as who
from hub.web.address import client_address
from hub.web.api.about import LINK, RETURN
from hub.web.api.routing import Access, Answer, Call, Made, route
from hub.web.pages import visit
from hub.web.pages.failures import sentence

logger = logging.getLogger(__name__)

STATE: Final = "oauthstate"
"""Name of the cookie, as the wire has it; what it holds is ours, and sealed."""


@route("GET", "/auth/oidc/{provider}/login", Access.PUBLIC, status=307, asks=(RETURN, LINK))
async def begin_sign_on(call: Call) -> Answer:
    """Send the browser to the provider; `return` says where it goes afterwards. Errors lead to the sign-in page."""
    name = call.texts["provider"]
    linking = bool(call.query.get("link"))
    try:
        link = await _linking(call, name) if linking else None
        begun = await sign_on.begin(call.hub, name, back=call.query.get("return", ""), link=link)
    except HubError as error:
        return _refused(call, error, linking=linking)
    response = _redirect(begun.url)
    response.set_cookie(
        STATE, begun.kept, max_age=int(sign_on.LIFETIME.total_seconds()), httponly=True, samesite="Lax",
        secure=call.hub.settings.secure, path=_state_path(call),
    )  # fmt: skip
    return response


@route("GET", "/auth/oidc/{provider}/redirect", Access.PUBLIC, status=307)
async def finish_sign_on(call: Call) -> Answer:
    """Take the provider's answer: sign in, and go where the browser wanted to go."""
    return await _finish(call, "")


@route("GET", "/auth/oidc/{provider}/redirect/{redirect_path}", Access.PUBLIC, status=307)
async def finish_sign_on_at(call: Call) -> Answer:
    """Take the provider's answer at an address that was registered with a path behind it."""
    return await _finish(call, "/" + call.texts["redirect_path"])


@route("GET", "/users/{user_id}/identities", Access.USER, wire=False, gives=list[shapes.Identity])
async def list_identities(call: Call) -> Answer:
    """Directories and providers that somebody signs in through."""
    return await identities.list_identities(call.hub, call.actor, call.ids["user_id"])


@route(
    "POST",
    "/users/{user_id}/identities",
    Access.ADMIN,
    wire=False,
    takes=IdentityDraft,
    gives=shapes.Identity,
    status=201,
)
async def add_identity(call: Call) -> Answer:
    """Bind an identity to an account."""
    draft = IdentityDraft.read(call.body)
    return Made(await identities.add_identity(call.hub, call.actor, call.ids["user_id"], draft))


@route("DELETE", "/users/{user_id}/identities/{identity_id}", Access.USER, wire=False)
async def remove_identity(call: Call) -> Answer:
    """Take an identity away."""
    await identities.remove_identity(call.hub, call.actor, call.ids["user_id"], call.ids["identity_id"])
    return None


async def _finish(call: Call, path: str) -> Response:
    actor = await _signed_in(call)
    came = Came(
        request.cookies.get(STATE, ""), dict(call.query), actor, ip=client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
    )  # fmt: skip
    try:
        finished = await sign_on.finish(call.hub, call.texts["provider"], came)
    except HubError as error:
        response = _refused(call, error, linking=actor is not None)
    else:
        response = _redirect(_place(call, finished.back or confined(path)))
        if finished.secret:
            if before := request.cookies.get(who.COOKIE):
                await accounts.logout(call.hub, before)
            who.set_cookie(call.hub, response, finished.secret)
    response.delete_cookie(STATE, path=_state_path(call), httponly=True, samesite="Lax",
                           secure=call.hub.settings.secure)  # fmt: skip
    return response


async def _linking(call: Call, name: str) -> Actor:
    """Return who asked for a link on a page of ours; another site cannot know the token."""
    actor = await who.actor_of(call.hub, request)
    expected = sign_on.link_token(request.cookies.get(who.COOKIE, ""), name)
    if actor.session_id is None or not hmac.compare_digest(call.query["link"].encode(), expected.encode()):
        raise Forbidden("Begin to link an account on the page of your own account.")
    return actor


async def _signed_in(call: Call) -> Actor | None:
    try:
        return await who.actor_of(call.hub, request)
    except HubError:
        return None


def _refused(call: Call, error: HubError, *, linking: bool) -> Response:
    """Lead to a page of ours that shows the sentence, as the wire leads to the sign-in page."""
    logger.info("A sign-on through %s failed: %s", call.texts["provider"], error)
    visit.speak()
    here = linking and not isinstance(error, Unauthenticated)
    response = _redirect(f"{call.hub.settings.base_path}{'/account/security' if here else '/auth/login'}")
    response.set_cookie(
        visit.SAY_COOKIE, quote(f"danger:{sentence(error)}")[:3000], max_age=60, httponly=True, samesite="Lax",
        secure=call.hub.settings.secure, path=call.hub.settings.base_path or "/",
    )  # fmt: skip
    return response


def _redirect(place: str) -> Response:
    headers = {"Location": place, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(b"", 307, headers=headers)


def _place(call: Call, path: str) -> str:
    base = call.hub.settings.base_path
    if not base or path == base or path.startswith(f"{base}/"):
        return path or "/"
    return f"{base}{path or '/'}"


def _state_path(call: Call) -> str:
    return f"{call.hub.settings.base_path}/api/auth/oidc"
