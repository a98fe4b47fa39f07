"""A project's front: its tasks, what happened, and the way to the first run."""

from __future__ import annotations

from typing import Any

from quart import Response, request

from hub.services import inventories, keys, repositories, team
from hub.services.dashboard import at_work, scope_of, template_names
from hub.web.i18n import gettext as _
from hub.web.pages import history as tasks
from hub.web.pages import visit
from hub.web.pages.panels import boxes
from hub.web.pages.routing import Who, page


@page("/project/<int:project_id>/history", Who.MEMBER)
async def history(project_id: int) -> Response:
    """Tasks of the project, newest first."""
    task_id = visit.query_number("t")
    if task_id is not None:
        return visit.go("task", project_id=project_id, task_id=task_id)
    now = await at_work(await scope_of(visit.visit().actor, project_id))
    now_address = visit.address("history", project_id=project_id, part="now")
    if visit.wants_fragment() and request.args.get("part") == "now":
        return await visit.show("parts/now.html", now=now, now_address=now_address)
    shared: dict[str, Any] = {
        **await tasks.page_of_tasks("history", project_id), "show_template": True,
        "empty_template": "parts/empty_history.html",
    }  # fmt: skip
    if visit.wants_fragment():
        return await visit.show("parts/history.html", **shared)
    known = await template_names(visit.visit().actor, project_id)
    fresh = not shared["tasks"] and not shared["filtered"] and not shared["older"]
    return await visit.show(
        "history.html", tab="history", now=now, now_address=now_address,
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

    steps = [
        step(found_keys, _("Add a key"), _("How the hub reaches private repositories and your hosts."), _("Add a key"),
             "keys_new"),
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
