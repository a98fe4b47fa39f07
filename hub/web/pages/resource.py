"""Lists and forms of a project's things: one set of views for keys, repositories, inventories and variable groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from quart import Response, request, url_for
from werkzeug.datastructures import MultiDict

from hub.errors import InUse
from hub.services.access import MANAGE_RESOURCES, require
from hub.web.forms import Field, left_empty
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.routing import FORM, SEND, Who, page
from hub.web.pages.versions import Held, Said

Row = dict[str, Any]
NOTHING: Final[MultiDict[str, str]] = MultiDict()


@dataclass(frozen=True, slots=True)
class Words:
    """What the pages of one kind say, marked for translation where it is written."""

    title: str
    about: str
    new: str
    one: str
    empty: str
    empty_text: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was sent or stored: what to draw it from."""

    row: Row
    """The stored thing; empty for a new one."""
    sent: MultiDict[str, str]
    """What was sent; empty at first."""
    errors: Mapping[str, str]

    def value(self, field: str, member: str | None = None) -> Any:
        """Return what was sent for a field, else what is stored."""
        if self.sent:
            return self.sent.get(field, "")
        stored = self.row.get(member or field)
        return "" if stored is None else stored

    def error(self, field: str) -> str:
        """Return the sentence for a field."""
        return self.errors.get(field, "")


UNTOUCHED: Final = Filled({}, NOTHING, {})
"""A form that nobody has sent yet, of nothing that is stored."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing."""

    slug: str
    icon: str
    words: Words
    rows: Callable[[int], Awaitable[Sequence[Row]]]
    """The project's things."""
    cells: Callable[[Row, Any], Sequence[str]]
    """What the list shows beside the name."""
    beside: Callable[[int], Awaitable[Any]]
    """Whatever `cells` needs beside the row."""
    fields: Callable[[int, Filled], Awaitable[list[Field]]]
    get: Callable[[int, int], Awaitable[Row]]
    save: Callable[[int, int | None, Row, MultiDict[str, str]], Awaitable[None]]
    """Reads the form and creates or updates."""
    delete: Callable[[int, int], Awaitable[None]]
    members: Callable[[MultiDict[str, str]], Mapping[str, str]]
    """Fields of the form by wire member, for sentences beside fields."""
    template: str = "form.html"
    icon_of: Callable[[Row], str] | None = None
    beside_new: str = ""
    """Template of what stands beside the button for a new one."""
    tabs: str = ""
    """Template of tabs that its pages are among."""
    around: Callable[[int, Row], Awaitable[Row]] | None = None
    """What is shown beside the form of a stored thing, as values of its template."""
    parting: str = N_("Only what nothing uses any more can be deleted.")
    """What is said beside the button that deletes."""
    noun: str = ""
    """What events call it, where that is not the slug."""
    told: Mapping[str, str] = field(default_factory=dict)
    """Fields by member, beside `members`, that name what somebody else has changed."""
    said: Said = field(default_factory=dict)
    """How members are told to somebody who was overtaken, where their values say nothing."""


def declare(kind: Kind) -> None:
    """Add the pages of a kind."""
    root = f"/project/<int:project_id>/{kind.slug}"

    async def listing(project_id: int) -> Response:
        return await _list(kind, project_id)

    async def new(project_id: int) -> Response:
        return await _form(kind, project_id, None)

    async def edit(project_id: int, item_id: int) -> Response:
        return await _form(kind, project_id, item_id)

    async def remove(project_id: int, item_id: int) -> Response:
        return await _delete(kind, project_id, item_id)

    page(root, Who.MEMBER, name=f"{kind.slug}_list")(listing)
    page(f"{root}/new", Who.MEMBER, methods=FORM, name=f"{kind.slug}_new")(new)
    page(f"{root}/<int:item_id>", Who.MEMBER, methods=FORM, name=f"{kind.slug}_edit")(edit)
    page(f"{root}/<int:item_id>/delete", Who.MEMBER, methods=SEND, name=f"{kind.slug}_delete")(remove)


async def _list(kind: Kind, project_id: int) -> Response:
    beside = await kind.beside(project_id)
    items = [
        {
            "name": row["name"],
            "icon": kind.icon_of(row) if kind.icon_of else kind.icon,
            "address": url_for(f"pages.{kind.slug}_edit", project_id=project_id, item_id=row["id"]),
            "cells": kind.cells(row, beside),
        }
        for row in await kind.rows(project_id)
    ]
    words = kind.words
    return await visit.show(
        "list.html", section=kind.slug, title=_(words.title), about=_(words.about), items=items,
        columns=[_(column) for column in words.columns], new_text=_(words.new), picture=kind.icon,
        new_address=url_for(f"pages.{kind.slug}_new", project_id=project_id), empty_title=_(words.empty),
        empty_text=_(words.empty_text), tabs_template=kind.tabs, beside_new=kind.beside_new,
    )  # fmt: skip


async def _form(kind: Kind, project_id: int, item_id: int | None) -> Response:
    if item_id is None:
        await require(visit.visit().actor, project_id, MANAGE_RESOURCES)
    row = await kind.get(project_id, item_id) if item_id is not None else {}
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors, held = "", dict[str, str](), Held(row, sent)
    if request.method == "POST":
        errors = left_empty(await kind.fields(project_id, Filled(row, sent, {})), sent)
    if request.method == "POST" and not errors:
        try:
            await held.saving(lambda: kind.get(project_id, int(row["id"])),
                              lambda: kind.save(project_id, item_id, row, sent))  # fmt: skip
            return visit.go(f"{kind.slug}_list", project_id=project_id, say=_("Saved."))
        except FORM_ERRORS as fault:
            error, errors = faults(fault, dict(kind.members(sent)))
    here = visit.visit()
    listing = url_for(f"pages.{kind.slug}_list", project_id=project_id)
    fields = await kind.fields(project_id, Filled(row, sent, errors))
    return await visit.show(
        kind.template, status=400 if sent else 200, section=kind.slug, error=error,
        heading=row["name"] if row else _(kind.words.new), trail=[(_(kind.words.title), listing)],
        fields=fields, cancel=listing, row=row, sent=sent,
        errors=errors,
        held=await held.described(kind.noun or kind.slug, fields, {**kind.members(sent), **kind.told}, kind.said),
        **(await kind.around(project_id, row) if kind.around and row else {}),
        read_only=not here.may_manage, delete=_deletion(kind, project_id, row) if row and here.may_manage else None,
    )  # fmt: skip


async def _delete(kind: Kind, project_id: int, item_id: int) -> Response:
    try:
        await kind.delete(project_id, item_id)
    except InUse:
        raise  # its page has links to all that uses it
    except FORM_ERRORS as fault:
        text = faults(fault)[0]
        return visit.go(f"{kind.slug}_edit", project_id=project_id, item_id=item_id, say=text, kind="danger")
    return visit.go(f"{kind.slug}_list", project_id=project_id, say=_("Deleted."))


def _deletion(kind: Kind, project_id: int, row: Row) -> dict[str, str]:
    return {
        "title": _("Delete %(thing)s", thing=_(kind.words.one)),
        "note": _(kind.parting),
        "address": url_for(f"pages.{kind.slug}_delete", project_id=project_id, item_id=row["id"]),
        "ask": _("Delete “%(name)s”?", name=row["name"]),
    }
