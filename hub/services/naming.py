"""Finding things by what people call them: an id or a name."""

from __future__ import annotations

from tortoise.queryset import QuerySet

from hub.errors import Invalid, NotFound
from hub.models import Project, Template
from hub.services.access import require, visible_project_ids
from hub.services.actor import Actor

_MOST = 10  # namesakes that a sentence lists


async def project_named(actor: Actor, text: str) -> int:
    """Return the id of the project that is called so; `NotFound` for none, `Invalid` for several."""
    visible = await visible_project_ids(actor)
    query = Project.all() if visible is None else Project.filter(id__in=visible)
    return await _one(query, text, "project")


async def template_named(actor: Actor, project_id: int, text: str) -> int:
    """Return the id of the project's template that is called so."""
    await require(actor, project_id)
    return await _one(Template.filter(project_id=project_id), text, "template")


async def _one(query: QuerySet[Project] | QuerySet[Template], text: str, kind: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10 and await query.filter(id=int(text)).exists():
        return int(text)
    ids = [
        int(str(one)) for one in await query.filter(name=text).order_by("id").limit(_MOST).values_list("id", flat=True)
    ]
    if not ids:
        raise NotFound(f"There is no {kind} {text}.")
    if len(ids) > 1:
        raise Invalid(f"Several {kind}s are called {text}; use one of the ids {', '.join(map(str, ids))}.")
    return ids[0]
