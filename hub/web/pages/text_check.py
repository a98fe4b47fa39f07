"""What is wrong with a text of a form: told while one types, and once more when it is sent."""

from __future__ import annotations

import asyncio

from quart import Response, jsonify, request

from hub.errors import Invalid
from hub.services import texts
from hub.services.texts import Fault, TextDraft
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import visit
from hub.web.pages.routing import SEND, Who, page


@page("/project/<int:project_id>/texts/check", Who.MEMBER, methods=SEND)
async def text_check(project_id: int) -> Response:
    """Answer the editor on pages, in the reader's language."""
    sent = await request.form
    text = sent.get("text", "").replace("\r\n", "\n")  # as browsers send line breaks of forms
    draft = TextDraft.read({"kind": sent.get("kind", ""), "text": text})
    found = (await texts.check(visit.visit().actor, project_id, draft))["faults"]
    return jsonify({"faults": [{**one, "text": _said(Fault(**one))} for one in found]})


async def refuse(kind: str, text: str, *, field: str) -> None:
    """Raise `Invalid` with line and reason for a text of a form that is not what it must be."""
    found = await asyncio.to_thread(texts.faults, kind, text)
    if found:
        raise Invalid(_("Line %(n)s: %(text)s", n=found[0].line, text=_said(found[0])), field=field)


def _said(fault: Fault) -> str:
    text = phrase(fault.text)
    return f"{text.removesuffix('.')} ({fault.detail})." if fault.detail else text
