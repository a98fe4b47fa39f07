"""Pages of drift: of a project at a glance, and of a template with its trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from quart import Response

from hub.services import drift, drift_looks
from hub.services import templates as service
from hub.services.listing import Asked
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.names import names
from hub.web.pages.routing import SEND, Who, page

_TREND: Final = 60
"""Looks of which the trend has a bar."""
_STEPS: Final = 5
"""Heights of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One look in the trend."""

    task_id: int
    created: datetime
    drifted: bool
    changes: int
    height: int
    """From 1 to 5."""


@dataclass(frozen=True, slots=True)
class Course:
    """Looks at one inventory of a template."""

    name: str
    last: dict[str, Any]
    since: datetime | None
    """Since when it is as it is, as far as looks are kept."""
    bars: Sequence[Bar]


@page("/project/<int:project_id>/drift", Who.MEMBER)
async def project_drift(project_id: int) -> Response:
    """The last look at everything."""
    found = await drift.standing(visit.visit().actor, project_id)
    looks = sorted(found, key=lambda one: not one["drifted"])
    return await visit.show("drift.html", tab="drift", looks=looks, names=await names(project_id))


@page("/project/<int:project_id>/templates/<int:template_id>/drift", Who.MEMBER)
async def template_drift(project_id: int, template_id: int) -> Response:
    """What differs from a template, and how that has gone."""
    here = visit.visit()
    found = await service.get_template(here.actor, project_id, template_id)
    checks = await drift.list_checks(here.actor, project_id, template_id, Asked(limit=drift.KEPT))
    inventory = (await names(project_id)).inventory
    return await visit.show(
        "template.html", tab="drift", template=found, panels=[], can_look=drift_looks.can_look(here.hub, found["app"]),
        courses=[_course(inventory[one], [row for row in checks if row["inventory_id"] == one])
                 for one in dict.fromkeys(row["inventory_id"] for row in checks)],
    )  # fmt: skip


@page("/project/<int:project_id>/templates/<int:template_id>/drift/look", Who.MEMBER, methods=SEND)
async def template_look(project_id: int, template_id: int) -> Response:
    """Look for drift now."""
    here = visit.visit()
    try:
        made = await drift_looks.start(here.hub, here.actor, project_id, template_id)
    except FORM_ERRORS as fault:
        said = faults(fault)[0]
        return visit.go("template_drift", project_id=project_id, template_id=template_id, say=said, kind="danger")
    return visit.go("task", project_id=project_id, task_id=made["id"], say=_("The look for drift has begun."))


def _course(name: str, checks: Sequence[dict[str, Any]]) -> Course:
    last = checks[0]
    since = None
    for one in checks:
        if one["drifted"] != last["drifted"]:
            break
        since = one["created"]
    shown = list(reversed(checks[:_TREND]))
    most = max((one["changes"] for one in shown), default=0) or 1
    return Course(name, last, since, [
        Bar(one["task_id"], one["created"], one["drifted"], one["changes"], _height(one, most))
        for one in shown
    ])  # fmt: skip


def _height(look: dict[str, Any], most: int) -> int:
    """A look that found nothing is the lowest; every drift stands out from it."""
    return min(_STEPS, 2 + look["changes"] * (_STEPS - 2) // most) if look["drifted"] else 1
