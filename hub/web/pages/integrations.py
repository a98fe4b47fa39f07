"""Integrations of a project: what starts tasks when a request comes in, their addresses, and how senders are set up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request

from hub.services import deliveries, integration_parts, keys, templates
from hub.services import integrations as service
from hub.services.integration_parts import MatcherDraft
from hub.services.integrations import CLOSED, IntegrationDraft
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.drawing import Look
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.integration_form import ONE, ROOT
from hub.web.pages.names import by_id
from hub.web.pages.routing import SEND, Who, page

Row = dict[str, Any]

OUTCOMES: Final = {
    deliveries.STARTED: Look(N_("started"), "ok", "circle-check"),
    deliveries.STARTING: Look(N_("being taken up"), "busy", "loader-2"),
    deliveries.REFUSED: Look(N_("refused"), "bad", "ban"),
    deliveries.UNMATCHED: Look(N_("did not fit"), "calm", "filter"),
    deliveries.FAILED: Look(N_("failed"), "bad", "circle-x"),
    deliveries.REPLAYED: Look(N_("a repetition"), "calm", "repeat"),
}


@dataclass(frozen=True, slots=True)
class _Pushes:
    """How a sender says that something was pushed."""

    header: str
    event: str


_PUSHES: Final = {
    "github": _Pushes("X-GitHub-Event", "push"),
    "gitlab": _Pushes("X-Gitlab-Event", "Push Hook"),
    "bitbucket": _Pushes("X-Event-Key", "repo:push"),
}


def outcome_look(outcome: str) -> Look:
    """Return how an outcome is shown."""
    look = OUTCOMES.get(outcome) or Look(outcome, "calm", "help")
    return Look(_(look.label), look.color, look.icon)


@page(ROOT, Who.MEMBER)
async def integrations(project_id: int) -> Response:
    """Every integration of a project, and the addresses that they share."""
    here = visit.visit()
    rows = await service.list_integrations(here.actor, project_id)
    names = by_id(await templates.list_names(here.actor, project_id))
    newest = await deliveries.newest(here.actor, project_id) if here.may_manage else {}
    shared = await integration_parts.list_aliases(here.hub, here.actor, project_id)
    found = [
        {**row, "template": names[row["template_id"]], "sender": sender(row), "newest": newest.get(row["id"])}
        for row in rows
    ]  # fmt: skip
    return await visit.show(
        "integrations.html", section="integrations", rows=found, shared=addresses(shared), outcome_look=outcome_look,
        foreign=not here.hub.settings.public_url,
    )  # fmt: skip


def sender(row: Mapping[str, Any]) -> dict[str, str]:
    """Who may call, in words, and how much of a worry that is."""
    method = row["auth_method"]
    if method == "":
        return {"title": _("Anybody"), "worry": _("no proof is asked for")}
    adapter = visit.the_hub().registry.webhook_adapters.get(method)
    if method == CLOSED or adapter is None:
        return {"title": _("Nobody") if method == CLOSED else method, "worry": _("every request is refused")}
    return {"title": phrase(adapter.title), "worry": "" if row["auth_secret_id"] else _("the secret is missing")}


def addresses(rows: list[Row]) -> list[Row]:
    """Return addresses as senders reach them: where no public address is set, as the reader came here."""
    if visit.the_hub().settings.public_url:
        return rows
    base = request.host_url.rstrip("/") + request.root_path
    return [{**row, "url": f"{base}/api/integrations/{row['url'].rpartition('/')[2]}"} for row in rows]


async def shared_values(project_id: int, integration_id: int, tab: str) -> Row:
    """Return what each page of one integration shows."""
    row = await service.get_integration(visit.visit().actor, project_id, integration_id)
    return {
        "section": "integrations", "row": row, "heading": row["name"], "tab": tab,
        "trail": [(_("Integrations"), visit.address("integrations", project_id=project_id))],
    }  # fmt: skip


@page(ONE, Who.MEMBER)
async def integration(project_id: int, integration_id: int) -> Response:
    """How an integration is called: its addresses, and what to do at the sender's."""
    here = visit.visit()
    values = await shared_values(project_id, integration_id, "connect")
    row = values["row"]
    whose = None if row["searchable"] else integration_id
    found = await integration_parts.list_aliases(here.hub, here.actor, project_id, integration_id=whose)
    matchers = await integration_parts.list_matchers(here.actor, project_id, integration_id)
    template = await templates.get_template(here.actor, project_id, row["template_id"])
    known = await keys.list_keys(here.actor, project_id)
    key = next((one for one in known if one["id"] == row["auth_secret_id"]), None)
    return await visit.show(
        "integration.html", **values, addresses=addresses(found), foreign=not here.hub.settings.public_url,
        sender=sender(row), pushes=_PUSHES.get(row["auth_method"]) if not matchers else None, matchers=matchers,
        template=template, key=key,
    )  # fmt: skip


@page(f"{ONE}/active", Who.MEMBER, methods=SEND)
async def integration_active(project_id: int, integration_id: int) -> Response:
    """Switch an integration on or off."""
    here, sent = visit.visit(), await request.form
    row = await service.get_integration(here.actor, project_id, integration_id)
    body = {name: value for name, value in row.items() if name != "task_params"} | {"active": "active" in sent}
    try:
        draft = IntegrationDraft.read(body)
        await service.update_integration(here.hub, here.actor, project_id, integration_id, draft)
    except FORM_ERRORS as fault:
        return visit.go("integrations", project_id=project_id, say=sentence(fault), kind="danger")
    said = _("“%(name)s” is switched on.") if "active" in sent else _("“%(name)s” is switched off.")
    return visit.go("integrations", project_id=project_id, say=said % {"name": row["name"]})


@page(f"{ONE}/addresses", Who.MEMBER, methods=SEND)
async def integration_address(project_id: int, integration_id: int) -> Response:
    """Give an integration a further address."""
    here = visit.visit()
    await integration_parts.create_alias(here.hub, here.actor, project_id, integration_id=integration_id)
    return visit.go("integration", project_id=project_id, integration_id=integration_id, say=_("The address is there."))


@page(f"{ONE}/addresses/<int:alias_id>/delete", Who.MEMBER, methods=SEND)
async def integration_address_delete(project_id: int, integration_id: int, alias_id: int) -> Response:
    """Take an address away."""
    here = visit.visit()
    await integration_parts.delete_alias(here.hub, here.actor, project_id, alias_id, integration_id=integration_id)
    return visit.go("integration", project_id=project_id, integration_id=integration_id, say=_("Deleted."))


@page(f"{ROOT}/addresses", Who.MEMBER, methods=SEND)
async def integrations_address(project_id: int) -> Response:
    """Make an address that integrations share."""
    here = visit.visit()
    await integration_parts.create_alias(here.hub, here.actor, project_id)
    return visit.go("integrations", project_id=project_id, say=_("The address is there."))


@page(f"{ROOT}/addresses/<int:alias_id>/delete", Who.MEMBER, methods=SEND)
async def integrations_address_delete(project_id: int, alias_id: int) -> Response:
    """Take a shared address away."""
    here = visit.visit()
    await integration_parts.delete_alias(here.hub, here.actor, project_id, alias_id)
    return visit.go("integrations", project_id=project_id, say=_("Deleted."))


@page(f"{ONE}/pushes", Who.MEMBER, methods=SEND)
async def integration_pushes(project_id: int, integration_id: int) -> Response:
    """Let an integration start for pushes alone."""
    here = visit.visit()
    row = await service.get_integration(here.actor, project_id, integration_id)
    pushes = _PUSHES.get(row["auth_method"])
    back: Row = {"project_id": project_id, "integration_id": integration_id}
    if pushes is None:
        return visit.go("integration_rules", **back)
    draft = MatcherDraft.read({"name": _("Only pushes"), "match_type": "header", "key": pushes.header,
                               "method": "equals", "value": pushes.event})  # fmt: skip
    await integration_parts.create_matcher(here.hub, here.actor, project_id, integration_id, draft)
    return visit.go("integration_rules", **back, say=_("Only pushes start it now."))
