"""Who sends a request: a bearer token, or the session cookie of a page of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from quart import Response, Websocket, request
from werkzeug.sansio.request import Request

from hub.context import Hub
from hub.errors import Forbidden, Unauthenticated
from hub.services import sessions
from hub.services.actor import Actor
from hub.web.address import by_https, cookie_path

COOKIE = "semaphore"
"""Name of the session cookie, as the wire has it."""

NOBODY = Actor(kind="nobody")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def bearer(request: Request) -> str | None:
    """Return the bearer token of a request. Any scheme but `Bearer` is ignored, as on the wire."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def actor_of(hub: Hub, request: Request) -> Actor:
    """Return who asks. Raises `Unauthenticated`; `Forbidden` for a page of somebody else that uses our cookie."""
    token = bearer(request)
    if token is not None:
        return await sessions.actor_of_token(hub, token)
    secret = request.cookies.get(COOKIE)
    if not secret:
        raise Unauthenticated
    if getattr(request, "method", "GET") not in _SAFE or isinstance(request, Websocket):
        refuse_foreign_page(hub, request)
    return await sessions.actor_of_session(hub, secret)


async def session_of(hub: Hub, request: Request) -> Actor:
    """Return whose session the cookie is, though it may owe its second factor. Tokens owe none and do not count."""
    secret = request.cookies.get(COOKIE)
    if not secret:
        raise Unauthenticated
    refuse_foreign_page(hub, request)
    return await sessions.actor_of_session(hub, secret, owing=True)


def refuse_foreign_page(hub: Hub, request: Request) -> None:
    """Refuse what another site's page sends with our cookie: by the browser's own word, and by Origin. W-62."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("This request comes from a page of another site.")
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(hub, origin, request.host):
        raise Forbidden("This request comes from a page of another site.")


def _is_ours(hub: Hub, origin: str, host: str) -> bool:
    """Tell whether an origin is the public address, or the host that was asked, whose scheme a proxy may hide."""
    try:
        told, public = urlsplit(origin), urlsplit(hub.settings.public_url.lower())
    except ValueError:
        return False
    if told.scheme not in {"http", "https"} or not told.netloc:
        return False
    if told.netloc == public.netloc:
        return told.scheme == public.scheme
    return told.netloc == host


def set_cookie(hub: Hub, response: Response, secret: str) -> None:
    """Hand the session to the browser."""
    response.set_cookie(COOKIE, secret, httponly=True, secure=by_https(hub, request), samesite="Lax",
                        path=cookie_path(request))  # fmt: skip


def clear_cookie(hub: Hub, response: Response) -> None:
    """Take the session back."""
    response.delete_cookie(COOKIE, path=cookie_path(request), httponly=True, secure=by_https(hub, request),
                           samesite="Lax")  # fmt: skip
