"""The page of one template: its tasks, and what it runs."""

from __future__ import annotations

from typing import Any

from quart import Response, url_for

from hub.errors import InUse
from hub.services import apps
from hub.services import templates as service
from hub.services.tasks.stop import stop_all
from hub.web.i18n import gettext as _
from hub.web.i18n import ngettext
from hub.web.pages import history as tasks
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.names import names
from hub.web.pages.panels import boxes
from hub.web.pages.routing import SEND, Who, page


@page("/project/<int:project_id>/templates/<int:template_id>", Who.MEMBER)
async def template(project_id: int, template_id: int) -> Response:
    """Lead to the template's tasks, or to the task of an old link."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    return visit.go("template_tasks", project_id=project_id, template_id=template_id)


@page("/project/<int:project_id>/templates/<int:template_id>/tasks", Who.MEMBER)
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
    return await visit.show("template.html", tab="tasks", panels=panels, **shared)


@page("/project/<int:project_id>/templates/<int:template_id>/details", Who.MEMBER)
async def template_details(project_id: int, template_id: int) -> Response:
    """What the template runs, and what it asks."""
    here = visit.visit()
    found = await service.get_template(here.actor, project_id, template_id)
    executor = await apps.find(here.hub, found.get("app", ""))
    return await visit.show(
        "template.html", tab="details", template=found, names=await names(project_id), panels=[],
        script_label=executor.capabilities.script_label if executor else _("Script"),
    )  # fmt: skip


@page("/project/<int:project_id>/templates/<int:template_id>/stop", Who.MEMBER, methods=SEND)
async def template_stop(project_id: int, template_id: int) -> Response:
    """Stop every unfinished task of the template."""
    here = visit.visit()
    count = await stop_all(here.hub, here.actor, project_id, template_id)
    said = ngettext("%(n)s task is being stopped.", "%(n)s tasks are being stopped.", count)
    return visit.go("template_tasks", project_id=project_id, template_id=template_id, say=said)


@page("/project/<int:project_id>/templates/<int:template_id>/delete", Who.MEMBER, methods=SEND)
async def template_delete(project_id: int, template_id: int) -> Response:
    """Delete the template with its tasks."""
    here = visit.visit()
    try:
        await service.delete_template(here.hub, here.actor, project_id, template_id)
    except InUse:
        raise  # its page has links to all that uses it
    except FORM_ERRORS as fault:
        address = url_for("pages.template_tasks", project_id=project_id, template_id=template_id)
        return visit.go_to(address, say=faults(fault)[0], kind="danger")
    return visit.go("templates", project_id=project_id, say=_("The template was deleted."))
