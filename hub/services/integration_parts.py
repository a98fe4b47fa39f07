"""What belongs to an integration: conditions on requests, values taken out of them, and addresses."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any, TypeVar

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid, NotFound
from hub.models import Integration, IntegrationAlias, IntegrationMatcher, IntegrationValue
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, store
from hub.services.draft import MAX_ID, Draft
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown
from hub.services.webhook_values import check_key

_M = TypeVar("_M", IntegrationMatcher, IntegrationValue)
_UNNAMED = "No Name set for integration"
_WORDS = {IntegrationMatcher: "matcher", IntegrationValue: "value"}
_VEILED = {IntegrationMatcher: "integration_matcher", IntegrationValue: "integration_value"}
_KINDS = {IntegrationMatcher: "integrationmatcher", IntegrationValue: "integrationextractvalue"}


class MatcherDraft(Draft):
    """The wire's body of a matcher."""

    id: Id = 0
    integration_id: Id = 0
    name: str = Field(default="", max_length=255)
    match_type: str = ""
    method: str = ""
    body_data_type: str = ""
    key: str = Field(default="", max_length=510)
    value: str = Field(default="", max_length=510)


class ValueDraft(Draft):
    """The wire's body of a value to take out."""

    id: Id = 0
    integration_id: Id = 0
    name: str = Field(default="", max_length=255)
    value_source: str = ""
    body_data_type: str = ""
    key: str = Field(default="", max_length=255)
    variable: str = Field(default="", max_length=255)
    variable_type: str = ""


_PART = {"id": "id", "name": "name", "body_data_type": "body_data_type", "key": "key"}

MATCHERS = Listing(
    IntegrationMatcher,
    columns=_PART | {"match_type": "match_type", "method": "method", "value": "value"},
    default="id",
    searched=("name", "key", "value"),
    words=("match_type", "method", "body_data_type"),
    ignores_sort=True,
)

VALUES = Listing(
    IntegrationValue,
    columns=_PART | {"value_source": "value_source", "variable": "variable", "variable_type": "variable_type"},
    searched=("name", "key", "variable"),
    words=("value_source", "variable_type", "body_data_type"),
)

ALIASES = Listing(IntegrationAlias, columns={"id": "id"}, default="id", searched=())


async def list_matchers(
    actor: Actor, project_id: int, integration_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Matchers of an integration, in the order of their ids."""
    grant = await _look(actor, project_id, integration_id)
    return await _list(grant, MATCHERS, IntegrationMatcher, integration_id, asked)


async def get_matcher(actor: Actor, project_id: int, integration_id: int, matcher_id: int) -> dict[str, Any]:
    """One matcher."""
    grant = await _look(actor, project_id, integration_id)
    return _shown(grant, await _part(IntegrationMatcher, integration_id, matcher_id))


async def part_refs(
    actor: Actor, project_id: int, integration_id: int, *, matcher_id: int = 0, value_id: int = 0
) -> dict[str, Any]:
    """What uses a matcher or a value: nothing ever does."""
    await _look(actor, project_id, integration_id)
    if matcher_id:
        await _part(IntegrationMatcher, integration_id, matcher_id)
    else:
        await _part(IntegrationValue, integration_id, value_id)
    return {"integrations": []}


async def create_matcher(
    hub: Hub, actor: Actor, project_id: int, integration_id: int, draft: MatcherDraft
) -> dict[str, Any]:  # fmt: skip
    """Add a condition."""
    await _change(actor, project_id, integration_id)
    columns = matcher_columns(integration_id, draft)
    return await _create(hub, actor, (project_id, integration_id), IntegrationMatcher, columns)


async def update_matcher(
    hub: Hub, actor: Actor, at: tuple[int, int, int], draft: MatcherDraft
) -> None:  # fmt: skip
    """Replace the condition at (project, integration, matcher)."""
    project_id, integration_id, matcher_id = at
    await _change(actor, project_id, integration_id)
    await _part(IntegrationMatcher, integration_id, matcher_id)
    if draft.id and draft.id != matcher_id:
        raise Invalid("Matcher ID in body and URL must be the same", field="id")
    await _replace(hub, actor, at, IntegrationMatcher, matcher_columns(integration_id, draft))


async def delete_matcher(hub: Hub, actor: Actor, at: tuple[int, int, int]) -> None:
    """Delete the condition at (project, integration, matcher)."""
    await _delete(hub, actor, at, IntegrationMatcher)


async def list_values(
    actor: Actor, project_id: int, integration_id: int, asked: Asked = WHOLE
) -> Page[dict[str, Any]]:  # fmt: skip
    """Values that an integration takes out."""
    grant = await _look(actor, project_id, integration_id)
    return await _list(grant, VALUES, IntegrationValue, integration_id, asked)


async def get_value(actor: Actor, project_id: int, integration_id: int, value_id: int) -> dict[str, Any]:
    """One value; an unknown one is the caller's fault, in the wire's words."""
    grant = await _look(actor, project_id, integration_id)
    try:
        return _shown(grant, await _part(IntegrationValue, integration_id, value_id))
    except NotFound:
        raise Invalid("Failed to get IntegrationExtractValue, no rows in result set") from None


async def create_value(
    hub: Hub, actor: Actor, project_id: int, integration_id: int, draft: ValueDraft
) -> dict[str, Any]:  # fmt: skip
    """Add a value to take out."""
    await _change(actor, project_id, integration_id)
    columns = value_columns(integration_id, draft)
    return await _create(hub, actor, (project_id, integration_id), IntegrationValue, columns)


async def update_value(hub: Hub, actor: Actor, at: tuple[int, int, int], draft: ValueDraft) -> None:
    """Change those members of the value at (project, integration, value) that were sent."""
    project_id, integration_id, value_id = at
    await _change(actor, project_id, integration_id)
    stored = await _part(IntegrationValue, integration_id, value_id)
    if draft.id and draft.id != value_id:
        raise Invalid("Value ID in body and URL must be the same", field="id")
    merged = ValueDraft.model_validate(_wire(stored) | draft.model_dump(exclude_unset=True))
    await _replace(hub, actor, at, IntegrationValue, value_columns(integration_id, merged))


async def delete_value(hub: Hub, actor: Actor, at: tuple[int, int, int]) -> None:
    """Delete the value at (project, integration, value)."""
    await _delete(hub, actor, at, IntegrationValue)


async def list_aliases(
    hub: Hub, actor: Actor, project_id: int, asked: Asked = WHOLE, *, integration_id: int | None = None
) -> Page[dict[str, Any]]:  # fmt: skip
    """Addresses of one integration, or those of the project's searchable ones together."""
    grant = await require(actor, project_id)
    await _check_owner(project_id, integration_id)
    found = await ALIASES.rows(IntegrationAlias.filter(project_id=project_id, integration_id=integration_id), asked)
    return found.shaped(lambda alias: shown(grant, "integration_alias", _alias_wire(hub, alias)))


async def create_alias(
    hub: Hub, actor: Actor, project_id: int, *, integration_id: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """Add an address that nobody can guess."""
    await require(actor, project_id, MANAGE_RESOURCES)
    await _check_owner(project_id, integration_id)

    async def work() -> IntegrationAlias:
        made = await IntegrationAlias.create(
            alias=secrets.token_hex(8), project_id=project_id, integration_id=integration_id
        )
        await _tell_alias(hub, actor, made, "created")
        return made

    return _alias_wire(hub, await store(work))


async def delete_alias(
    hub: Hub, actor: Actor, project_id: int, alias_id: int, *, integration_id: int | None = None
) -> None:  # fmt: skip
    """Delete an address; one that is not there is gone already, as on the wire."""
    await require(actor, project_id, MANAGE_RESOURCES)
    await _check_owner(project_id, integration_id)
    if not 0 < alias_id <= MAX_ID:
        return

    async def work() -> None:
        alias = await IntegrationAlias.get_or_none(id=alias_id, project_id=project_id, integration_id=integration_id)
        if alias is not None:
            await alias.delete()
            await _tell_alias(hub, actor, alias, "deleted")

    await store(work)


async def _look(actor: Actor, project_id: int, integration_id: int) -> Grant:
    grant = await require(actor, project_id)
    await find(Integration, project_id, integration_id, "integration")
    return grant


async def _change(actor: Actor, project_id: int, integration_id: int) -> None:
    await require(actor, project_id, MANAGE_RESOURCES)
    await find(Integration, project_id, integration_id, "integration")


async def _check_owner(project_id: int, integration_id: int | None) -> None:
    if integration_id is not None:
        await find(Integration, project_id, integration_id, "integration")


async def _part(model: type[_M], integration_id: int, row_id: int) -> _M:
    row = await model.get_or_none(id=row_id, integration_id=integration_id) if 0 < row_id <= MAX_ID else None
    if row is None:
        raise NotFound(f"There is no such {_WORDS[model]} in this integration.")
    return row


async def _list(
    grant: Grant, listing: Listing, model: type[_M], integration_id: int, asked: Asked
) -> Page[dict[str, Any]]:  # fmt: skip
    found = await listing.rows(model.filter(integration_id=integration_id), asked, hidden=hidden(grant, _VEILED[model]))
    return found.shaped(lambda one: _shown(grant, one))


async def _create(
    hub: Hub, actor: Actor, at: tuple[int, int], model: type[_M], columns: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    project_id, integration_id = at

    async def work() -> _M:
        made = await model.create(integration_id=integration_id, **columns)
        await _tell(hub, actor, project_id, made, "created")
        return made

    return _wire(await store(work))


async def _replace(
    hub: Hub, actor: Actor, at: tuple[int, int, int], model: type[_M], columns: dict[str, Any]
) -> None:  # fmt: skip
    project_id, integration_id, row_id = at

    async def work() -> None:
        row = await _part(model, integration_id, row_id)
        row.update_from_dict(columns)
        await row.save(update_fields=list(columns))
        await _tell(hub, actor, project_id, row, "updated")

    await store(work)


async def _delete(hub: Hub, actor: Actor, at: tuple[int, int, int], model: type[_M]) -> None:
    project_id, integration_id, row_id = at
    await _change(actor, project_id, integration_id)

    async def work() -> None:
        row = await _part(model, integration_id, row_id)
        await row.delete()
        await _tell(hub, actor, project_id, row, "deleted")

    await store(work)


def matcher_columns(integration_id: int, draft: MatcherDraft) -> dict[str, Any]:
    """Return the columns of a condition, checked."""
    _same_integration(draft.integration_id, integration_id)
    _demand(draft.match_type, "No Match Type set", "match_type")
    _demand(draft.key, "No key set", "key")
    _demand(draft.value, "No value set", "value")
    _demand(draft.name, _UNNAMED, "name")
    columns = draft.model_dump(exclude={"id", "integration_id"})
    columns["method"] = draft.method or "equals"
    if draft.match_type == "body":
        columns["body_data_type"] = draft.body_data_type or "json"
    _one_of(draft.match_type, {"header", "body"}, "match_type")
    _one_of(columns["method"], {"equals", "unequals", "contains"}, "method")
    _one_of(draft.body_data_type, {"", "json", "string"}, "body_data_type")
    check_key(draft.key if columns["body_data_type"] == "json" else "")
    return columns


def value_columns(integration_id: int, draft: ValueDraft) -> dict[str, Any]:
    """Return the columns of a value, checked."""
    _same_integration(draft.integration_id, integration_id)
    _demand(draft.value_source, "No Value Source defined", "value_source")
    _demand(draft.name, _UNNAMED, "name")
    if draft.value_source == "body":
        _demand(draft.body_data_type, "Value Source but no body data type set", "body_data_type")
        if draft.body_data_type == "json":
            _demand(draft.key, "No Key set for JSON Body Data extraction.", "key")
            check_key(draft.key)
    if draft.value_source == "header":
        _demand(draft.key, "Value Source set but no Key set", "key")
    _one_of(draft.value_source, {"header", "body"}, "value_source")
    _one_of(draft.body_data_type, {"", "json", "string", "xml"}, "body_data_type")
    _one_of(draft.variable_type, {"", "environment", "task"}, "variable_type")
    return draft.model_dump(exclude={"id", "integration_id"})


def _same_integration(sent: int, url: int) -> None:
    if sent and sent != url:
        raise Invalid("Extractor ID in body and URL must be the same", field="integration_id")


def _demand(given: str, text: str, field: str) -> None:
    if not given:
        raise Invalid(text, field=field)


def _one_of(given: str, known: Collection[str], field: str) -> None:
    if given not in known:
        choices = ", ".join(sorted(one for one in known if one))
        raise Invalid(f"The member {field} must be one of: {choices}.", field=field)


async def _tell(hub: Hub, actor: Actor, project_id: int, row: IntegrationMatcher | IntegrationValue, verb: str) -> None:
    kind = _KINDS[type(row)]
    what = "Matcher" if isinstance(row, IntegrationMatcher) else "Value"
    text = f"{what} {row.name} of integration ID {row.integration_id} {verb}"
    await events.record(hub, actor, kind, row.id, text, project_id=project_id)
    await events.announce(hub, actor, "integration.updated", row.integration_id, project_id)


async def _tell_alias(hub: Hub, actor: Actor, alias: IntegrationAlias, verb: str) -> None:
    """Name the alias by its id alone: who knows the address can call it."""
    whose = "all integrations" if alias.integration_id is None else f"integration ID {alias.integration_id}"
    text = f"Address ID {alias.id} of {whose} {verb}"
    await events.record(hub, actor, "integration", alias.integration_id, text, project_id=alias.project_id)


def _shown(grant: Grant, row: IntegrationMatcher | IntegrationValue) -> dict[str, Any]:
    return shown(grant, _VEILED[type(row)], _wire(row))


def _wire(row: IntegrationMatcher | IntegrationValue) -> dict[str, Any]:
    draft = MatcherDraft if isinstance(row, IntegrationMatcher) else ValueDraft
    return {name: getattr(row, name) for name in draft.model_fields}


def _alias_wire(hub: Hub, alias: IntegrationAlias) -> dict[str, Any]:
    """Return the address as the wire has it: at the public address, else at this machine (S36)."""
    settings = hub.settings
    base = settings.public_url or f"http://localhost:{settings.port}"
    return {"id": alias.id, "url": f"{base}/api/integrations/{alias.alias}"}
