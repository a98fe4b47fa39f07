"""Writes the next migration from what changed in the models, and refuses what would break on a database with rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AddField, AddIndex, CreateModel, Operation
from tortoise.migrations.writer import MigrationWriter

from hub.db.address import read
from hub.db.database import ALIAS, LABEL, MODELS, connection_settings
from hub.db.schema import HISTORY
from hub.errors import Invalid


async def changes(*, models: str = MODELS, history: str = HISTORY) -> list[Operation]:
    """What the models have that the history does not; empty when they agree."""
    writer = await _writer(models, history)
    return writer.operations if writer is not None else []


async def new(name: str, *, models: str = MODELS, history: str = HISTORY) -> Path | None:
    """Write the next migration and return its file; None when the models changed nothing."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,60}", name):
        raise Invalid("Name a migration in lower case with underscores, such as `add_task_priority`.", field="name")
    writer = await _writer(models, history)
    if writer is None:
        return None
    writer.operations = ordered(writer.operations)
    refusals = [sentence for operation in writer.operations for sentence in refused(operation)]
    if refusals:
        raise Invalid(" ".join(refusals))
    number, _, _ = writer.name.partition("_")
    writer.name = f"{number}_{name}"
    return writer.write()


def refused(operation: Operation) -> list[str]:
    """Why an operation would fail or lie on a table that has rows."""
    if not isinstance(operation, AddField) or isinstance(operation.field, ManyToManyFieldInstance):
        return []
    field: Any = operation.field
    where = f"{operation.model_name}.{operation.name}"
    sentences = []
    if not field.null and not field.has_db_default():
        sentences.append(f"{where} is new and not null: give it db_default=, or null=True, for the rows that exist.")
    if field.index and not field.pk and not field.unique:
        sentences.append(f"{where} is new and has db_index: name it in Meta.indexes, or no index is created.")
    return sentences


def ordered(operations: Sequence[Operation]) -> list[Operation]:
    """New models after those that they refer to; a nullable reference that closes a circle is added at the end.

    Tortoise writes new models by their names and, without a word, leaves out every reference of a model whose target
    comes later.
    """
    waiting = [operation for operation in operations if isinstance(operation, CreateModel)]
    rest = [operation for operation in operations if not isinstance(operation, CreateModel)]
    new_models = {operation.name for operation in waiting}
    placed: list[Operation] = []
    later: list[Operation] = []
    done: set[str] = set()
    while waiting:
        unmet = {operation.name: _references(operation, new_models - done) for operation in waiting}
        free = [operation for operation in waiting if all(field.null for _, field in unmet[operation.name])]
        if not free:
            names = ", ".join(operation.name for operation in waiting)
            raise Invalid(f"These new models refer to one another with references that are not null: {names}.")
        chosen = min(free, key=lambda operation: len(unmet[operation.name]))
        waiting.remove(chosen)
        done.add(chosen.name)
        placed.append(_without(chosen, unmet[chosen.name], later))
    return [*placed, *later, *rest]


def _references(operation: CreateModel, targets: set[str]) -> list[tuple[str, Any]]:
    found = []
    for name, field in operation.fields:
        if isinstance(field, ForeignKeyFieldInstance):
            target = str(field.model_name).rpartition(".")[2]
            if target in targets and target != operation.name:
                found.append((name, field))
    return found


def _without(operation: CreateModel, references: list[tuple[str, Any]], later: list[Operation]) -> CreateModel:
    if not references:
        return operation
    names = {name for name, _ in references}
    columns = names | {field.source_field or f"{name}_id" for name, field in references}
    options = dict(operation.options or {})
    if any(columns.intersection(group) for group in options.get("unique_together", ())):
        raise Invalid(f"{operation.name} refers in a circle by a field of unique_together; write this step by hand.")
    moved = [index for index in options.get("indexes", ()) if columns.intersection(index.fields)]
    options["indexes"] = [index for index in options.get("indexes", ()) if index not in moved]
    later.extend(AddField(operation.name, name, field) for name, field in references)
    later.extend(AddIndex(operation.name, index) for index in moved)
    fields = [(name, field) for name, field in operation.fields if name not in names]
    return CreateModel(operation.name, fields, options, operation.bases)


async def _writer(models: str, history: str) -> MigrationWriter | None:
    app = {"models": [models], "migrations": history, "default_connection": ALIAS}
    config = {"connections": {ALIAS: connection_settings(read("sqlite://:memory:"))}, "apps": {LABEL: app}}
    context = TortoiseContext()
    with context:
        await context.init(config=config, init_connections=False)
        assert context.apps is not None
        for model in context.apps[LABEL].values():
            # A changed docstring is no change of the schema.
            model._meta.table_description = ""  # noqa: SLF001 - Tortoise's own name
        writers = await MigrationAutodetector(context.apps, {LABEL: app}).changes()
    return writers[0] if writers else None
