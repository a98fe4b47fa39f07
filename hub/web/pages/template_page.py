"""The page of one template: its tasks, figures, what starts it, and every setting."""

from __future__ import annotations

from typing import Any

from quart import Response, url_for

from hub.errors import HubError, InUse
from hub.services import apps, dashboard, integrations, schedules, template_list, zone_days
from hub.services import templates as service
from hub.services.dashboard import SPANS
from hub.services.listing import Asked
from hub.services.tasks import preview
from hub.services.tasks.stop import stop_all
from hub.web.i18n import gettext as _
from hub.web.i18n import ngettext, phrase
from hub.web.pages import cron_fields, template_details, visit
from hub.web.pages import history as tasks
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.figures import USUAL, rows_of, summary_of
from hub.web.pages.panels import boxes
from hub.web.pages.routing import SEND, Who, page

_ONE = "/project/<int:project_id>/templates/<int:template_id>"
COMING = 5
"""Next moments of each schedule that are shown."""


@page(_ONE, Who.MEMBER)
async def template(project_id: int, template_id: int) -> Response:
    """Lead to the template's tasks, or to the task of an old link."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    return visit.go("template_tasks", project_id=project_id, template_id=template_id)


@page(f"{_ONE}/tasks", Who.MEMBER)
async def template_tasks(project_id: int, template_id: int) -> Response:
    """Tasks of one template."""
    found = await service.get_template(visit.visit().actor, project_id, template_id)
    shared: dict[str, Any] = {
        **await tasks.page_of_tasks("template_tasks", project_id, template_id),
        "show_template": False, "template": found, "empty_template": "parts/empty_template.html",
    }  # fmt: skip
    if visit.wants_fragment():
        return await visit.show("parts/history.html", **shared)
    panels = await boxes("template", template_id=template_id)
    return await _show("tasks", panels=panels, **shared)


@page(f"{_ONE}/details", Who.MEMBER, name="template_details")
async def details(project_id: int, template_id: int) -> Response:
    """What the template runs, and what it asks."""
    here = visit.visit()
    found = await service.get_template(here.actor, project_id, template_id)
    executor = await apps.find(here.hub, found.get("app", ""))
    told, untold = None, ""
    try:
        told = await preview.of_task(here.hub, here.actor, project_id, template_id)
    except HubError as fault:
        untold = sentence(fault)
    return await _show(
        "details", template=found, sections=await template_details.sections(found, executor), told=told, untold=untold,
        problems=[phrase(one["sentence"]) for one in told["problems"]] if told else [],
    )  # fmt: skip


@page(f"{_ONE}/starts", Who.MEMBER)
async def template_starts(project_id: int, template_id: int) -> Response:
    """What starts the template by itself, and what uses it."""
    here = visit.visit()
    found = await service.get_template(here.actor, project_id, template_id)
    only = Asked(filters={"template_id": str(template_id)})
    rows = []
    for row in await schedules.list_all(here.actor, project_id, only):
        coming = await schedules.upcoming(here.hub, here.actor, project_id, row["id"], COMING) if row["active"] else []
        rows.append(row | {"when": cron_fields.spoken(row["cron_format"]), "coming": coming[1:]})
    return await _show(
        "starts", template=found, rows=rows, used=await service.template_refs(here.actor, project_id, template_id),
        hooks=await integrations.list_integrations(here.actor, project_id, only),
    )  # fmt: skip


@page(f"{_ONE}/figures", Who.MEMBER)
async def template_figures(project_id: int, template_id: int) -> Response:
    """How its tasks ended, how long they ran and how long they waited, by day."""
    here = visit.visit()
    found = await service.get_template(here.actor, project_id, template_id)
    wanted = visit.query_number("days")
    days = wanted if wanted in SPANS else USUAL
    zone = visit.days_zone()
    counted = await dashboard.template_figures(here.hub, here.actor, (project_id, template_id), days, zone)
    rows = rows_of(counted, zone_days.today(zone, here.hub.clock()), days)
    runs = (await template_list.last_runs([template_id], 30)).get(template_id, [])
    return await _show(
        "figures", template=found, days=days, spans=SPANS, rows=rows, cut=counted.cut, said=summary_of(rows, days),
        runs=runs, days_zone=zone,
    )  # fmt: skip


async def _show(tab: str, /, **values: Any) -> Response:
    return await visit.show("template.html", tab=tab, **{"panels": (), **values})


@page(f"{_ONE}/stop", Who.MEMBER, methods=SEND)
async def template_stop(project_id: int, template_id: int) -> Response:
    """Stop every unfinished task of the template."""
    here = visit.visit()
    count = await stop_all(here.hub, here.actor, project_id, template_id)
    said = ngettext("%(n)s task is being stopped.", "%(n)s tasks are being stopped.", count)
    return visit.go("template_tasks", project_id=project_id, template_id=template_id, say=said)


@page(f"{_ONE}/delete", Who.MEMBER, methods=SEND)
async def template_delete(project_id: int, template_id: int) -> Response:
    """Delete the template with its tasks."""
    here = visit.visit()
    try:
        await service.delete_template(here.hub, here.actor, project_id, template_id)
    except InUse:
        raise  # its page has links to all that uses it
    except FORM_ERRORS as fault:
        address = url_for("pages.template_starts", project_id=project_id, template_id=template_id)
        return visit.go_to(address, say=faults(fault)[0], kind="danger")
    return visit.go("templates", project_id=project_id, say=_("The template was deleted."))
