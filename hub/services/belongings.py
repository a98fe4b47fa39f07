"""Things of one project: found by id, stored whole, and never those of another project."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from pydantic import Field
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from hub.db import unit
from hub.errors import Conflict, InUse, Invalid, NotFound
from hub.services.draft import MAX_ID

M = TypeVar("M", bound=Model)
T = TypeVar("T")

Id = Annotated[int, Field(ge=0, le=MAX_ID)]
"""An id in a body; 0 stands for not sent, as on the wire."""


async def find(model: type[M], project_id: int, row_id: int, what: str) -> M:
    """Return a row of the project; `NotFound` for every other id, so that nobody learns of other projects."""
    row = await model.get_or_none(id=row_id, project_id=project_id) if 0 < row_id <= MAX_ID else None
    if row is None:
        raise NotFound(f"There is no such {what} in this project.")
    return row


async def refer(
    model: type[Model], project_id: int, row_id: int | None, field: str, *, missing: type[Invalid | NotFound] = Invalid,
    **further: Any,
) -> int | None:  # fmt: skip
    """Return an id that a body refers to, None for none; raises `missing` unless it is one of the project."""
    if not row_id:
        return None
    if row_id > MAX_ID or not await model.filter(id=row_id, project_id=project_id, **further).exists():
        what = field.removesuffix("_id").replace("_", " ")
        raise missing(f"There is no such {what} in this project.", field=field)
    return row_id


async def store(work: Callable[[], Awaitable[T]]) -> T:
    """Write in one unit. What was deleted by somebody else between check and write is a `Conflict`."""
    try:
        return await unit(work)
    except IntegrityError:
        raise Conflict("Something that this refers to was deleted meanwhile; load it again and retry.") from None


async def remove(work: Callable[[], Awaitable[T]], in_use: str) -> T:
    """Delete in one unit. What came into use between check and delete is `InUse`."""
    try:
        return await unit(work)
    except IntegrityError:
        raise InUse(f"{in_use}.") from None
