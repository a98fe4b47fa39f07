"""Models read by statements that are written once: building one anew takes the ORM longer than reading takes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from tortoise.models import Model

from hub.db.database import current
from hub.db.rows import native

M = TypeVar("M", bound=Model)


async def every(model: type[M], **equal: Any) -> list[M]:
    """The rows whose columns equal these, none of which is None, by their primary key."""
    database = current()
    sql = native(_select(model, tuple(equal)), database.dialect)
    found = await database.client.execute_query_dict(sql, list(equal.values()))
    return [model._init_from_db(**row) for row in found]  # noqa: SLF001 - what a query of Tortoise makes its models with


async def one(model: type[M], **equal: Any) -> M | None:
    """The first of them; None when there is none."""
    found = await every(model, **equal)
    return found[0] if found else None


@lru_cache(maxsize=256)
def _select(model: type[Model], equal: tuple[str, ...]) -> str:
    meta = model._meta  # noqa: SLF001 - Tortoise's own name, which plugins of it use as well
    names = ", ".join(f'"{column}"' for column in meta.fields_db_projection.values())
    where = " AND ".join(f'"{column}" = ?' for column in equal)
    return f'SELECT {names} FROM "{meta.db_table}" WHERE {where} ORDER BY "{meta.db_pk_column}"'  # noqa: S608 - names of our code
