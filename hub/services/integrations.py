"""Integrations: what starts tasks when a request comes in. Receiving is in `hub.services.webhooks`."""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Integration, Inventory, Key, Template
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer, store
from hub.services.draft import Draft, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown
from hub.services.tasks.survey import parse_object

CLOSED: Final = "none"
"""Stored when nobody chose how senders prove themselves: no request is believed. The empty text, which lets everybody
in, has to be sent."""

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}", re.ASCII)
_UNNAMED: Final = "No Name set for integration"


class TaskParamsDraft(Draft):
    """The wire's `task_params`: what a task of an integration starts from."""

    environment: str = ""
    arguments: str = ""
    git_branch: str = Field(default="", max_length=255)
    message: str = Field(default="", max_length=250)
    version: str = Field(default="", max_length=20)
    inventory_id: Id = 0
    params: dict[str, Any] = Field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return what was filled in."""
        return {name: value for name, value in self.model_dump().items() if value}


class IntegrationDraft(Draft):
    """The wire's body of an integration; `active` is ours.

    The wire detaches `task_params` when they are omitted (S27). Here omitted ones stay as they are; `null` detaches.
    """

    id: Id = 0
    project_id: Id = 0
    template_id: Id = 0
    name: str = Field(default="", max_length=255)
    auth_method: str = Field(default=CLOSED, max_length=50)
    auth_secret_id: Id = 0
    auth_header: str = Field(default="", max_length=255)
    searchable: bool = False
    active: bool = True
    task_params: TaskParamsDraft | None = None


LISTING = Listing(
    Integration,
    columns={
        "id": "id",
        "name": "name",
        "template_id": "template_id",
        "auth_method": "auth_method",
        "auth_secret_id": "auth_secret_id",
        "auth_header": "auth_header",
        "searchable": "searchable",
        "active": "active",
    },
    words=("auth_method",),
)


async def list_integrations(actor: Actor, project_id: int, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Integrations of a project, without their task params."""
    grant = await require(actor, project_id)
    query = Integration.filter(project_id=project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "integration"))
    return found.shaped(lambda one: shown(grant, "integration", _wire(one)))


async def get_integration(actor: Actor, project_id: int, integration_id: int) -> dict[str, Any]:
    """One integration, with its task params."""
    grant = await require(actor, project_id)
    return shown(grant, "integration", _whole(await find(Integration, project_id, integration_id, "integration")))


async def integration_refs(actor: Actor, project_id: int, integration_id: int) -> dict[str, Any]:
    """What hinders deleting it: nothing does, and the wire says so with two nulls."""
    await require(actor, project_id)
    await find(Integration, project_id, integration_id, "integration")
    return {"matchers": None, "values": None}


async def create_integration(hub: Hub, actor: Actor, project_id: int, draft: IntegrationDraft) -> dict[str, Any]:
    """Add an integration."""
    await require(actor, project_id, MANAGE_RESOURCES)
    columns = await _columns(hub, project_id, draft)

    async def work() -> Integration:
        made = await Integration.create(project_id=project_id, active=draft.active, **columns)
        await _tell(hub, actor, made, "created")
        return made

    return _whole(await store(work))


async def update_integration(
    hub: Hub, actor: Actor, project_id: int, integration_id: int, draft: IntegrationDraft
) -> None:  # fmt: skip
    """Replace an integration; whether it is active is kept where the body is silent about that."""
    await require(actor, project_id, MANAGE_RESOURCES)
    await find(Integration, project_id, integration_id, "integration")
    if draft.id and draft.id != integration_id:
        raise Invalid("Integration ID in body and URL must be the same", field="id")
    columns = await _columns(hub, project_id, draft)
    if "active" in draft.model_fields_set:
        columns["active"] = draft.active
    if draft.omits("task_params"):
        columns.pop("task_params")

    async def work() -> None:
        integration = await find(Integration, project_id, integration_id, "integration")
        integration.update_from_dict(columns)
        await integration.save(update_fields=list(columns))
        await _tell(hub, actor, integration, "updated")

    await store(work)


async def delete_integration(hub: Hub, actor: Actor, project_id: int, integration_id: int) -> None:
    """Delete an integration with its matchers, values, aliases and deliveries; its tasks stay."""
    await require(actor, project_id, MANAGE_RESOURCES)

    async def work() -> None:
        integration = await find(Integration, project_id, integration_id, "integration")
        await integration.delete()
        await _tell(hub, actor, integration, "deleted")

    await store(work)


async def _columns(hub: Hub, project_id: int, draft: IntegrationDraft) -> dict[str, Any]:
    same_project(draft.project_id, project_id)
    if not draft.name:
        raise Invalid(_UNNAMED, field="name")
    known = hub.registry.webhook_adapters
    if draft.auth_method not in {"", CLOSED, *known}:
        choices = ", ".join(sorted(known))
        raise Invalid(f"There is no way to prove a sender named {draft.auth_method}; choose one of: {choices}.",
                      field="auth_method")  # fmt: skip
    if draft.auth_header and not _HEADER.fullmatch(draft.auth_header):
        raise Invalid("This is no name of a header; write letters, digits and dashes.", field="auth_header")
    template = await refer(Template, project_id, draft.template_id, "template_id")
    if template is None:
        raise Invalid("There is no such template in this project.", field="template_id")
    return {
        "name": draft.name,
        "template_id": template,
        "auth_method": draft.auth_method,
        "auth_secret_id": await refer(Key, project_id, draft.auth_secret_id, "auth_secret_id", owner=""),
        "auth_header": draft.auth_header,
        "searchable": draft.searchable,
        "task_params": await _task_params(project_id, draft.task_params),
    }


async def _task_params(project_id: int, draft: TaskParamsDraft | None) -> dict[str, Any] | None:
    if draft is None:
        return None
    parse_object(draft.environment, "task_params.environment")
    await refer(Inventory, project_id, draft.inventory_id, "inventory_id")
    return draft.stored()


async def _tell(hub: Hub, actor: Actor, integration: Integration, verb: str) -> None:
    text = f"Integration {integration.name} {verb}"
    await events.record(hub, actor, "integration", integration.id, text, project_id=integration.project_id)
    await events.announce(hub, actor, f"integration.{verb}", integration.id, integration.project_id)


def _wire(integration: Integration) -> dict[str, Any]:
    return {
        "id": integration.id,
        "name": integration.name,
        "project_id": integration.project_id,
        "template_id": integration.template_id,
        "auth_method": integration.auth_method,
        "auth_secret_id": integration.auth_secret_id,
        "auth_header": integration.auth_header,
        "searchable": integration.searchable,
        "active": integration.active,
    }


def _whole(integration: Integration) -> dict[str, Any]:
    return _wire(integration) | ({"task_params": integration.task_params} if integration.task_params else {})
