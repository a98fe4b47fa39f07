"""A project's front: its tasks, what happened, and the way to the first run."""

from __future__ import annotations

from typing import Any, Final

from quart import Response, request

from hub.services import inventories, keys, repositories, team
from hub.services.dashboard import at_work, failing, scope_of, template_names
from hub.web.i18n import gettext as _
from hub.web.pages import history as tasks
from hub.web.pages import visit
from hub.web.pages.panels import boxes
from hub.web.pages.routing import Who, page

_FAILING: Final = 3
"""Failing templates that stand over the history; the figures list the others."""


@page("/project/<int:project_id>/history", Who.MEMBER)
async def history(project_id: int) -> Response:
    """Tasks of the project, newest first."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    scope, part = await scope_of(visit.visit().actor, project_id), request.args.get("part")
    fronts: dict[str, Any] = {
        "now_address": visit.address("history", project_id=project_id, part="now"),
        "failing_address": visit.address("history", project_id=project_id, part="failing"),
        "failing_all": visit.address("stats", project_id=project_id, _anchor="failing"), "failing_most": _FAILING,
    }  # fmt: skip
    if visit.wants_fragment() and part == "now":
        return await visit.show("parts/now.html", now=await at_work(scope), **fronts)
    if visit.wants_fragment() and part == "failing":
        return await visit.show("parts/failing.html", failing=await failing(scope), **fronts)
    shared: dict[str, Any] = {
        **await tasks.page_of_tasks("history", project_id), "show_template": True,
        "empty_template": "parts/empty_history.html",
    }  # fmt: skip
    if visit.wants_fragment():
        return await visit.show("parts/history.html", **shared)
    known = await template_names(visit.visit().actor, project_id)
    fresh = not shared["tasks"] and not shared["filtered"] and not shared["older"]
    return await visit.show(
        "history.html", tab="history", now=await at_work(scope), failing=await failing(scope), **fronts,
        people=await team.list_members(visit.visit().actor, project_id), templates=known,
        panels=await boxes("dashboard"),
        steps=await _steps(project_id, known) if fresh and visit.visit().may_manage else [], **shared,
    )  # fmt: skip


async def _steps(project_id: int, known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is missing until the first run, in the order in which it is needed."""
    here = visit.visit()
    found_keys = [key for key in await keys.list_keys(here.actor, project_id) if key["type"] != "none"]
    found_repositories = await repositories.list_repositories(here.actor, project_id)
    found_inventories = await inventories.list_inventories(here.hub, here.actor, project_id)
    first = known[0]["id"] if known else None

    def step(done: object, title: str, note: str, action: str, endpoint: str, **path: int) -> dict[str, Any]:
        address = visit.address(endpoint, project_id=project_id, **path)
        return {"done": bool(done), "title": title, "note": note, "action": action, "address": address}

    steps = [] if known and not found_keys else [  # what runs already needs none
        step(found_keys, _("Add a key"), _("How the hub reaches private repositories and your hosts."), _("Add a key"),
             "keys_new"),
    ]  # fmt: skip
    steps += [
        step(found_repositories, _("Add a repository"), _("Where your playbooks and scripts live."),
             _("Add a repository"), "repositories_new"),
        step(found_inventories, _("Add an inventory"), _("The hosts that Ansible works on. Scripts need none."),
             _("Add an inventory"), "inventory_new"),
        step(known, _("Create a template"), _("What to run, with what, and what to ask before."),
             _("Go to the templates"), "templates"),
    ]  # fmt: skip
    if first is not None:
        steps.append(step(None, _("Run it"), _("And watch its log live."), _("Run"), "run", template_id=first))
    return steps
