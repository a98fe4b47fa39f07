"""The security of one's own account: the second factor, and where one is signed in."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from quart import Response, request

from hub.services import accounts, identities, own_sessions, second_factor, second_factor_setup, sign_on
from hub.services.second_factor import PasscodeDraft
from hub.services.second_factor_setup import ProofDraft
from hub.web import actor as who
from hub.web.i18n import gettext as _
from hub.web.pages import assets, visit
from hub.web.pages.browsers import browser_name
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import SEND, Who, page


@page("/account/security", Who.USER)
async def security() -> Response:
    """Second factor and sessions."""
    return await _show()


@page("/account/security/second-factor", Who.USER, methods=SEND)
async def factor_start() -> Response:
    """Make a secret and recovery codes, and show both."""
    here = visit.visit()
    try:
        made = await second_factor_setup.enable(here.hub, here.actor, _me())
    except FORM_ERRORS as fault:
        return await _show(status=400, error=faults(fault)[0])
    secret = parse_qs(urlsplit(made["url"]).query)["secret"][0]
    return await _show(codes=made["recovery_codes"], secret=secret)


@page("/account/security/confirm", Who.USER, methods=SEND)
async def factor_confirm() -> Response:
    """Make the factor count."""
    here, sent = visit.visit(), await request.form
    totp = await second_factor.shown(_me()) or {"id": 0}
    try:
        draft = PasscodeDraft.read({"passcode": sent.get("passcode", "")})
        await second_factor_setup.confirm(here.hub, here.actor, _me(), totp["id"], draft)
    except FORM_ERRORS as fault:
        return await _show(status=400, error=faults(fault)[0])
    return visit.go("security", say=_("The second factor is on. The next sign-in asks for a code."))


@page("/account/security/off", Who.USER, methods=SEND)
async def factor_stop() -> Response:
    """Take the factor away."""
    here = visit.visit()
    try:
        await second_factor_setup.disable(here.hub, here.actor, _me(), _proof(await request.form))
    except FORM_ERRORS as fault:
        return await _show(status=400, error=faults(fault)[0])
    return visit.go("security", say=_("The second factor is off."))


@page("/account/security/codes", Who.USER, methods=SEND)
async def factor_codes() -> Response:
    """Make new recovery codes and show them once."""
    here = visit.visit()
    try:
        made = await second_factor_setup.renew_codes(here.hub, here.actor, _me(), _proof(await request.form))
    except FORM_ERRORS as fault:
        return await _show(status=400, error=faults(fault)[0])
    return await _show(codes=made["recovery_codes"])


@page("/account/security/sessions", Who.USER, methods=SEND)
async def sessions_end() -> Response:
    """Sign out everywhere else."""
    await own_sessions.end_other_sessions(visit.the_hub(), visit.visit().actor)
    return visit.go("security", say=_("You are signed out everywhere else."))


@page("/account/security/sessions/<int:session_id>", Who.USER, methods=SEND)
async def session_end(session_id: int) -> Response:
    """Sign out in one place."""
    await own_sessions.end_session(visit.the_hub(), visit.visit().actor, session_id)
    return visit.go("security", say=_("You are signed out there."))


def _me() -> int:
    return visit.visit().actor.user_id or 0


def _proof(sent: Mapping[str, str]) -> ProofDraft:
    """Six digits are taken for a code, everything else for the password."""
    text = sent.get("proof", "")
    digits = text.replace(" ", "")
    if len(digits) == 6 and digits.isascii() and digits.isdigit():
        return ProofDraft.read({"passcode": digits})
    return ProofDraft.read({"password": text})


async def _show(*, status: int = 200, error: str = "", secret: str = "", codes: list[str] | None = None) -> Response:
    here = visit.visit()
    linked = await identities.list_identities(here.hub, here.actor, _me())
    totp: dict[str, Any] | None = await second_factor.shown(_me())
    picture = ""
    if totp and not totp["confirmed"]:
        png = await second_factor_setup.picture(here.hub, here.actor, _me())
        picture = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    return await visit.show(
        "security.html", status=status, error=error, totp=totp, picture=picture, secret=secret, codes=codes or [],
        codes_left=await second_factor_setup.codes_left(_me()),
        sessions=[
            {**one, "browser": browser_name(one["user_agent"])}
            for one in await own_sessions.list_sessions(here.hub, here.actor)
        ],
        identities=linked, linkable=_linkable({one["provider"] for one in linked}),
    )  # fmt: skip


def _linkable(linked: Collection[str]) -> list[dict[str, str]]:
    """Links that begin to add an identity of another provider.

    Each carries a token of this session, so that no other site can begin one.
    """
    hub = visit.the_hub()
    secret = request.cookies.get(who.COOKIE, "")
    return [
        {
            "title": one["name"],
            "icon": assets.known_icon(one["icon"], "login"),
            "address": f"{hub.settings.base_path}/api/auth/oidc/{one['id']}/login?return="
            f"{quote(visit.address('security'), safe='')}&link={sign_on.link_token(secret, one['id'])}",
        }
        for one in accounts.login_methods(hub)["oidc_providers"]
        if secret and one["id"] not in linked
    ]


@page("/account/security/identities/<int:identity_id>/remove", Who.USER, methods=SEND)
async def identity_remove(identity_id: int) -> Response:
    """Stop signing in through a directory or provider."""
    here = visit.visit()
    try:
        await identities.remove_identity(here.hub, here.actor, _me(), identity_id)
    except FORM_ERRORS as fault:
        return await _show(status=400, error=faults(fault)[0])
    return visit.go("security", say=_("The link was removed. Your other sessions were ended."))
