"""Search: a page of what was found by name, and the same as options of the command palette."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from quart import Response, request

from hub.services import finding
from hub.services.finding import Found, Sought
from hub.services.listing import LONGEST_SEARCH
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.routing import Who, page

PALETTE: Final = 12
"""Options that the palette shows of what was found."""

RUNS: Final = 3
"""Templates that it offers to start, too."""


@dataclass(frozen=True, slots=True)
class Way:
    """One thing that was found, and where it leads."""

    title: str
    note: str
    address: str
    icon: str
    status: str = ""
    run: str = ""
    """Where the template is started; empty where the reader may not."""


_FACES: Final = {
    "project": (N_("Project"), "folder", "project_home"),
    "template": (N_("Template"), "list-details", "template"),
    "inventory": (N_("Inventory"), "server-2", "inventory_edit"),
    "repository": (N_("Repository"), "brand-git", "repositories_edit"),
    "environment": (N_("Variable group"), "variable", "environment_edit"),
    "key": (N_("Key"), "key", "keys_edit"),
    "schedule": (N_("Schedule"), "calendar-time", "schedule_edit"),
    "integration": (N_("Integration"), "webhook", "integration"),
    "view": (N_("View"), "layout-grid", "view_templates"),
    "task": (N_("Task"), "terminal-2", "task"),
}
_IDS: Final = {
    "template": "template_id", "view": "view_id", "task": "task_id", "integration": "integration_id",
    "project": "project_id",
}  # fmt: skip


@page("/search", Who.USER)
async def search() -> Response:
    """What was found by name in every project that the reader sees."""
    here = visit.visit()
    wanted = request.args.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
    only_runs, text = _run_of(wanted)
    kinds = frozenset({"template"}) if only_runs else frozenset(finding.KINDS)
    palette = visit.wants_fragment()
    if palette and not wanted:
        return await visit.show("parts/found.html", ways=[_way(one) for one in await finding.starred(here.actor)])
    sought = Sought(text, visit.query_number("project"), kinds, PALETTE if palette else finding.MOST)
    found = await finding.find_all(here.actor, sought)
    ways = [_run_way(one) for one in found if one.may_run] if only_runs else [_way(one) for one in found]
    if palette:
        offered = [_run_way(one) for one in found if one.may_run][:RUNS] if not only_runs else []
        return await visit.show("parts/found.html", ways=_beside(ways, offered), wanted=wanted)
    return await visit.show("search.html", ways=ways, wanted=wanted, full=len(found) == finding.MOST)


def _run_of(wanted: str) -> tuple[bool, str]:
    """Read `run deploy` as the wish to start what is called deploy, in the reader's language, too."""
    first, _space, rest = wanted.partition(" ")
    return (True, rest) if rest.strip() and first.casefold() in {"run", _("Run").casefold()} else (False, wanted)


def _way(one: Found) -> Way:
    label, picture, endpoint = _FACES[one.kind]
    path = {"project_id": one.project_id} | ({} if one.kind == "project" else {_IDS.get(one.kind, "item_id"): one.id})
    title = f"#{one.id} {one.name}" if one.kind == "task" else one.name or f"#{one.id}"
    note = _(label) if one.kind == "project" else f"{_(label)} · {one.project_name}"
    run = _run_way(one).address if one.may_run else ""
    picture = "star" if one.starred else picture
    return Way(title, note, visit.address(endpoint, **path), picture, one.status, run)


def _run_way(one: Found) -> Way:
    address = visit.address("run", project_id=one.project_id, template_id=one.id)
    return Way(_("Run %(name)s", name=one.name), one.project_name, address, "player-play")


def _beside(ways: list[Way], offered: list[Way]) -> list[Way]:
    """Return the ways, each of the first templates followed by the way to start it."""
    runs = {way.address: way for way in offered}
    return [each for way in ways for each in (way, runs.get(way.run)) if each is not None]
