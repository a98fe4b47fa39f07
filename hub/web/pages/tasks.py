"""One task: its page, and what may be done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from quart import Response, request

from hub.services import apps, inventories, log
from hub.services.listing import Asked
from hub.services.tasks import again, compare, files, outputs
from hub.services.tasks import stop as service
from hub.services.tasks.again import AgainDraft
from hub.services.tasks.read import results_of, task_with_template
from hub.services.tasks.results import PLAN, review_of
from hub.services.tasks.states import FINISHED
from hub.services.tasks.stop import DecisionDraft
from hub.web.forms import label_of
from hub.web.i18n import gettext as _
from hub.web.pages import task_hosts, task_passport, visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.panels import boxes
from hub.web.pages.routing import SEND, Who, page


@page("/project/<int:project_id>/tasks/<int:task_id>", Who.MEMBER)
async def task(project_id: int, task_id: int) -> Response:
    """The log and everything about one task."""
    here = visit.visit()
    found = await task_with_template(here.actor, project_id, task_id)
    if visit.wants_fragment() and request.args.get("part") == "plan":
        return await visit.show("parts/task_plan.html", plan=await _plan(project_id, task_id))
    if visit.wants_fragment() and request.args.get("part") == "left":
        return await visit.show("parts/task_left.html", **await _left(project_id, task_id), task=found)
    if visit.wants_fragment() and request.args.get("part") == "stages":
        return await visit.show("parts/task_stages.html", **await task_passport.staged(project_id, found))
    if visit.wants_fragment() and request.args.get("part") == "hosts":
        return await task_hosts.part(project_id, found)
    finished = found["status"] in FINISHED
    shared: dict[str, Any] = {
        "task": found,
        "started_by": _started_by(found),
        "details": await _details(project_id, found),
        "panels": await boxes("task", task_id=task_id, template_id=found["template_id"]),
        "may_delete": here.actor.admin and finished,
    } | await task_passport.shown(project_id, found)
    if visit.wants_fragment():
        return await visit.show("parts/task_side.html", **shared)
    shared |= await task_hosts.shown(project_id, found) | await _left(project_id, task_id)
    shared["earlier"] = await compare.earlier(found)
    shared["log_gone"] = finished and await log.place_of(task_id) == log.GONE
    return await visit.show("task.html", live=not finished, plan=await _plan(project_id, task_id), **shared)


@page("/project/<int:project_id>/tasks/<int:task_id>/stop", Who.MEMBER, methods=SEND)
async def task_stop(project_id: int, task_id: int) -> Response:
    """Ask the task to end, or kill it."""
    here = visit.visit()
    force = (await request.form).get("force") == "true"
    await service.stop(here.hub, here.actor, project_id, task_id, force=force)
    return _done(project_id, task_id)


@page("/project/<int:project_id>/tasks/<int:task_id>/confirm", Who.MEMBER, methods=SEND)
async def task_confirm(project_id: int, task_id: int) -> Response:
    """Let a task that asks go on."""
    here = visit.visit()
    await service.confirm(here.hub, here.actor, project_id, task_id, await _decision())
    return _done(project_id, task_id)


@page("/project/<int:project_id>/tasks/<int:task_id>/reject", Who.MEMBER, methods=SEND)
async def task_reject(project_id: int, task_id: int) -> Response:
    """End a task that asks."""
    here = visit.visit()
    await service.reject(here.hub, here.actor, project_id, task_id, await _decision())
    return _done(project_id, task_id)


@page("/project/<int:project_id>/tasks/<int:task_id>/again", Who.MEMBER, methods=SEND)
async def task_again(project_id: int, task_id: int) -> Response:
    """Start it again as it was; where something is missing, ask for it."""
    here = visit.visit()
    try:
        made = await again.the_same(here.hub, here.actor, project_id, task_id, AgainDraft())
    except FORM_ERRORS as fault:
        found = await task_with_template(here.actor, project_id, task_id)
        say = faults(fault)[0]
        return visit.go("run", project_id=project_id, template_id=found["template_id"], task=task_id, say=say,
                        kind="danger")  # fmt: skip
    return visit.go("task", project_id=project_id, task_id=made["id"])


@page("/project/<int:project_id>/tasks/<int:task_id>/delete", Who.MEMBER, methods=SEND)
async def task_delete(project_id: int, task_id: int) -> Response:
    """Delete a finished task with its log."""
    here = visit.visit()
    await service.delete(here.hub, here.actor, project_id, task_id)
    return visit.go("history", project_id=project_id, say=_("Task #%(id)s was deleted.", id=task_id))


async def _decision() -> DecisionDraft:
    """Return what a person said to it."""
    return DecisionDraft.read({"reason": (await request.form).get("why", "")})


async def _plan(project_id: int, task_id: int) -> Mapping[str, Any] | None:
    """Return the last plan that the task has told of, in the shape that docs/plugins.md describes."""
    found = await results_of(visit.visit().actor, project_id, task_id, Asked(filters={"kind": PLAN}))
    return review_of(found[-1]["data"]) if found else None


async def _left(project_id: int, task_id: int) -> dict[str, Any]:
    """Return the outputs and artifacts of a task."""
    actor = visit.visit().actor
    written = [
        {**one, "text": as_text(one["value"])} for one in await outputs.shown(actor, project_id, task_id)
    ]  # fmt: skip
    return {"outputs": written, "artifacts": await files.listed(actor, project_id, task_id)}


def as_text(value: Any) -> str:
    """Return the value of an output as people read and copy it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _done(project_id: int, task_id: int) -> Response:
    if visit.quiet():
        return Response(status=204)
    return visit.go("task", project_id=project_id, task_id=task_id)


def _started_by(found: Mapping[str, Any]) -> str:
    if found.get("user_name"):
        return str(found["user_name"])
    if found.get("schedule_id"):
        return _("a schedule")
    if found.get("integration_id"):
        return _("an integration")
    return _("somebody who is gone") if not found.get("build_task_id") else _("a build")


async def _details(project_id: int, found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what was asked of this one task, with the labels that the run form has."""
    here = visit.visit()
    executor = await apps.find(here.hub, found.get("tpl_app", ""))
    shown: list[tuple[str, Any]] = []
    if found.get("inventory_id"):
        one = await inventories.get_inventory(here.actor, project_id, found["inventory_id"])
        shown.append((_("Inventory"), one["name"]))
    for name, value in (found.get("params") or {}).items():
        if value not in (None, "", [], False):
            shown.append((label_of(executor.task_params_type, name) if executor else name, readable(value)))
    if found.get("arguments"):
        shown.append((_("Arguments"), readable(_parsed(found["arguments"]))))
    answers = _parsed(found.get("environment") or "{}")
    if isinstance(answers, dict):
        shown += [(name, readable(value)) for name, value in answers.items()]
    return shown


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def readable(value: Any) -> Any:
    """Return a value as a text or a list of texts."""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return [str(one) for one in value]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
