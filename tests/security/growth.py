"""Thirty of everything, whatever the models are: what one row costs must not be paid for each of many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from hub import models
from hub.context import Hub
from hub.db import current
from hub.models import (
    App,
    DriftCheck,
    Event,
    HostFacts,
    Membership,
    Role,
    Schedule,
    Session,
    Task,
    TaskMove,
    TaskResult,
    Template,
    TemplateEnvironment,
    TemplateVault,
    Worker,
)
from hub.services.tasks import files
from hub.testing.booted import administrator

from .people import Things

ALONE = frozenset({"IdempotencyKey", "NodeLock", "Option", "Question", "RecoveryCode", "SecondFactor", "TaskChunk"})
"""What no list shows row by row."""

LATE = ("Membership", "TemplateEnvironment", "Task")
"""Copied after what they refer to."""


async def seed(hub: Hub, things: Things) -> None:
    """Add what a furnished project has none of, so that every list has a row."""
    now, actor = hub.clock(), await administrator()
    at = {"project_id": things.project}
    await Event.create(created=now, object_type="task", object_id=things.task, description="x", **at)
    await Membership.get_or_create(user_id=actor.user_id, defaults={"role": "owner"}, **at)
    await Session.create(digest="seed", user_id=actor.user_id, created=now, last_active=now)
    await App.create(id="own", title="Own")
    await Role.create(slug="of-hub", name="Of the hub", permissions=1)
    await Role.create(slug="of-project", name="Of the project", permissions=1, **at)
    await TemplateVault.create(template_id=things.template, name="vault", script="pass")
    await TemplateEnvironment.create(template_id=things.template, environment_id=things.environment)
    await Schedule.create(
        name="checker", template_id=things.template, cron_format="0 0 * * *", repository_id=things.repository, **at
    )
    await Task.create(template_id=things.build, status="waiting", created=now, **at)
    await TaskMove.create(task_id=things.task, at=now, source="waiting", target="starting")
    await DriftCheck.create(template_id=things.template, task_id=things.task, created=now, drifted=True, resources=[])
    await HostFacts.create(inventory_id=things.inventory, host="h", facts={}, task_id=things.task, created=now)
    await Worker.create(node="seed", host="h", version="1", tags=[], slots=1, started=now, seen=now)
    for kind in ("stage", "host", "failure"):
        await TaskResult.create(task_id=things.task, kind=kind, created=now, data={"name": kind, "host": kind})


async def multiply(things: Things, times: int) -> None:
    """Copy every row `times` times; a copy differs where it has to, and belongs to whom the row belongs to."""
    copies: dict[tuple[str, Any], list[Any]] = defaultdict(list)
    names = [name for name in models.__all__ if name not in ALONE]
    for name in sorted(names, key=lambda one: (one in LATE, LATE.index(one) if one in LATE else 0)):
        model: type[Model] = getattr(models, name)
        for row in await model.all():
            for number in range(times):
                made = await _copy(row, number, copies)
                if made is not None:
                    copies[name, row.pk].append(made.pk)
    for number, template_id in enumerate(copies["Template", things.template]):
        for row in (
            await Task.get(id=things.task), await TemplateVault.filter(template_id=things.template).first(),
            await TemplateEnvironment.filter(template_id=things.template).first(),
            await DriftCheck.filter(template_id=things.template).first(),
        ):  # fmt: skip
            assert row is not None
            assert await _copy(row, number, copies, template_id=template_id) is not None
    assert await Template.filter(project_id=things.project).count() > times
    for kept in await TaskResult.filter(kind=files.KIND):
        await TaskResult.filter(id=kept.id).update(data={"files": kept.data["files"] * (times + 1)})


async def _copy(row: Model, number: int, copies: Mapping[tuple[str, Any], list[Any]], **changes: Any) -> Model | None:
    meta = type(row)._meta
    columns = {
        name: getattr(row, name) for name in meta.fields_db_projection if name != "id" or not meta.pk.generated
    } | changes
    together = {name for group in meta.unique_together for name in group}
    for name, value in columns.items():
        field = meta.fields_map[name]
        text = isinstance(field, fields.CharField)
        relation = name.removesuffix("_id")
        if text and value and (field.unique or field.pk or name in together or name in {"name", "kind"}):
            columns[name] = f"{number}-{value}"[: field.max_length]
        elif relation in together and name not in changes and (type(row).__name__, relation) in _MOVED:
            columns[name] = _other(meta.fields_map[relation], value, number, copies)
        elif isinstance(field, fields.DatetimeField) and value is not None:
            columns[name] = value - number * (_SHORT if type(row) is Session else _LONG)
    if isinstance(columns.get("tags"), list):
        columns["tags"] = [f"tag {number}"]
    try:
        return await type(row).create(**columns)
    except IntegrityError:
        return None


_SHORT, _LONG = timedelta(minutes=1), timedelta(days=1)
"""A session that was idle for days has ended; figures are of days."""

_MOVED = {("Membership", "user"), ("TemplateEnvironment", "environment")}


def _other(field: Any, value: Any, number: int, copies: Mapping[tuple[str, Any], list[Any]]) -> Any:
    known = copies.get((field.related_model.__name__, value), [])
    return known[number] if number < len(known) else value


@asynccontextmanager
async def statements() -> AsyncIterator[list[str]]:
    """Every SELECT that SQLite runs meanwhile, on whichever connection."""
    heard: list[str] = []

    def hear(text: str) -> None:
        if text.lstrip().upper().startswith("SELECT"):
            heard.append(text)

    client: Any = current().client
    slow, quick = [client._connection, client._reader], client._quick._connection
    for one in slow:
        await one.set_trace_callback(hear)
    quick.set_trace_callback(hear)
    try:
        yield heard
    finally:
        for one in slow:
            await one.set_trace_callback(None)
        quick.set_trace_callback(None)
