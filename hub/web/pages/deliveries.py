"""What came to an integration: each request with what became of it, and why."""

from __future__ import annotations

import json
from typing import Any

from quart import Response

from hub.services import deliveries as service
from hub.services import webhooks
from hub.services.listing import Asked
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, sentence
from hub.web.pages.integration_form import ONE
from hub.web.pages.integrations import outcome_look, shared_values
from hub.web.pages.routing import SEND, Who, page

SHOWN = service.KEPT + service.KEPT_REFUSED
"""All that are kept of one integration."""


@page(f"{ONE}/deliveries", Who.MEMBER)
async def deliveries(project_id: int, integration_id: int) -> Response:
    """What came, the newest first."""
    here = visit.visit()
    values = await shared_values(project_id, integration_id, "deliveries")
    rows = await service.list_deliveries(here.actor, project_id, integration_id, Asked(limit=SHOWN))
    shared: dict[str, Any] = {"rows": rows, "outcome_look": outcome_look, "kept": SHOWN}
    return await visit.show(
        "parts/deliveries.html" if visit.wants_fragment() else "deliveries.html", **values, **shared
    )  # fmt: skip


@page(f"{ONE}/deliveries/<int:delivery_id>", Who.MEMBER)
async def delivery(project_id: int, integration_id: int, delivery_id: int) -> Response:
    """One request, as far as it is kept."""
    here = visit.visit()
    values = await shared_values(project_id, integration_id, "deliveries")
    one = await service.get_delivery(here.actor, project_id, integration_id, delivery_id)
    back = visit.address("deliveries", project_id=project_id, integration_id=integration_id)
    values["trail"] = [*values["trail"], (values["row"]["name"], back)]
    again = one["complete"] and one["outcome"] != service.REFUSED and values["row"]["active"]
    return await visit.show(
        "delivery.html", **values, one=one, look=outcome_look(one["outcome"]), body=_pretty(one["body"]), again=again,
        refused=one["outcome"] == service.REFUSED,
    )  # fmt: skip


@page(f"{ONE}/deliveries/<int:delivery_id>/redeliver", Who.MEMBER, methods=SEND)
async def delivery_again(project_id: int, integration_id: int, delivery_id: int) -> Response:
    """Take a request as if it came again."""
    here = visit.visit()
    back: dict[str, Any] = {"project_id": project_id, "integration_id": integration_id}
    try:
        made = await webhooks.redeliver(here.hub, here.actor, (project_id, integration_id, delivery_id))
    except FORM_ERRORS as fault:
        return visit.go("delivery", **back, delivery_id=delivery_id, say=sentence(fault), kind="danger")
    said = _("Taken again: this is the new delivery.")
    return visit.go("delivery", **back, delivery_id=made["id"], say=said)


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
