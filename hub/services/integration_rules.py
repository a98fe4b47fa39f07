"""The rules of an integration as one thing: its conditions and the values it takes out, read and replaced together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Integration, IntegrationMatcher, IntegrationValue
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import find, store
from hub.services.draft import Draft
from hub.services.integration_parts import (
    MatcherDraft,
    ValueDraft,
    list_matchers,
    list_values,
    matcher_columns,
    value_columns,
)

MOST = 100
"""Conditions, and values, of one integration."""

_M = TypeVar("_M", IntegrationMatcher, IntegrationValue)


class RulesDraft(Draft):
    """Every condition and every value. Those with an id replace the one that has it, those without are new."""

    matchers: list[MatcherDraft] = Field(default_factory=list, max_length=MOST)
    values: list[ValueDraft] = Field(default_factory=list, max_length=MOST)


async def get_rules(actor: Actor, project_id: int, integration_id: int) -> dict[str, Any]:
    """Every condition and every value, each in the order in which it was made."""
    values = await list_values(actor, project_id, integration_id)
    return {
        "matchers": list(await list_matchers(actor, project_id, integration_id)),
        "values": sorted(values, key=lambda one: int(one["id"])),
    }


async def put_rules(
    hub: Hub, actor: Actor, project_id: int, integration_id: int, draft: RulesDraft
) -> dict[str, Any]:  # fmt: skip
    """Make the rules be as sent, all or nothing: what is not sent is deleted. A fault names its row: `values.2.key`."""
    await require(actor, project_id, MANAGE_RESOURCES)
    wanted = [(one.id, named("matchers", n, matcher_columns, integration_id, one))
              for n, one in enumerate(draft.matchers)]  # fmt: skip
    values = [(one.id, named("values", n, value_columns, integration_id, one)) for n, one in enumerate(draft.values)]

    async def work() -> None:
        integration = await find(Integration, project_id, integration_id, "integration")
        await _replace(IntegrationMatcher, "matchers", integration_id, wanted)
        await _replace(IntegrationValue, "values", integration_id, values)
        text = f"Rules of integration {integration.name} updated"
        await events.record(hub, actor, "integration", integration_id, text, project_id=project_id)
        await events.announce(hub, actor, "integration.updated", integration_id, project_id)

    await store(work)
    return await get_rules(actor, project_id, integration_id)


def named(part: str, n: int, check: Any, integration_id: int, one: MatcherDraft | ValueDraft) -> dict[str, Any]:
    """Return the columns of a rule; what is wrong with it names its place."""
    try:
        columns: dict[str, Any] = check(integration_id, one)
    except Invalid as error:
        raise Invalid(error.sentence, field=f"{part}.{n}.{error.field or 'name'}") from None
    return columns


async def _replace(
    model: type[_M], part: str, integration_id: int, wanted: Sequence[tuple[int, dict[str, Any]]]
) -> None:  # fmt: skip
    known = {one.id: one for one in await model.filter(integration_id=integration_id)}
    kept = [row_id for row_id, _ in wanted if row_id]
    for n, (row_id, columns) in enumerate(wanted):
        if not row_id:
            await model.create(integration_id=integration_id, **columns)
        elif row_id not in known or kept.count(row_id) > 1:
            raise Invalid(
                "There is no such row any more; reload the rules and change them again.", field=f"{part}.{n}.id"
            )
        else:
            await known[row_id].update_from_dict(columns).save(update_fields=list(columns))
    if gone := set(known) - set(kept):
        await model.filter(id__in=gone).delete()
