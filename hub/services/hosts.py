"""Hosts before anything is run: those that a task would touch, and those of an inventory. A worker is asked."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any, Final

from hub.context import Hub
from hub.errors import Forbidden, Invalid
from hub.models import Inventory, Repository, Template
from hub.plugin import Executor
from hub.services import apps, inventory_sources, questions
from hub.services.access import RUN_TASKS, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.params import check_task_params
from hub.services.reading import WORKERS, shown
from hub.services.tasks import survey
from hub.services.tasks.launch import TaskDraft, overrides
from hub.services.tasks.wish import Wish

LIMIT: Final = 50.0
"""Seconds that a worker takes for a look at most."""
MOST_AT_ONCE: Final = 4
"""Looks of one worker."""
FRESH: Final = 30.0
"""Seconds for which an answer is good, unless what was asked about has changed."""
_MOST_KEPT: Final = 100
_FOLLOWS: Final = frozenset({"tasks"})
"""Columns of a template that change with each task, and say nothing about its hosts."""


class How(Enum):
    """How an answer is come by."""

    USUAL = "the last one while it is good, else a worker is asked"
    ANEW = "a worker is asked, although one has just answered"
    KEPT = "the last one while it is good, else none: nobody is asked"


_kept: dict[str, tuple[float, dict[str, Any]]] = {}
"""Answers by digest of the hub and of everything that decides them; the oldest first."""


async def of_template(
    hub: Hub, actor: Actor, at: tuple[int, int], draft: TaskDraft | None = None, *, how: How = How.USUAL
) -> dict[str, Any]:  # fmt: skip
    """Return the hosts that a task of the template would touch, with the draft's overrides; nothing is started.

    `at` are the ids of project and template. Raises `Unavailable` when no worker answers; what is wrong with playbook
    or inventory is part of the answer.
    """
    project_id, template_id = at
    grant = await require(actor, project_id, 0 if how is How.KEPT else RUN_TASKS, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    executor = _able(await apps.usable(hub, template.app))
    wanted = draft or TaskDraft()
    columns = await overrides(hub, grant, template, wanted)
    wish = Wish(
        project_id=project_id,
        app=template.app,
        template_id=template.id,
        inventory_id=columns.get("inventory_id") or template.inventory_id,
        branch=columns.get("git_branch"),
        commit=columns.get("commit_hash"),
        arguments=columns.get("arguments"),
        params=check_task_params(executor, wanted.params, wanted.limit),
        environment=json.dumps(
            survey.as_far(
                template.survey_vars or (),
                survey.parse_object(wanted.environment, "environment"),
                free=grant.overrides,
            )
        ),
    )
    found = await _asked(hub, wish, await _content(Template, template.id), how=how)
    return shown(grant, "hosts", found) | {"host_limit": template.host_limit}


async def of_inventory(
    hub: Hub, actor: Actor, project_id: int, inventory_id: int, *, how: How = How.USUAL
) -> dict[str, Any]:  # fmt: skip
    """Return the hosts of an inventory with their groups, and their variables without secrets.

    Raises `Unavailable` when no worker answers.
    """
    grant = await require(actor, project_id)
    inventory = await find(Inventory, project_id, inventory_id, "inventory")
    if how is not How.KEPT and not grant.effective & WORKERS:
        raise Forbidden("Your role does not let you read inventories.")
    executor = next((one for one in hub.registry.executors.values() if _tells(hub, one, inventory.type)), None)
    if executor is None:
        raise Invalid("An inventory of this type has no hosts.", field="type")
    wish = Wish(
        project_id=project_id,
        app=executor.name,
        inventory_id=inventory.id,
        repository_id=None if inventory.repository_id else await _home(hub, inventory),
    )
    return shown(grant, "hosts", await _asked(hub, wish, {}, how=how))


def has_hosts(hub: Hub, kind: str) -> bool:
    """Return whether inventories of a type have hosts that can be looked at."""
    return any(_tells(hub, one, kind) for one in hub.registry.executors.values())


def _tells(hub: Hub, executor: Executor, kind: str) -> bool:
    return executor.capabilities.tells_hosts and kind in inventory_sources.fitting(hub, executor)


def _able(executor: Executor) -> Executor:
    if not executor.capabilities.tells_hosts:
        raise Invalid(f"{executor.title} does not tell hosts before it runs.", field="app")
    return executor


async def _home(hub: Hub, inventory: Inventory) -> int | None:
    """Return the repository of the first template that uses the inventory: its file is there."""
    if inventory.type != "file" and inventory_sources.find(hub, inventory.type) is None:
        return None
    used = Template.filter(project_id=inventory.project_id, inventory_id=inventory.id).order_by("id")
    template = await used.first() or await Template.get_or_none(id=inventory.template_id or 0)
    if template is None and inventory.type == "file":
        raise Invalid(
            "The file of this inventory is in the repository of a template, and no template uses it yet. Choose a "
            "repository for the inventory, or the inventory for a template.",
            field="repository_id",
        )
    return template.repository_id if template else None


async def _content(model: type[Template | Inventory | Repository], row_id: int | None) -> dict[str, Any]:
    found = await model.filter(id=row_id).values() if row_id else []
    return {name: value for name, value in found[0].items() if name not in _FOLLOWS} if found else {}


async def _asked(
    hub: Hub, wish: Wish, template: Mapping[str, Any], *, how: How
) -> dict[str, Any]:  # fmt: skip
    inventory = await _content(Inventory, wish.inventory_id)
    repository = await _content(Repository, inventory.get("repository_id") or wish.repository_id)
    decides = json.dumps([hub.node, asdict(wish), template, inventory, repository], sort_keys=True, default=str)
    digest = hashlib.sha256(decides.encode()).hexdigest()
    kept = _kept.get(digest)
    if kept is not None and how is not How.ANEW and time.monotonic() - kept[0] < FRESH:
        return kept[1]
    if how is How.KEPT:
        return {**_shape(hub, {}), "looked": None}
    answer = _shape(hub, await questions.ask(hub, "hosts", asdict(wish), seconds=LIMIT + 5))
    _kept.pop(digest, None)
    if not answer["error"]:
        _kept[digest] = (time.monotonic(), answer)
        while len(_kept) > _MOST_KEPT:
            del _kept[next(iter(_kept))]
    return answer


def _shape(hub: Hub, told: Mapping[str, Any]) -> dict[str, Any]:
    names, groups = list(told.get("hosts") or ()), dict(told.get("groups") or {})
    variables = told.get("variables") or {}
    of_host: dict[str, list[str]] = {name: [] for name in names}
    for group, members in groups.items():
        for name in members:
            of_host[name].append(group)
    return {
        "hosts": [{"name": name, "groups": of_host[name], "variables": variables.get(name, {})} for name in names],
        "groups": {group: len(members) for group, members in groups.items()},
        "note": told.get("note", ""),
        "error": told.get("error", ""),
        "said": told.get("said", ""),
        "looked": hub.clock(),
    }
