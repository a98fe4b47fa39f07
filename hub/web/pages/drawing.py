"""What templates can call: icons, addresses, times, statuses and names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment
from markupsafe import Markup, escape
from quart import g, request

from hub import __version__
from hub.services import apps, hosts, stars
from hub.web import i18n
from hub.web.address import cookie_path
from hub.web.encoding import wire_time
from hub.web.forms import grouped, rows_of
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import assets, local_times, visit


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown."""

    label: str
    color: str
    """`ok`, `bad`, `warn`, `busy` or `calm`."""
    icon: str


_LOOKS: Final = {
    "waiting": Look(N_("Waiting"), "calm", "clock"),
    "starting": Look(N_("Starting"), "busy", "loader-2"),
    "running": Look(N_("Running"), "busy", "loader-2"),
    "waiting_confirmation": Look(N_("Needs a decision"), "warn", "hand-stop"),
    "confirmed": Look(N_("Confirmed"), "busy", "loader-2"),
    "rejected": Look(N_("Rejected"), "bad", "ban"),
    "stopping": Look(N_("Stopping"), "warn", "player-stop"),
    "stopped": Look(N_("Stopped"), "calm", "player-stop"),
    "success": Look(N_("Success"), "ok", "circle-check"),
    "error": Look(N_("Failed"), "bad", "circle-x"),
}
_OTHER_LOOKS: Final = {"not_executed": Look(N_("Not run"), "calm", "circle-dashed")}

_SURVEY_TYPES: Final = {
    "": N_("Text"), "int": N_("Whole number"), "enum": N_("Choice"), "secret": N_("Secret"),
}  # fmt: skip

_OFFERS: Final = {
    "executors": N_("Executors"), "notifiers": N_("Notifiers"), "password_providers": N_("Ways to sign in"),
    "redirect_providers": N_("Ways to sign in elsewhere"), "key_types": N_("Types of key"),
    "secret_backends": N_("Places for secrets"), "blob_stores": N_("Places for files"),
    "inventory_sources": N_("Sources of inventories"), "webhook_adapters": N_("Webhooks"), "hooks": N_("Hooks"),
}  # fmt: skip


def status_look(status: str) -> Look:
    """Return the look of a status, also of one that nobody has told us of."""
    look = _LOOKS.get(status) or _OTHER_LOOKS.get(status) or Look(status.replace("_", " "), "calm", "help")
    return Look(_(look.label), look.color, look.icon)


def statuses() -> dict[str, Look]:
    """Return every status of a task with its look."""
    return {name: status_look(name) for name in _LOOKS}


def survey_types() -> dict[str, str]:
    """Return the types of survey variables with their titles."""
    return {name: _(title) for name, title in _SURVEY_TYPES.items()}


def _survey_type(name: str | None) -> str:
    return survey_types().get(name or "", name or "")


def as_time(value: Any) -> datetime | None:
    """Return a moment as an aware time, whether it came as one or as the wire's text."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _wire_time(value: Any) -> str:
    when = as_time(value)
    return wire_time(when) if when else ""


def _utc(value: Any) -> str:
    when = as_time(value)
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if when else ""


def _lasted(start: Any, end: Any) -> str:
    """Length of time; the page's script counts on while there is no end."""
    first, last = as_time(start), as_time(end) or datetime.now(UTC)
    if first is None:
        return ""
    return _length(max(0, int((last - first).total_seconds())))


def _length(seconds: int) -> str:
    """So many seconds, for people."""
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return _("%(h)sh %(m)sm", h=hours, m=minutes)
    return _("%(m)sm %(s)ss", m=minutes, s=seconds % 60) if minutes else _("%(s)ss", s=seconds)


def _bytes(size: float) -> str:
    """Size of a file, for people."""
    if size < 1024:
        return _("%(n)s B", n=size)
    for words in (N_("%(n)s KiB"), N_("%(n)s MiB")):
        size /= 1024
        if size < 1024:
            return _(words, n=f"{size:.1f}")
    return _("%(n)s GiB", n=f"{size / 1024:.1f}")


def _initials(name: str) -> str:
    words = re.findall(r"\w+", name or "")
    letters = words[0][:2] if len(words) == 1 else "".join(word[0] for word in words[:2])
    return letters.upper() or "?"


PLUGIN_BLUEPRINT: Final = "x_"
"""How the names of plugins' blueprints begin."""

APP_COLORS: Final = ("secondary", "blue", "purple", "pink", "red", "orange", "yellow", "green", "teal")
"""Colours that the pages draw."""

_HUB_PAGES: Final = (
    ("overview", "dashboard", N_("Overview"), "overview"), ("projects", "layout-grid", N_("Projects"), "projects"),
)  # fmt: skip
"""Pages of the whole hub: endpoint, icon, title, and what the page calls its section."""
_ADMIN_PAGES: Final = (
    ("active_tasks", "terminal-2", N_("Active tasks"), "active_tasks"), ("users", "users", N_("Users"), "users"),
    ("service_accounts", "robot", N_("Service accounts"), "service_accounts"),
    ("roles", "shield-lock", N_("Roles"), "roles"), ("apps", "command", N_("Apps"), "apps"),
    ("hub_channel_list", "bell", N_("Channels"), "hub_channels"), ("workers", "server", N_("Workers"), "workers"),
    ("system_health", "activity", N_("System health"), "health"), ("audit_log", "history", N_("Audit"), "audit"),
    ("plugins", "plug", N_("Plugins"), "plugins"),
)  # fmt: skip


def hub_pages() -> list[tuple[str, str, str, str]]:
    """Return those that the reader may see, in the order of the navigation."""
    pages = (*_HUB_PAGES, *(_ADMIN_PAGES if visit.visit().actor.admin else ()))
    return [(endpoint, picture, _(title), at) for endpoint, picture, title, at in pages]


_CODE = re.compile(r"`([^`]+)`")


def _code_spans(text: str) -> Markup:
    """Show `code` of help texts as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def here() -> str:
    """Address of this page, for parts that refresh themselves and for forms that come back."""
    query = request.query_string.decode("ascii", "ignore")
    return f"{request.root_path}{request.path}" + (f"?{query}" if query else "")


def place() -> str:
    """Address of the page that was asked for; of a form that was sent, the page that it was on."""
    rule = request.url_rule
    if request.method == "GET" or (rule is not None and "GET" in (rule.methods or ())):
        return here()
    page = urlsplit(request.referrer or "")
    return page.path + (f"?{page.query}" if page.query else "") if page.netloc == request.host else ""


def _to_json(value: Any) -> Markup:
    if isinstance(value, Mapping):
        value = {name: asdict(one) if isinstance(one, Look) else one for name, one in value.items()}
    return i18n.as_json(value)


def _executor(app: str | None) -> Any:
    return visit.the_hub().registry.executors.get(app or "")


async def _app(app: str | None) -> Mapping[str, Any] | None:
    """Return an app as administrators want it shown; they are read once for a page."""
    if "apps" not in g:
        g.apps = {one["id"]: one for one in await apps.list_apps(visit.the_hub())}
    found: Mapping[str, Any] | None = g.apps.get(app)
    return found


async def app_icon(app: str | None) -> str:
    """Icon of an app."""
    found = await _app(app)
    return found["icon"] if found else "puzzle"


async def app_title(app: str | None) -> str:
    """Title of an app; its name when nothing brings it."""
    found = await _app(app)
    return i18n.phrase(found["title"]) if found else (app or _("no executor"))


async def app_color(app: str | None) -> str:
    """Class of the colour of an app."""
    found = await _app(app)
    return color_class(found["color"]) if found else ""


def color_class(name: str) -> str:
    """Class of one of the colours that apps may have; none for others, which only other clients draw."""
    return f"app-is-{name}" if name in APP_COLORS else ""


async def is_starred(template_id: int) -> bool:
    """Whether the reader has starred a template."""
    return bool(await stars.starred_among(visit.visit().actor, [template_id]))


def _app_looks(app: str | None) -> bool:
    """Whether tasks of an executor can look for drift."""
    executor = _executor(app)
    return bool(executor and executor.capabilities.drift)


def _plugin_address(plugin: str, path: str) -> str:
    return f"{request.root_path}/x/{plugin}" + (f"/{path.lstrip('/')}" if path else "")


def _api_address(path: str) -> str:
    return f"{request.root_path}/api{path}"


def prepare(environment: Environment) -> None:
    """Give every template the same words."""
    environment.add_extension("jinja2.ext.i18n")
    install = environment.install_gettext_callables  # type: ignore[attr-defined]  # the extension adds it
    install(i18n.raw_gettext, i18n.raw_ngettext, newstyle=True)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {
        "wire_time": _wire_time, "utc": _utc, "lasted": _lasted, "initials": _initials, "phrase": i18n.phrase,
        "length_of_time": _length, "to_json": _to_json, "code_spans": _code_spans, "grouped": grouped,
        "bytes": _bytes,
    }  # fmt: skip
    environment.globals |= {
        "asset": assets.asset, "icon": assets.icon, "csrf_token": visit.csrf_token, "here": here, "place": place,
        "hub_pages": hub_pages,
        "status_look": status_look, "statuses": {}, "survey_type": _survey_type,
        "offer_kind": lambda name: _(str(_OFFERS.get(name, name))), "app_icon": app_icon, "app_title": app_title,
        "app_color": app_color, "color_class": color_class,
        "app_looks": _app_looks, "is_starred": is_starred,
        "plugin_address": _plugin_address, "api_address": _api_address,
        "api_docs": lambda: _api_address("/docs"), "script_messages": i18n.script_messages,
        "languages": i18n.LANGUAGES, "version": __version__, "time_zones": local_times.zones,
        "sent_rows": rows_of, "has_hosts": lambda kind: hosts.has_hosts(visit.the_hub(), kind),
    }  # fmt: skip


async def shared() -> dict[str, Any]:
    """Return what belongs to the request and every template sees."""
    return {
        "visit": g.get("visit"),
        "language": g.get("language") or visit.speak(),
        "theme": visit.theme(),
        "shortcuts": visit.shortcuts(),
        "zone": visit.zone(),
        "cookie_path": cookie_path(request),
        "switchable": g.get("switchable", ()),
        "may_create_project": g.get("may_create_project", False),
        "statuses": statuses(),
        "of_plugin": (request.blueprint or "").startswith(PLUGIN_BLUEPRINT),
    }
