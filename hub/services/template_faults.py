"""Everything that is wrong with a template, not only what is met first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.context import Hub
from hub.errors import HubError, Invalid
from hub.models import Inventory, Repository
from hub.services import template_drafts
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.draft import MAX_ID
from hub.services.template_drafts import TemplateDraft

_MOST: Final = 20
_ANY: Final = MAX_ID
"""Stands for an inventory where there is none."""


async def check_template(
    hub: Hub, actor: Actor, project_id: int, body: Mapping[str, Any], template_id: int | None = None
) -> dict[str, str]:  # fmt: skip
    """Return a sentence for each member that would be refused; nothing is stored."""
    await require(actor, project_id, MANAGE_RESOURCES)
    tried, found = dict(body), dict[str, str]()
    for _ in range(_MOST):
        try:
            await _try(hub, project_id, tried, template_id)
        except HubError as error:
            field = error.field if isinstance(error, Invalid) else None
            if not field or field in found:
                found.setdefault(field or "", str(error))
                break
            found[field] = str(error)
            await _mend(project_id, tried, field)
        else:
            break
    return found


async def _try(hub: Hub, project_id: int, body: Mapping[str, Any], template_id: int | None) -> None:
    draft = TemplateDraft.read(body)
    executor = await template_drafts.executor_for(hub, draft.app, before=draft.app if template_id else None)
    if body.get("inventory_id") == _ANY:  # the project has none, and what else is wrong is to be told all the same
        if executor is not None and executor.capabilities.needs_script and not draft.playbook:
            raise Invalid("template playbook can not be empty", field="playbook")
        draft, executor = draft.model_copy(update={"inventory_id": None}), None
    await template_drafts.columns(project_id, draft, executor, template_id=template_id)
    await template_drafts.vaults(project_id, draft.vaults)
    await template_drafts.environment_ids(project_id, draft)


async def _mend(project_id: int, body: dict[str, Any], field: str) -> None:
    """Put something right in the place of what was refused, so that the next fault shows."""
    member, _dot, part = field.partition(".")
    if part and isinstance(body.get(member), dict):
        body[member] = {name: value for name, value in body[member].items() if name != part}
    elif member in {"name", "playbook"}:
        body[member] = "x"
    elif member in {"repository_id", "inventory_id"}:
        model = Repository if member == "repository_id" else Inventory
        ids = await model.filter(project_id=project_id).limit(1).values_list("id", flat=True)
        body[member] = ids[0] if ids else _ANY
    else:
        body.pop(member, None)
