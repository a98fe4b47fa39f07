"""Signing in and out, the start page, and how the reader wants to see things."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from quart import Response, request

from hub.errors import HubError, Invalid, Unauthenticated
from hub.models import Session
from hub.services import accounts, projects, second_factor, user_options
from hub.services.second_factor import PasscodeDraft, RecoveryDraft
from hub.services.user_options import UserOptionDraft
from hub.web import actor as who
from hub.web import i18n
from hub.web.address import client_address
from hub.web.pages import assets, visit
from hub.web.pages.failures import sentence, wait_for
from hub.web.pages.routing import FORM, SEND, Who, page

_LONGEST: Final = 1000


@page("/auth/login", Who.ANYBODY, methods=FORM)
async def login() -> Response:
    """Ask for name and password; go back to where one wanted to go."""
    here = visit.visit()
    if request.method == "GET":
        back = visit.safe_return(request.args.get("return", ""))
        if here.actor.user_id is not None:
            return visit.go_to(back)
        return await _form(back=back)
    sent = await request.form
    back, name = visit.safe_return(sent.get("return", "")), sent.get("username", "")[:_LONGEST]
    try:
        who.refuse_foreign_page(here.hub, request)
        secret = await accounts.login(
            here.hub, name, sent.get("password", "")[:_LONGEST], ip=client_address(request),
            user_agent=request.headers.get("User-Agent", ""),
        )  # fmt: skip
    except HubError as error:
        status = 401 if isinstance(error, Unauthenticated | Invalid) else error.status
        return wait_for(error, await _form(back=back, name=name, error=sentence(error), status=status))
    if before := request.cookies.get(who.COOKIE):
        await accounts.logout(here.hub, before)
    response = visit.go_to(back)
    who.set_cookie(here.hub, response, secret)
    return response


async def _form(*, back: str, name: str = "", error: str = "", status: int = 200) -> Response:
    hub, nobody_yet = visit.the_hub(), not await Session.exists()
    asked = bool(name or error) or "password" in request.args
    said = visit.visit().said
    return await visit.show(
        "login.html", status=status, back=back, username=name, error=error or (i18n.phrase(said[1]) if said else ""),
        providers=_providers(back), first_start=nobody_yet, invited="/accept-invite/" in back,
        with_password=accounts.asks_for_passwords(hub) or asked,
    )  # fmt: skip


def _providers(back: str) -> list[dict[str, str]]:
    """Buttons of the ways to sign in elsewhere."""
    base = visit.the_hub().settings.base_path
    return [
        {
            "title": one["name"],
            "icon": assets.known_icon(one["icon"], "login"),
            "address": f"{base}/api/auth/oidc/{one['id']}/login?return={quote(back, safe='')}",
        }
        for one in accounts.login_methods(visit.the_hub())["oidc_providers"]
    ]


@page("/auth/verify", Who.ANYBODY, methods=FORM)
async def verify() -> Response:
    """Ask for the second factor, after the password."""
    here = visit.visit()
    try:
        actor = await who.session_of(here.hub, request)
    except Unauthenticated:
        return visit.go("login")
    if request.method == "GET":
        back = visit.safe_return(request.args.get("return", ""))
        if here.actor.user_id is not None:
            return visit.go_to(back)
        return await visit.show("verify.html", back=back, error="")
    await visit.check_csrf()
    sent = await request.form
    back = visit.safe_return(sent.get("return", ""))
    code, recovery = sent.get("passcode", "")[:_LONGEST], sent.get("recovery_code", "")[:_LONGEST]
    try:
        if recovery:
            fresh = await second_factor.recover(here.hub, actor, RecoveryDraft.read({"recovery_code": recovery}))
        else:
            _, fresh = await second_factor.verify(here.hub, actor, PasscodeDraft.read({"passcode": code}))
    except HubError as error:
        page = await visit.show("verify.html", status=error.status, back=back, error=sentence(error))
        return wait_for(error, page)
    response = visit.go_to(back)
    if fresh:
        who.set_cookie(here.hub, response, fresh)
    return response


@page("/auth/logout", Who.USER, methods=SEND)
async def logout() -> Response:
    """End the session."""
    secret = request.cookies.get(who.COOKIE)
    if secret:
        await accounts.logout(visit.the_hub(), secret)
    back = visit.safe_return((await request.form).get("return", ""))
    response = visit.go("login", **{"return": back}) if back != visit.address("start") else visit.go("login")
    who.clear_cookie(visit.the_hub(), response)
    return response


@page("/", Who.USER)
async def start() -> Response:
    """Go to the project that was looked at last, else to the only one, else to all of them."""
    actor = visit.visit().actor
    if (await user_options.list_user_options(actor)).get("start_page") == "projects":
        return visit.go("projects")
    known = [one["id"] for one in await projects.list_projects(actor)]
    last = request.cookies.get(visit.PROJECT_COOKIE, "")
    wanted = next((one for one in known if str(one) == last), known[0] if len(known) == 1 else None)
    return visit.go("history", project_id=wanted) if wanted else visit.go("projects")


@page("/preferences", Who.ANYBODY, methods=SEND)
async def preferences() -> Response:
    """Keep the reader's colours and language: in cookies, and for an account to follow its owner elsewhere."""
    sent, actor = await request.form, visit.visit().actor
    said = i18n.gettext("Saved.") if {"time_zone", "shortcuts"} & sent.keys() else ""  # of the others one sees at once
    back = visit.safe_return(sent.get("back", ""))
    response = Response(status=204) if visit.quiet() else visit.go_to(back, say=said)
    if sent.get("theme") in visit.THEMES:
        visit.keep_cookie(response, visit.THEME_COOKIE, sent["theme"])
    if sent.get("language") in i18n.LANGUAGES:
        visit.keep_cookie(response, visit.LANGUAGE_COOKIE, sent["language"])
    if sent.get("shortcuts") in user_options.SHORTCUTS:
        visit.keep_cookie(response, visit.SHORTCUTS_COOKIE, sent["shortcuts"])
    known_wishes = {
        "theme": visit.THEMES, "language": i18n.LANGUAGES, "shortcuts": user_options.SHORTCUTS,
    }  # fmt: skip
    for key, known in known_wishes.items():
        if actor.user_id is not None and sent.get(key) in known:
            await user_options.set_user_option(actor, UserOptionDraft(key=key, value=sent[key]))
    zone = sent.get("time_zone", "").strip()
    if "time_zone" in sent and (not zone or user_options.is_zone(zone)):
        visit.keep_cookie(response, visit.ZONE_COOKIE, zone or visit.OWN_ZONE)
        if actor.user_id is not None:
            await user_options.set_user_option(actor, UserOptionDraft(key="time_zone", value=zone))
    return response
