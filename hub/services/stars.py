"""Stars: the templates that a person keeps at the top. Nobody else sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tortoise.exceptions import IntegrityError

from hub.db import rows, unit
from hub.errors import Invalid
from hub.models import Star, Template
from hub.services.access import require, visible_project_ids
from hub.services.actor import Actor
from hub.services.belongings import find

MOST: Final = 500
"""Stars that one person may give."""


async def set_star(actor: Actor, project_id: int, template_id: int, *, starred: bool) -> None:
    """Keep a template at the top of the actor's lists, or no longer; what is so already stays so."""
    await require(actor, project_id)
    await find(Template, project_id, template_id, "template")
    if actor.user_id is None:
        raise Invalid("Only people give stars.")
    if not starred:
        await Star.filter(user_id=actor.user_id, template_id=template_id).delete()
        return
    if await Star.filter(user_id=actor.user_id).count() >= MOST:
        raise Invalid(f"You have given {MOST} stars, which is all that one person may give. Take one back first.")

    async def work() -> None:
        await Star.get_or_create(user_id=actor.user_id, template_id=template_id)

    try:
        await unit(work)
    except IntegrityError:  # the same person was faster in another window, or the template is gone
        await find(Template, project_id, template_id, "template")


async def starred_among(actor: Actor, template_ids: Sequence[int]) -> set[int]:
    """Return which of these templates the actor has starred."""
    if not template_ids or actor.user_id is None:
        return set()
    found = await Star.filter(user_id=actor.user_id, template_id__in=list(template_ids)).values_list("template_id")
    return {int(one[0]) for one in found}


async def list_stars(actor: Actor) -> list[dict[str, Any]]:
    """Return the templates that the actor has starred, of all projects that they still see."""
    if actor.user_id is None:
        return []
    found = await rows(_MINE, [actor.user_id])
    visible = await visible_project_ids(actor)
    return [row for row in found if visible is None or row["project_id"] in visible]


_MINE: Final = """
    SELECT "template"."id", "template"."name", "template"."app", "template"."project_id",
           "project"."name" AS "project_name"
    FROM "star" JOIN "template" ON "template"."id" = "star"."template_id"
                JOIN "project" ON "project"."id" = "template"."project_id"
    WHERE "star"."user_id" = ? ORDER BY "template"."name", "template"."id"
"""
