"""One page view: who looks, at which project, in which language; and how a page is drawn."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from quart import Response, current_app, g, make_response, render_template, request, url_for

from hub.context import Hub
from hub.errors import Forbidden, Unauthenticated
from hub.plugin import ActorView, NavItem
from hub.services import projects, user_options
from hub.services.access import MANAGE_RESOURCES, MANAGE_USERS, RUN_TASKS, UPDATE_PROJECT, Grant, require
from hub.services.actor import Actor
from hub.web import actor as who
from hub.web import i18n
from hub.web.address import by_https, cookie_path

EXTENSION: Final = "hub_pages"
THEME_COOKIE: Final = "hub_theme"
LANGUAGE_COOKIE: Final = "hub_language"
SHORTCUTS_COOKIE: Final = "hub_shortcuts"
PROJECT_COOKIE: Final = "hub_project"
ZONE_COOKIE: Final = "hub_zone"
BROWSER_ZONE_COOKIE: Final = "hub_browser_zone"
"""What a script tells of the browser, for days that the hub counts itself."""
OWN_ZONE: Final = "browser"
"""What the cookie holds for those who wish the zone of their browser."""
SAY_COOKIE: Final = "hub_say"
THEMES: Final = ("auto", "light", "dark")
YEAR: Final = 365 * 86400


@dataclass(slots=True)
class Visit:
    """What every view and template may ask about the request."""

    hub: Hub
    actor: Actor
    grant: Grant | None = None
    said: tuple[str, str] | None = None
    """(kind, sentence) that an earlier request left for this one."""
    navigation: list[tuple[str, NavItem]] = field(default_factory=list)

    @property
    def project(self) -> Grant | None:
        """The project of this page."""
        return self.grant

    @property
    def project_id(self) -> int:
        """Id of the project of this page."""
        if self.grant is None:
            raise LookupError("this page belongs to no project")
        return self.grant.project_id

    @property
    def may_run(self) -> bool:
        """May start tasks here."""
        return bool(self.grant and self.grant.allows(RUN_TASKS))

    @property
    def may_manage(self) -> bool:
        """May change templates, keys and the like here."""
        return bool(self.grant and self.grant.allows(MANAGE_RESOURCES))

    @property
    def may_update(self) -> bool:
        """May change the project itself."""
        return bool(self.grant and self.grant.allows(UPDATE_PROJECT))

    @property
    def may_manage_users(self) -> bool:
        """May change the team."""
        return bool(self.grant and self.grant.allows(MANAGE_USERS))

    @property
    def viewer(self) -> ActorView:
        """What plugins see of who looks."""
        return self.actor.view()


def the_hub() -> Hub:
    """Return the hub that this app serves."""
    hub = current_app.extensions[EXTENSION]
    assert isinstance(hub, Hub)
    return hub


def visit() -> Visit:
    """Return the visit of this request."""
    found = g.visit
    assert isinstance(found, Visit)
    return found


async def begin(*, project_id: int | None = None, signed_in: bool = True) -> Visit:
    """Find out who looks at what. Raises `Unauthenticated`, `NotFound` for strangers to the project."""
    hub = the_hub()
    try:
        actor = await who.actor_of(hub, request)
    except Unauthenticated:
        if signed_in:
            raise
        actor = who.NOBODY
    if actor.limited:
        raise Forbidden(i18n.gettext("A token that is limited to scopes or a project is for the API only."))
    grant = await require(actor, project_id) if project_id is not None else None
    here = Visit(hub, actor, grant, said=_said())
    g.visit = here
    if actor.user_id is not None:
        project = grant.view() if grant else None
        here.navigation = [(one.plugin, one.item) for one in hub.registry.nav(here.viewer, project)]
        g.switchable = await projects.list_projects(actor)
        g.may_create_project = projects.may_create(hub, actor)
        await _follow_wishes(actor)
    return here


async def _follow_wishes(actor: Actor) -> None:
    """Where this browser was told nothing, show what the account wishes."""
    if {LANGUAGE_COOKIE, THEME_COOKIE, SHORTCUTS_COOKIE, ZONE_COOKIE} <= request.cookies.keys():
        return
    wishes = await user_options.list_user_options(actor)
    g.theme = wishes.get("theme", "auto")
    g.shortcuts = wishes.get("shortcuts", "on")
    g.zone = wishes.get("time_zone", "")
    if "language" in wishes and LANGUAGE_COOKIE not in request.cookies:
        speak(wishes["language"])


def speak(user_language: str | None = None) -> str:
    """Choose the language of this request and use it."""
    language = i18n.choose(
        cookie=request.cookies.get(LANGUAGE_COOKIE),
        user=user_language,
        accept=request.headers.get("Accept-Language"),
    )
    g.language = language
    i18n.use(language)
    return language


def theme() -> str:
    """Return the colour mode that the reader chose."""
    wish = request.cookies.get(THEME_COOKIE) or str(g.get("theme", "auto"))
    return wish if wish in THEMES else "auto"


def shortcuts() -> str:
    """Return `on` or `off`: whether single keys do something on pages."""
    wish = request.cookies.get(SHORTCUTS_COOKIE) or str(g.get("shortcuts", "on"))
    return wish if wish in user_options.SHORTCUTS else "on"


def zone() -> str:
    """Return the time zone in which the reader wants to see moments; empty for the browser's own."""
    wish = request.cookies.get(ZONE_COOKIE) or str(g.get("zone", ""))
    return wish if user_options.is_zone(wish) else ""


def days_zone() -> str:
    """Return the zone whose days count for the reader: the wish, else that of the browser, else UTC."""
    told = request.cookies.get(BROWSER_ZONE_COOKIE, "")
    return zone() or (told if user_options.is_zone(told) else "UTC")


def csrf_token() -> str:
    """Return the token that forms of this session carry; empty for nobody."""
    secret = request.cookies.get(who.COOKIE, "")
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest() if secret else ""


class OutOfDate(Forbidden):
    """A form that was drawn for another session, or for none."""


async def check_csrf() -> None:
    """Refuse a form that this session did not get from us."""
    sent = (await request.form).get("csrf", "")
    if not hmac.compare_digest(sent.encode(), csrf_token().encode()):
        raise OutOfDate(i18n.gettext("This form is out of date. Go back, reload the page and send it again."))


async def show(template: str, /, *, status: int = 200, **values: Any) -> Response:
    """Draw a page."""
    response = await make_response(await render_template(template, **values))
    assert isinstance(response, Response)
    response.status_code = status
    here = g.get("visit")
    if here is not None and here.said:
        response.delete_cookie(SAY_COOKIE, path=cookie_path(request))
    if here is not None and here.grant and request.cookies.get(PROJECT_COOKIE) != str(here.grant.project_id):
        keep_cookie(response, PROJECT_COOKIE, str(here.grant.project_id))
    return response


def go(endpoint: str, *, say: str = "", kind: str = "ok", **values: Any) -> Response:
    """Send the browser to another page, leaving a sentence for it."""
    return go_to(address(endpoint, **values), say=say, kind=kind)


def address(endpoint: str, **values: Any) -> str:
    """Return the address of a page of ours."""
    return url_for(f"pages.{endpoint}", **values)


def go_to(place: str, *, say: str = "", kind: str = "ok") -> Response:
    """Send the browser to an address of ours."""
    response = Response(b"", 303, headers={"Location": place})
    if say:
        response.set_cookie(
            SAY_COOKIE, quote(f"{kind}:{say}")[:3000], max_age=60, httponly=True, samesite="Lax",
            secure=by_https(the_hub(), request), path=cookie_path(request),
        )  # fmt: skip
    return response


def keep_cookie(response: Response, name: str, value: str) -> None:
    """Keep a wish of the reader for a year."""
    secure, path = by_https(the_hub(), request), cookie_path(request)
    response.set_cookie(name, value, max_age=YEAR, httponly=True, secure=secure, samesite="Lax", path=path)


def safe_return(wanted: str) -> str:
    """Return an address of ours to go back to; the start page when it leads elsewhere."""
    parts = urlsplit(wanted)
    fine = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    printable = all(" " < letter < "\x7f" and letter != "\\" for letter in wanted)
    below = f"{request.root_path}/"
    inside = parts.path.startswith(below) and not re.search(r"/(\.|%2e)", parts.path, re.IGNORECASE)
    return wanted if fine and printable and (inside or not request.root_path) else url_for("pages.start")


def wants_fragment() -> bool:
    """Tell whether a script asks for a part of the page only."""
    return request.headers.get("HX-Request") == "true"


def quiet() -> bool:
    """Tell whether a script sent this form and wants no page in return."""
    return request.headers.get("X-Quiet") == "yes"


def _said() -> tuple[str, str] | None:
    kind, found, text = unquote(request.cookies.get(SAY_COOKIE, "")).partition(":")
    return (kind, text) if found and kind in {"ok", "danger", "warn", "info"} else None


def query_number(name: str, args: Mapping[str, str] | None = None) -> int | None:
    """Return a whole number of the query; None when there is none."""
    text = (request.args if args is None else args).get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
