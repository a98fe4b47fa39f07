"""Hosts: those of an inventory with all that is known of them, and those that a run would touch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request, url_for

from hub.errors import HubError
from hub.services import host_facts, host_runs, hosts, inventories, templates
from hub.services.hosts import How
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.run import draft_of

_ROOT: Final = "/project/<int:project_id>/inventory/<int:inventory_id>/hosts"
_PAGE: Final = 50
_FOLDED: Final = 20
"""Hosts of a run that are shown without unfolding the rest."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which hosts a reader wants to see: what the address says."""

    text: str
    group: str
    host: str
    page: int

    def address(self, **changes: Any) -> dict[str, Any]:
        """Return the parts of an address that shows this, with changes; what is usual is left out."""
        values = {"q": self.text, "group": self.group, "host": self.host, "page": self.page, **changes}
        return {name: value for name, value in values.items() if value}

    def fits(self, host: Mapping[str, Any]) -> bool:
        """Return whether a host is among them."""
        return self.text.lower() in host["name"].lower() and (not self.group or self.group in host["groups"])


@page(_ROOT, Who.MEMBER)
async def inventory_hosts(project_id: int, inventory_id: int) -> Response:
    """The frame at once; the hosts follow when a worker has told them."""
    here = visit.visit()
    inventory = await inventories.get_inventory(here.actor, project_id, inventory_id)
    page_number = visit.query_number("page") or 0
    wanted = Wanted(request.args.get("q", "").strip(), request.args.get("group", ""), request.args.get("host", ""),
                    page_number)  # fmt: skip
    around: dict[str, Any] = {"inventory": inventory, "wanted": wanted}
    if "part" in request.args:
        return await visit.show("parts/host_browser.html", **around, **await _seen(project_id, inventory_id, wanted))
    trail = [
        (_("Inventory"), url_for("pages.inventory_list", project_id=project_id)),
        (inventory["name"], url_for("pages.inventory_edit", project_id=project_id, item_id=inventory_id)),
    ]
    return await visit.show("hosts.html", trail=trail, **around)


@page(_ROOT, Who.MEMBER, methods=SEND, name="inventory_hosts_anew")
async def look_anew(project_id: int, inventory_id: int) -> Response:
    """Ask a worker again, although it has just answered."""
    here = visit.visit()
    try:
        await hosts.of_inventory(here.hub, here.actor, project_id, inventory_id, how=How.ANEW)
    except FORM_ERRORS as fault:
        say = faults(fault)[0]
        return visit.go("inventory_hosts", project_id=project_id, inventory_id=inventory_id, say=say, kind="danger")
    return visit.go("inventory_hosts", project_id=project_id, inventory_id=inventory_id)


@page(_ROOT + "/forget", Who.MEMBER, methods=SEND)
async def forget_facts(project_id: int, inventory_id: int) -> Response:
    """Forget what the hosts told of themselves."""
    here = visit.visit()
    await host_facts.forget(here.hub, here.actor, project_id, inventory_id)
    return visit.go("inventory_hosts", project_id=project_id, inventory_id=inventory_id, say=_("Deleted."))


@page("/project/<int:project_id>/templates/<int:template_id>/run/hosts", Who.MEMBER, methods=SEND)
async def run_hosts(project_id: int, template_id: int) -> Response:
    """The hosts that the form as it stands would touch, as a part of the page. Nothing here holds up a run."""
    here, sent = visit.visit(), await request.form
    template = await templates.get_template(here.actor, project_id, template_id)
    executor = here.hub.registry.executors.get(template.get("app", ""))
    found: Mapping[str, Any] = {}
    error = ""
    try:
        draft = draft_of(template, executor, sent)
        found = await hosts.of_template(here.hub, here.actor, (project_id, template_id), draft)
    except FORM_ERRORS as fault:
        error = faults(fault)[0]
    return await visit.show("parts/run_hosts.html", found=found, error=error, folded=_FOLDED)


async def _seen(project_id: int, inventory_id: int, wanted: Wanted) -> dict[str, Any]:
    here = visit.visit()
    try:
        found = await hosts.of_inventory(here.hub, here.actor, project_id, inventory_id)
    except HubError as fault:
        return {"error": sentence(fault), "found": None}
    runs = await host_runs.last_runs(project_id, inventory_id)
    fitting = [host for host in found["hosts"] if wanted.fits(host)]
    start = wanted.page * _PAGE
    one = next((host for host in found["hosts"] if host["name"] == wanted.host), None)
    names = [host["name"] for host in ([one] if one else fitting[start : start + _PAGE])]
    known = await host_facts.of_hosts(here.actor, project_id, inventory_id, names)
    return {
        "error": "", "found": found, "known": known, "runs": runs, "count": len(fitting), "one": one,
        "hosts": fitting[start : start + _PAGE], "more": start + _PAGE < len(fitting),
        "variables": _lines(one["variables"]) if one else [],
        "facts": _lines(known[wanted.host]["facts"]) if one and wanted.host in known else [],
    }  # fmt: skip


def _lines(values: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return names with values as text; texts as they are, the rest as JSON."""
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1))
        for name, value in sorted(values.items())
    ]
