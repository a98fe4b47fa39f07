"""Signing in through the page of a provider: begun here, finished when the browser comes back with its answer.

What has to be remembered in between (the provider's state, nonce and verifier, and where to go afterwards) is sealed
and kept by the one browser that began. It is good for ten minutes, once, for one provider, and for no other browser.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tortoise.exceptions import IntegrityError

from hub.context import Hub
from hub.db import unit
from hub.errors import Forbidden, HubError, Unauthenticated, Unavailable
from hub.models import IdempotencyKey
from hub.plugin import AuthRejected, Identity, NotReady, PluginError, Redirect, RedirectProvider, Retry
from hub.services import external, sessions
from hub.services.actor import Actor
from hub.services.connections import Connection, redirect_connection
from hub.vault import place

LIFETIME: Final = timedelta(minutes=10)
"""How long somebody may take on the provider's page."""
PROVIDER_SECONDS: Final = 20.0
"""How long a provider's server may take to answer."""
LONGEST_PATH: Final = 1000
_LONGEST_STATE: Final = 3000  # characters; a cookie must stay below 4 KiB

_ENDED: Final = "This sign-in took too long, was used before, or was begun in another browser. Begin again."


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what it has to keep."""

    url: str
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Came:
    """What came with the browser when it returned from the provider."""

    kept: str = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    actor: Actor | None = None
    """Who is signed in already, for links."""
    ip: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A session for the browser (empty when an identity was linked to the one it has), and where to go."""

    secret: str = field(repr=False)
    back: str
    title: str


def confined(path: str) -> str:
    """Return a path of our own site, or an empty text for everything else."""
    fine = path.startswith("/") and not path.startswith(("//", "/\\")) and len(path) <= LONGEST_PATH
    return path if fine and all("!" <= letter <= "~" and letter != "\\" for letter in path) else ""


def callback_url(hub: Hub, name: str) -> str:
    """Where a provider sends people back to; to be entered there."""
    return f"{hub.settings.address}/api/auth/oidc/{name}/redirect"


def link_token(secret: str, name: str) -> str:
    """Prove that a link to begin linking stands on a page of ours, made for this very session."""
    return hmac.new(secret.encode(), f"link {name}".encode(), hashlib.sha256).hexdigest()


async def begin(hub: Hub, name: str, *, back: str = "", link: Actor | None = None) -> Begun:
    """Ask the provider where to send the browser. With `link`, its identity is added to that account."""
    connection = redirect_connection(hub, name)
    call = connection.provider.begin(connection.params(), callback_url(hub, name))
    answer = await _ask(hub, connection, call)
    if not isinstance(answer, Redirect) or not answer.url.startswith(("https://", "http://")):
        raise Unavailable(f"{connection.title} cannot sign people in right now; try again later.")
    kept = {
        "once": secrets.token_urlsafe(16),
        "until": (hub.clock() + LIFETIME).isoformat(),
        "back": confined(back),
        "state": dict(answer.state),
        "link": [link.user_id, link.session_id] if link else None,
    }
    sealed = hub.vault.seal(json.dumps(kept, separators=(",", ":")), _where(name))
    if len(sealed) > _LONGEST_STATE:
        sealed = hub.vault.seal(json.dumps({**kept, "back": ""}, separators=(",", ":")), _where(name))
    return Begun(answer.url, sealed)


async def finish(hub: Hub, name: str, came: Came) -> Finished:
    """Check what the provider sent back and sign in whom it names, or link them."""
    connection = redirect_connection(hub, name)
    kept = await _spent(hub, name, came.kept)
    call = connection.provider.finish(connection.params(), callback_url(hub, name), came.query, kept["state"])
    identity = await _ask(hub, connection, call)
    if not isinstance(identity, Identity):
        raise Unauthenticated(f"{connection.title} did not say who you are.")
    if kept["link"] is not None:
        return await _link(hub, connection, identity, came.actor, kept)
    user_id = await unit(lambda: external.sign_in(hub, connection, identity))
    proved = not connection.rules.second_factor
    secret = await sessions.open_session(hub, user_id, ip=came.ip, user_agent=came.user_agent, proved=proved)
    return Finished(secret, kept["back"], connection.title)


async def _link(
    hub: Hub, connection: Connection[Any], identity: Identity, actor: Actor | None, kept: Mapping[str, Any]
) -> Finished:
    """Only the very session that asked for the link gets it: nobody is led to link somebody else's identity."""
    if actor is None or [actor.user_id, actor.session_id] != kept["link"]:
        raise Forbidden("You are not signed in any more as who you were when this began. Sign in and begin again.")
    await unit(lambda: external.link(hub, connection, identity, actor))
    return Finished("", kept["back"], connection.title)


async def _ask(hub: Hub, connection: Connection[RedirectProvider[Any]], call: Any) -> Any:
    """Await a verb of the provider; what it raises becomes a sentence for people."""
    try:
        return await hub.registry.guard(connection.provider, call, limit=PROVIDER_SECONDS)
    except AuthRejected as error:
        raise Unauthenticated(str(error)) from None
    except (NotReady, Retry) as error:
        raise Unavailable(str(error)) from None
    except HubError:
        raise
    except PluginError as error:
        raise Unavailable(str(error)) from None


async def _spent(hub: Hub, name: str, sealed: str) -> dict[str, Any]:
    """Open what the browser kept, and use it up: on any node, a second time finds it used."""
    try:
        kept: dict[str, Any] = json.loads(hub.vault.open(sealed[: 2 * _LONGEST_STATE], _where(name)))
        fresh = datetime.fromisoformat(kept["until"]) > hub.clock()
    except (Unavailable, ValueError, KeyError):
        raise Unauthenticated(_ENDED) from None
    if not fresh:
        raise Unauthenticated(_ENDED)
    digest = hashlib.sha256(f"sign-on {kept['once']}".encode()).hexdigest()

    async def work() -> None:
        await IdempotencyKey.create(digest=digest, request="", created=hub.clock(), answer="")

    try:
        await unit(work)
    except IntegrityError:
        raise Unauthenticated(_ENDED) from None
    await IdempotencyKey.filter(created__lt=hub.clock() - timedelta(days=2), request="").delete()
    return kept


def _where(name: str) -> bytes:
    return place("sign_on", "state", name)
