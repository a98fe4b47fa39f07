"""What starts a template by itself: its template, and the page on which that is chosen first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request

from hub.errors import Forbidden
from hub.plugin import Executor
from hub.services import apps, templates
from hub.web.i18n import gettext as _
from hub.web.pages import visit

CHOICES: Final = 50
"""Templates that one is chosen of at a time."""


@dataclass(frozen=True, slots=True)
class About:
    """The template that is started."""

    project_id: int
    template: Mapping[str, Any]
    executor: Executor | None


@dataclass(frozen=True, slots=True)
class Chooser:
    """The page that asks of which template a new thing is."""

    section: str
    endpoint: str
    """Page of the form of a new one."""
    heading: str
    icon: str
    trail: tuple[str, str]
    """What stands above the heading: the list's title and address."""


def only_who_may() -> None:
    """Raise `Forbidden` for those who only look."""
    if not visit.visit().may_manage:
        raise Forbidden(_("Your role does not let you change things in this project."))


async def about_of(project_id: int, template_id: int) -> About:
    """Read a template, and who runs it."""
    here = visit.visit()
    template = await templates.get_template(here.actor, project_id, template_id)
    return About(project_id, template, await apps.find(here.hub, template.get("app", "")))


async def chosen(project_id: int, chooser: Chooser) -> About | Response:
    """Return the template that the address names; else the page that asks, or the way on where there is but one."""
    only_who_may()
    template_id = visit.query_number("template")
    if template_id is not None:
        return await about_of(project_id, template_id)
    text = request.args.get("q", "").replace("\x00", "").strip()
    found = await templates.find_names(visit.visit().actor, project_id, text, CHOICES)
    if len(found) == 1 and not text:
        return visit.go(chooser.endpoint, project_id=project_id, template=found[0]["id"])
    return await visit.show(
        "template_choice.html", section=chooser.section, choices=found, search=text, most=CHOICES,
        chooser=chooser.endpoint, heading=chooser.heading, picture=chooser.icon, trail=[chooser.trail],
    )  # fmt: skip
