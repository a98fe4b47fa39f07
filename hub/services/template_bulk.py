"""What is done with several templates at once: each is dealt with by itself, and told of by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import Field

from hub.context import Hub
from hub.db import unit
from hub.errors import HubError, Invalid
from hub.models import Schedule, Task, Template, View
from hub.plugin import PluginError
from hub.services import events, refs, schedules, stars, templates
from hub.services.access import MANAGE_RESOURCES, RUN_TASKS, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find
from hub.services.draft import Draft
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.states import UNFINISHED
from hub.services.tasks.stop import stop_all
from hub.services.template_roles import bits_by_template

MOST: Final = 1000
"""Templates that one request deals with."""

Action = Literal["run", "stop", "move", "delete", "pause", "resume", "star"]
ACTIONS: Final[Mapping[str, int]] = {
    "run": RUN_TASKS, "stop": MANAGE_RESOURCES, "move": MANAGE_RESOURCES, "delete": MANAGE_RESOURCES,
    "pause": MANAGE_RESOURCES, "resume": MANAGE_RESOURCES, "star": 0,
}  # fmt: skip
"""What may be done, and the bits that it takes on each template."""


class RunDraft(Draft):
    """Body of a start of several templates."""

    template_ids: list[Id] = Field(default_factory=list)
    message: str = Field(default="", max_length=250)


class BulkDraft(Draft):
    """Body of what else is done with several templates."""

    action: str = Field(default="", max_length=20)
    """`stop`, `move`, `delete`, `pause` or `resume`; the last two are for schedules."""
    template_ids: list[Id] = Field(default_factory=list)
    view_id: Id | None = None
    """Where `move` moves them; null is no view."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with which templates."""

    action: str
    ids: tuple[int, ...]
    view_id: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one template, or would."""

    id: int
    name: str
    outcome: str
    """`done`, `skipped`, `failed`; `ready` where nothing was done yet."""
    sentence: str = ""
    """Why nothing was done, or what was."""
    task_id: int | None = None
    count: int = 0
    """Tasks that are stopped, or schedules that were switched."""

    def wire(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        shape: dict[str, Any] = {"template_id": self.id, "name": self.name, "outcome": self.outcome}
        more = {"sentence": self.sentence, "task_id": self.task_id, "count": self.count}
        return shape | {name: value for name, value in more.items() if value}


async def plan(actor: Actor, project_id: int, order: Order) -> list[Fate]:
    """Return what would become of each template; nothing is done."""
    look = await _look(actor, project_id, order)
    return [look.judged(row) for row in look.rows]


async def carry_out(hub: Hub, actor: Actor, project_id: int, order: Order) -> list[Fate]:
    """Do it with each template that it can be done with, and tell what became of each."""
    look = await _look(actor, project_id, order)
    if order.action == "move" and order.view_id is not None:
        await find(View, project_id, order.view_id, "view")
    found = []
    for row in look.rows:
        fate = look.judged(row)
        found.append(await _done(hub, actor, project_id, order, fate) if fate.outcome == "ready" else fate)
    return found


@dataclass(slots=True)
class _Look:
    """Everything that decides what can be done, in a few reads however many templates there are."""

    order: Order
    grant: Grant
    more: Mapping[int, int]
    rows: Sequence[Mapping[str, Any]]
    busy: frozenset[int]
    used: Mapping[int, str]

    def judged(self, row: Mapping[str, Any]) -> Fate:
        """Return whether the template is ready for it, or why not."""
        why = self._reason(row)
        return Fate(row["id"], str(row["name"]), "skipped" if why else "ready", why)

    def _reason(self, row: Mapping[str, Any]) -> str:
        bits = ACTIONS[self.order.action]
        if (self.grant.effective | self.more.get(row["id"], 0) & self.grant.ceiling) & bits != bits:
            return _NO_RIGHT
        if self.order.action == "run":
            if row["survey_vars"]:
                return _ASKS
            if row["type"] == "deploy" and row["build_template_id"]:
                return _ASKS_BUILD
        if self.order.action == "delete":
            if row["id"] in self.busy:
                return _BUSY
            return self.used.get(row["id"], "")
        return ""


_NO_RIGHT: Final = "Your role does not let you do that with this template."
_ASKS: Final = "It asks questions before it runs; start it from its own page."
_ASKS_BUILD: Final = "It asks which build to deploy; start it from its own page."
_BUSY: Final = "A task of it is not finished; stop it first."
SENTENCES: Final = (_NO_RIGHT, _ASKS, _ASKS_BUILD, _BUSY)
"""What people read of it, for translations."""


async def _look(actor: Actor, project_id: int, order: Order) -> _Look:
    grant = await require(actor, project_id)
    if order.action not in ACTIONS:
        await require(actor, project_id, MANAGE_RESOURCES)
        raise Invalid(f"The action must be one of: {', '.join(ACTIONS)}.", field="action", allowed=ACTIONS)
    more = await bits_by_template(project_id, grant.role)
    if not any(more.get(one, 0) & ACTIONS[order.action] for one in order.ids):
        grant = await require(actor, project_id, ACTIONS[order.action])
    if not order.ids:
        raise Invalid("Choose at least one template.", field="template_ids")
    if len(order.ids) > MOST:
        raise Invalid("At most 1,000 templates are dealt with at once; narrow the search.", field="template_ids")
    found = await _rows(project_id, order.ids)
    ids = [int(row["id"]) for row in found]
    busy, used = await _hindrances(project_id, ids) if order.action == "delete" else (frozenset(), {})
    return _Look(order, grant, more, found, busy, used)


async def _rows(project_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return the templates in the order of their ids as sent; unknown ids are left out."""
    found: dict[int, dict[str, Any]] = {}
    columns = ("id", "name", "type", "survey_vars", "build_template_id")
    for row in await Template.filter(project_id=project_id, id__in=list(ids)).values(*columns):
        found[row["id"]] = row
    return [found[one] for one in dict.fromkeys(ids) if one in found]


async def _hindrances(project_id: int, ids: Sequence[int]) -> tuple[frozenset[int], dict[int, str]]:
    """Return which templates are at work, and what deploys what others of them build."""
    busy = await Task.filter(template_id__in=list(ids), status__in=list(UNFINISHED)).values_list("template_id")
    used: dict[int, str] = {}
    deployed = Template.filter(project_id=project_id, build_template_id__in=list(ids)).order_by("name", "id")
    for template_id in {row[0] for row in await deployed.values_list("build_template_id")}:
        try:
            refs.refuse(templates.IN_USE, await refs.of_template(project_id, template_id), "inventories", "schedules")
        except HubError as error:
            used[int(template_id)] = str(error)
    return frozenset(int(row[0]) for row in busy), used


async def _done(hub: Hub, actor: Actor, project_id: int, order: Order, fate: Fate) -> Fate:
    try:
        made = await _work(hub, actor, project_id, order, fate.id)
    except (HubError, PluginError) as error:
        return Fate(fate.id, fate.name, "failed", str(error))
    return Fate(fate.id, fate.name, "done", task_id=made.get("task_id"), count=made.get("count", 0))


async def _work(hub: Hub, actor: Actor, project_id: int, order: Order, template_id: int) -> dict[str, Any]:
    match order.action:
        case "run":
            made = await launch(hub, actor, project_id, TaskDraft(template_id=template_id, message=order.message))
            return {"task_id": int(made["id"])}
        case "stop":
            return {"count": await stop_all(hub, actor, project_id, template_id)}
        case "move":
            await _move(hub, actor, project_id, template_id, order.view_id)
        case "delete":
            await templates.delete_template(hub, actor, project_id, template_id)
        case "star":
            await stars.set_star(actor, project_id, template_id, starred=True)
        case _:
            return {"count": await _switch(hub, actor, project_id, template_id, active=order.action == "resume")}
    return {}


async def _move(hub: Hub, actor: Actor, project_id: int, template_id: int, view_id: int | None) -> None:
    async def work() -> None:
        template = await find(Template, project_id, template_id, "template")
        if template.view_id == view_id:
            return
        template.view_id = view_id
        await template.save(update_fields=["view_id"])
        text = f"Template ID {template_id} moved to another view"
        await events.record(hub, actor, "template", template_id, text, project_id=project_id)

    await unit(work)


async def _switch(hub: Hub, actor: Actor, project_id: int, template_id: int, *, active: bool) -> int:
    found = Schedule.filter(project_id=project_id, template_id=template_id, active=not active).order_by("id")
    count = 0
    for schedule_id in await found.values_list("id", flat=True):
        await schedules.set_active(hub, actor, project_id, int(str(schedule_id)), active=active)
        count += 1
    return count
