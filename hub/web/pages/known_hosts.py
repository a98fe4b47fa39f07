"""Known hosts of a project: which keys of servers are trusted, which wait for somebody, and which have changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from quart import Response, request

from hub.services import known_hosts as service
from hub.services.known_hosts import ApprovalDraft, KnownHostDraft, PolicyDraft, ScanDraft
from hub.services.listing import LONGEST_SEARCH, Asked, Page
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import SEND, Who, page

ROWS: Final = 50
"""Of a page; as many of those that are not trusted stand above the first one."""
_POLICIES: Final = {
    "first_use": N_("Trust the first key of a host, refuse another one"),
    "ask": N_("Refuse until somebody has approved the key"),
    "off": N_("Do not check host keys"),
}
_STATES: Final = {
    "changed": ("bad", "alert-triangle", N_("Changed")),
    "pending": ("warn", "hand-stop", N_("Waits for approval")),
    "trusted": ("ok", "circle-check", N_("Trusted")),
    "revoked": ("calm", "ban", N_("Revoked")),
}
"""Colour, picture and words by status, the most pressing first."""
NONE: Final[Mapping[str, str]] = MappingProxyType({})
_ROOT: Final = "/project/<int:project_id>/known_hosts"
_ONE: Final = _ROOT + "/<int:item_id>"


@page(_ROOT, Who.MEMBER)
async def known_hosts(project_id: int) -> Response:
    """The list, with everything that can be done."""
    return await _show(project_id)


async def _show(project_id: int, error: str = "", errors: Mapping[str, str] = NONE) -> Response:
    here, sent = visit.visit(), await request.form if request.method == "POST" else NOTHING
    search, whole = request.args.get("q", "").strip()[:LONGEST_SEARCH], request.args.get("trusted", "") == "no"
    pressing, rows = await _shown(project_id, search, whole=whole)
    order = list(_STATES)
    return await visit.show(
        "known_hosts.html", status=400 if error or errors else 200, error=error, errors=errors, sent=sent,
        rows=[*sorted(pressing, key=lambda row: order.index(row["status"])), *rows],
        states=_STATES, policies={name: _(text) for name, text in _POLICIES.items()},
        policy=await service.policy(here.actor, project_id), search=search, whole=whole, more=pressing.following,
        following=rows.following,
    )  # fmt: skip


Hosts = Page[dict[str, Any]]


async def _shown(project_id: int, search: str, *, whole: bool) -> tuple[Hosts, Hosts]:
    """Return those that are not trusted, which come first; and a page of the trusted ones, or none for `whole`."""
    after = request.args.get("after", "")

    async def part(trusted: str, place: str) -> Hosts:
        asked = Asked(q=search, sort="host", limit=ROWS, after=place, filters={"trusted": trusted})
        return await service.list_known_hosts(visit.visit().actor, project_id, asked)

    if whole:
        return await part("false", after), Page()
    return Page() if after else await part("false", ""), await part("true", after)


@page(_ROOT + "/add", Who.MEMBER, methods=SEND)
async def known_hosts_add(project_id: int) -> Response:
    """Trust pasted lines."""
    here, sent = visit.visit(), await request.form
    draft = {"lines": sent.get("lines", "")}
    return await _done(
        project_id,
        lambda: service.add_known_hosts(here.hub, here.actor, project_id, KnownHostDraft.read(draft)),
        _("The keys are trusted."),
    )


@page(_ROOT + "/scan", Who.MEMBER, methods=SEND)
async def known_hosts_scan(project_id: int) -> Response:
    """Fetch the keys of a server."""
    here, sent = visit.visit(), await request.form
    draft = {"host": sent.get("host", ""), "port": _port(sent.get("port", ""))}
    return await _done(
        project_id,
        lambda: service.scan(here.hub, here.actor, project_id, ScanDraft.read(draft)),
        _("The server answered. Compare its fingerprints with what the server itself says, then approve one."),
    )


@page(_ROOT + "/policy", Who.MEMBER, methods=SEND)
async def known_hosts_policy(project_id: int) -> Response:
    """Choose how unknown keys are met."""
    here, sent = visit.visit(), await request.form
    draft = {"policy": sent.get("policy", "")}
    return await _done(
        project_id,
        lambda: service.set_policy(here.hub, here.actor, project_id, PolicyDraft.read(draft)),
        _("Saved."),
    )


@page(_ONE + "/approve", Who.MEMBER, methods=SEND)
async def known_hosts_approve(project_id: int, item_id: int) -> Response:
    """Trust a key, in place of others of the host where that is asked for."""
    here, sent = visit.visit(), await request.form
    draft = ApprovalDraft(replace="replace" in sent)
    return await _done(
        project_id,
        lambda: service.approve(here.hub, here.actor, project_id, item_id, draft),
        _("The key is trusted."),
    )


@page(_ONE + "/revoke", Who.MEMBER, methods=SEND)
async def known_hosts_revoke(project_id: int, item_id: int) -> Response:
    """Never trust a key again."""
    here = visit.visit()
    return await _done(
        project_id, lambda: service.revoke(here.hub, here.actor, project_id, item_id), _("The key is revoked.")
    )


@page(_ONE + "/delete", Who.MEMBER, methods=SEND)
async def known_hosts_delete(project_id: int, item_id: int) -> Response:
    """Forget a key."""
    here = visit.visit()
    return await _done(
        project_id, lambda: service.delete_known_host(here.hub, here.actor, project_id, item_id), _("Deleted.")
    )


def _port(text: str) -> Any:
    """Return a number, or the text as it is, which is refused in the words of the service."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else (text or 22)


async def _done(project_id: int, verb: Callable[[], Awaitable[Any]], say: str) -> Response:
    try:
        await verb()
    except FORM_ERRORS as fault:
        return await _show(project_id, *faults(fault, {name: name for name in ("host", "port", "lines", "policy")}))
    return visit.go("known_hosts", project_id=project_id, say=say)
