"""Upkeep of sealed secrets: the canary that proves the key, the check, and the rotation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from tortoise.models import Model

from hub.context import Hub
from hub.db import unit
from hub.errors import SettingsError, Unavailable
from hub.models import Channel, Key, Option, Schedule, SecondFactor, State, Task
from hub.services.tasks.finish import SEALED
from hub.vault import place

CANARY = "vault.canary"
CANARY_TEXT = "the key ring fits this database"
_SEALED: tuple[tuple[type[Model], str, str], ...] = (
    (Key, "key", "secret"),
    (Task, "task", "secret"),
    (Schedule, "schedule", "secret"),
    (SecondFactor, "second_factor", "secret"),
    (State, "state", "state"),
    (Task, "task", "resumed"),
    (Channel, "channel", "params"),
)
"""Every sealed column: model, table, column. Of a column in `_DOCUMENTS`, its member `sealed`."""
_DOCUMENTS = frozenset({"resumed", "params"})


async def has_secrets() -> bool:
    """True when anything in the database was sealed."""
    if await Option.filter(key=CANARY).exists():
        return True
    for model, _, column in _SEALED:
        if await model.filter(**{f"{column}__isnull": False}).exists():
            return True
    return False


async def check_canary(hub: Hub) -> None:
    """Prove at start that the key ring fits the database; the first start writes the proof."""
    row = await Option.get_or_none(key=CANARY)
    where = place("option", "value", CANARY)
    if row is None:
        await Option.create(key=CANARY, value=hub.vault.seal(CANARY_TEXT, where))
        return
    try:
        hub.vault.open(row.value, where)
    except Unavailable:
        raise SettingsError(
            "The key ring does not fit this database: its secrets were sealed with another key. "
            "Restore the key ring that belongs to it."
        ) from None


@dataclass(slots=True)
class Report:
    """What a check or rotation found."""

    current: int = 0
    older: int = 0
    broken: list[str] = field(default_factory=list)


async def check(hub: Hub) -> Report:
    """Open every sealed secret."""
    report = Report()
    async for table, column, row_id, sealed, _ in _all_sealed():
        try:
            hub.vault.open(sealed, place(table, column, row_id))
        except Unavailable as error:
            report.broken.append(f"{table} {row_id}: {error}")
            continue
        if hub.vault.is_current(sealed):
            report.current += 1
        else:
            report.older += 1
    return report


async def rotate(hub: Hub) -> Report:
    """Seal every secret anew with the active key, row by row, while the hub goes on working."""
    report = Report()
    async for table, column, row_id, sealed, model in _all_sealed():
        if hub.vault.is_current(sealed):
            report.current += 1
            continue
        where = place(table, column, row_id)
        try:
            fresh = hub.vault.seal(hub.vault.open(sealed, where), where)
        except Unavailable as error:
            report.broken.append(f"{table} {row_id}: {error}")
            continue
        if await _replace(model, column, (row_id, sealed), fresh):
            report.older += 1
    return report


async def _replace(model: type[Model], column: str, old: tuple[int | str, str], fresh: str) -> bool:
    key = "key" if model is Option else "id"

    async def work() -> int:
        if column in _DOCUMENTS:
            row = await model.select_for_update().get_or_none(id=old[0])
            document = getattr(row, column) if row is not None else None
            if not document or document.get(SEALED) != old[1]:
                return 0
            return await model.filter(id=old[0]).update(**{column: {**document, SEALED: fresh}})
        return await model.filter(**{key: old[0], column: old[1]}).update(**{column: fresh})

    return bool(await unit(work))


async def _all_sealed() -> AsyncIterator[tuple[str, str, int | str, str, type[Model]]]:
    for model, table, column in _SEALED:
        last = 0
        while (
            rows := await model.filter(id__gt=last, **{f"{column}__isnull": False})
            .order_by("id")
            .limit(500)
            .values("id", column)
        ):
            for row in rows:
                value = row[column].get(SEALED) if isinstance(row[column], dict) else row[column]
                if value:
                    yield table, column, row["id"], value, model
            last = rows[-1]["id"]
    canary = await Option.get_or_none(key=CANARY)
    if canary is not None:
        yield "option", "value", CANARY, canary.value, Option
