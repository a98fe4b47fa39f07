"""Channels of a project, and of the whole hub: where people are told, what was told, and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.services import channel_log, projects
from hub.services import channels as service
from hub.services.listing import Asked
from hub.services.projects import ProjectDraft
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import channel_form, visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.resource import NOTHING, Filled
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.versions import Held

Row = dict[str, Any]
_MINE = "/project/<int:project_id>/channels"
_ONE = _MINE + "/<int:channel_id>"
_SHOWN = 50
"""Notices of a channel on its page."""


def _at(name: str, project_id: int | None, **values: Any) -> str:
    """Return the address of a page of channels: of this project, or of the whole hub."""
    if project_id is None:
        return visit.address(f"hub_channel_{name}", **values)
    return visit.address(f"channel_{name}", project_id=project_id, **values)


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was sent and not taken, with why."""

    fault: Exception
    sent: MultiDict[str, str]
    held: Held = field(default_factory=lambda: Held({}))


@page("/channels", Who.ADMIN, name="hub_channel_list")
@page(_MINE, Who.MEMBER, name="channel_list")
async def channels(project_id: int | None = None) -> Response:
    """Every channel."""
    return await _list(project_id)


async def _list(project_id: int | None, refused: Refused | None = None) -> Response:
    here = visit.visit()
    error, errors = faults(refused.fault, {"alert_chat": "alert_chat"}) if refused else ("", {})
    found = await service.list_channels(here.hub, here.actor, project_id)
    known = here.hub.registry.notifiers
    rows = [
        {
            **row, "address": _at("edit", project_id, channel_id=row["id"]),
            "title": phrase(known[row["notifier"]].title) if row["notifier"] in known else row["notifier"],
            "told": channel_form.summary(row),
        }
        for row in found
    ]  # fmt: skip
    return await visit.show(
        "channels.html", status=400 if refused else 200, rows=rows, error=error, new_address=_at("new", project_id),
        can=bool(known), alerts=await _alerts(project_id, refused, errors) if project_id is not None else None,
        event_title=channel_form.event_title,
    )  # fmt: skip


async def _alerts(project_id: int, refused: Refused | None, errors: Mapping[str, str]) -> Row:
    """What the project says about the channels of the whole hub."""
    here = visit.visit()
    row = await _alerts_of(project_id)
    held = refused.held if refused else Held(row)
    wish = _wish(refused.sent) if refused else row
    fields = [
        Field("alert", _("Channels of the whole hub tell of this project, too"), "tick", wish["alert"]),
        Field("alert_chat", _("Chat in Telegram"), "line", wish["alert_chat"], limits={"maxlength": 30},
              error=errors.get("alert_chat", ""),
              help=_("Id of a chat that gets what the hub's Telegram channels tell of this project.")),
    ]  # fmt: skip
    held = await held.described("project", fields, {})
    return {"fields": fields, "on": row["alert"], "may": here.may_update, "held": held}


async def _alerts_of(project_id: int) -> Row:
    row = await projects.get_project(visit.visit().actor, project_id)
    return {"id": project_id, "alert": bool(row.get("alert")), "alert_chat": row.get("alert_chat") or ""}


def _wish(sent: MultiDict[str, str]) -> Row:
    return {"alert": "alert" in sent, "alert_chat": sent.get("alert_chat", "").strip()}


@page(_MINE + "/alerts", Who.MEMBER, methods=SEND)
async def channel_alerts(project_id: int) -> Response:
    """Switch the channels of the whole hub on or off for this project."""
    here, sent = visit.visit(), await request.form

    async def save() -> None:
        row = await projects.get_project(here.actor, project_id)
        kept = {name: row[name] for name in ProjectDraft.model_fields if name in row}
        await projects.update_project(here.hub, here.actor, project_id, ProjectDraft.read({**kept, **_wish(sent)}))

    held = Held(await _alerts_of(project_id), sent, place=_at("list", project_id))
    try:
        await held.saving(lambda: _alerts_of(project_id), save)
    except FORM_ERRORS as fault:
        return await _list(project_id, Refused(fault, sent, held))
    return visit.go("channel_list", project_id=project_id, say=_("Saved."))


@page(_MINE + "/try", Who.MEMBER, methods=SEND)
async def channels_try(project_id: int) -> Response:
    """Send a test over every channel that tells of this project."""
    here = visit.visit()
    try:
        await channel_log.try_project(here.hub, here.actor, project_id)
    except FORM_ERRORS as fault:
        return visit.go("channel_list", project_id=project_id, say=sentence(fault), kind="danger")
    return visit.go("channel_list", project_id=project_id, say=_("The test was sent over every channel."))


@page("/channels/new", Who.ADMIN, methods=FORM, name="hub_channel_new")
@page(_MINE + "/new", Who.MEMBER, methods=FORM, name="channel_new")
async def channel_new(project_id: int | None = None) -> Response:
    """Make a channel."""
    here = visit.visit()
    if request.method == "GET":
        return await _form(project_id, {})
    sent = await request.form
    try:
        draft = await channel_form.draft_of(project_id, sent)
        made = await service.create_channel(here.hub, here.actor, project_id, draft)
    except FORM_ERRORS as fault:
        return await _form(project_id, {}, Refused(fault, sent))
    said = _("The channel is there. Send a test to see whether it arrives.")
    return visit.go_to(_at("edit", project_id, channel_id=made["id"]), say=said)


@page("/channels/<int:channel_id>", Who.ADMIN, methods=FORM, name="hub_channel_edit")
@page(_ONE, Who.MEMBER, methods=FORM, name="channel_edit")
async def channel_edit(channel_id: int, project_id: int | None = None) -> Response:
    """One channel, and what was told over it."""
    here = visit.visit()
    row = await service.get_channel(here.hub, here.actor, project_id, channel_id)
    if request.method == "GET":
        return await _form(project_id, row)
    sent = await request.form

    async def read() -> Row:
        return channel_form.flat(await service.get_channel(here.hub, here.actor, project_id, channel_id))

    async def save() -> None:
        draft = await channel_form.draft_of(project_id, sent)
        await service.update_channel(here.hub, here.actor, project_id, channel_id, draft)

    held = Held(channel_form.flat(row), sent)
    try:
        await held.saving(read, save)
    except FORM_ERRORS as fault:
        return await _form(project_id, row, Refused(fault, sent, held))
    return visit.go_to(_at("edit", project_id, channel_id=channel_id), say=_("Saved."))


async def _form(project_id: int | None, row: Row, refused: Refused | None = None) -> Response:
    here = visit.visit()
    sent, fault = (refused.sent, refused.fault) if refused else (NOTHING, None)
    held = refused.held if refused else Held(channel_form.flat(row))
    error, errors = faults(fault, channel_form.members(sent)) if fault else ("", {})
    listing = _at("list", project_id)
    notices = []
    if row:
        asked = Asked(limit=_SHOWN)
        found = await channel_log.list_notices(here.actor, project_id, row["id"], asked)
        notices = [
            {**one, "again": _at("retry", project_id, channel_id=row["id"], notice_id=one["id"]),
             "title": channel_form.event_title(one["event"])}
            for one in found
        ]  # fmt: skip
    fields = await channel_form.fields(project_id, Filled(row, sent, errors))
    return await visit.show(
        "channel_form.html", status=400 if fault else 200, error=error, row=row, notices=notices,
        section="channels" if project_id is not None else "hub_channels", cancel=listing,
        heading=row["name"] if row else _("New channel"), trail=[(_("Channels"), listing)],
        fields=fields, held=await held.described("channel", fields, channel_form.members(sent)),
        test_address=_at("try", project_id, channel_id=row["id"]) if row else "",
        delete=_deletion(project_id, row) if row else None,
    )  # fmt: skip


@page("/channels/<int:channel_id>/test", Who.ADMIN, methods=SEND, name="hub_channel_try")
@page(_ONE + "/test", Who.MEMBER, methods=SEND, name="channel_try")
async def channel_try(channel_id: int, project_id: int | None = None) -> Response:
    """Send a test, and say how it went."""
    here, back = visit.visit(), _at("edit", project_id, channel_id=channel_id)
    try:
        await channel_log.try_channel(here.hub, here.actor, project_id, channel_id)
    except FORM_ERRORS as fault:
        return visit.go_to(back, say=_("The test did not arrive. %(why)s", why=sentence(fault)), kind="danger")
    return visit.go_to(back, say=_("The test was sent, and the other side has taken it."))


@page("/channels/<int:channel_id>/notices/<int:notice_id>/retry", Who.ADMIN, methods=SEND, name="hub_channel_retry")
@page(_ONE + "/notices/<int:notice_id>/retry", Who.MEMBER, methods=SEND, name="channel_retry")
async def channel_retry(channel_id: int, notice_id: int, project_id: int | None = None) -> Response:
    """Try a notice again."""
    here, back = visit.visit(), _at("edit", project_id, channel_id=channel_id, _anchor="told")
    try:
        await channel_log.retry(here.hub, here.actor, project_id, channel_id, notice_id)
    except FORM_ERRORS as fault:
        return visit.go_to(back, say=sentence(fault), kind="danger")
    return visit.go_to(back, say=_("It is sent again now."))


@page("/channels/<int:channel_id>/delete", Who.ADMIN, methods=SEND, name="hub_channel_delete")
@page(_ONE + "/delete", Who.MEMBER, methods=SEND, name="channel_delete")
async def channel_delete(channel_id: int, project_id: int | None = None) -> Response:
    """Delete a channel."""
    here = visit.visit()
    try:
        await service.delete_channel(here.hub, here.actor, project_id, channel_id)
    except FORM_ERRORS as fault:
        return visit.go_to(_at("edit", project_id, channel_id=channel_id), say=sentence(fault), kind="danger")
    return visit.go_to(_at("list", project_id), say=_("Deleted."))


def _deletion(project_id: int | None, row: dict[str, Any]) -> dict[str, str]:
    return {
        "title": _("Delete this channel"),
        "note": _("What waits to be sent over it is not sent any more."),
        "address": _at("delete", project_id, channel_id=row["id"]),
        "ask": _("Delete “%(name)s”?", name=row["name"]),
    }
