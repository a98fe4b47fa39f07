"""What changes in the things that people manage: noted while it is saved, and kept with the event that tells of it.

A verb saves its row and records its event in one unit. In between, the row's former values are looked up and compared;
so every verb tells what it changed, those of tomorrow as well, and none can tell what is secret by mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final, TypeAlias

import orjson
from tortoise.expressions import Expression
from tortoise.models import Model
from tortoise.signals import pre_save

from hub.db import notes
from hub.models import (
    App,
    Channel,
    Environment,
    Freeze,
    HostConfig,
    Integration,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Invite,
    Key,
    Membership,
    Project,
    Repository,
    Role,
    Runner,
    Schedule,
    SecretStorage,
    Template,
    TemplateRole,
    User,
    View,
)

Changes: TypeAlias = dict[str, Any]
"""By name: [before, after]; null for a value that nobody may read."""

WATCHED: Final[tuple[type[Model], ...]] = (
    App, Channel, Environment, Freeze, HostConfig, Integration, IntegrationMatcher, IntegrationValue, Inventory, Invite,
    Key, Membership, Project, Repository, Role, Runner, Schedule, SecretStorage, Template, TemplateRole, User, View,
)  # fmt: skip

HIDDEN: Final[Mapping[type[Model], frozenset[str]]] = {
    Channel: frozenset({"params"}),
    Environment: frozenset({"password", "json", "env"}),
    Integration: frozenset({"task_params"}),
    IntegrationMatcher: frozenset({"value"}),
    Inventory: frozenset({"inventory"}),
    Invite: frozenset({"digest", "email"}),
    Key: frozenset({"secret"}),
    Repository: frozenset({"git_url"}),
    Runner: frozenset({"digest", "public_key", "webhook"}),
    Schedule: frozenset({"secret", "task_params"}),
    SecretStorage: frozenset({"params"}),
    Template: frozenset({"survey_vars", "arguments", "task_params"}),
    User: frozenset({"password_hash"}),
}
"""What is or may hold a secret: that it changed is all that is told."""

BY_ITSELF: Final = frozenset({
    "id", "created", "tasks", "params_version", "last_commit_hash", "next_run_at", "last_run_at", "last_task_id",
    "last_error", "runs", "touched", "cleaning_requested",
})  # fmt: skip
"""What nobody changes by hand."""

LONGEST: Final = 300
"""Characters of a value that are kept."""


def note(name: str, before: Any, after: Any) -> None:
    """Note a change that is saved in another way than row by row, in the unit under way."""
    if before != after:
        _noted()[name] = [shown(before), shown(after)]


def note_hidden(name: str) -> None:
    """Note that a value was replaced that nobody may read."""
    _noted()[name] = None


def note_columns(model: type[Model], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Note what an UPDATE changes in one row of a model."""
    _noted().update(_differences(model, before, after, after))


@contextmanager
def apart() -> Iterator[None]:
    """Keep what is noted here, with an event of its own, apart from what was noted before in the same unit."""
    found = _noted()
    before = dict(found)
    found.clear()
    yield
    found.clear()
    found.update(before)


def taken() -> Changes | None:
    """Return what was noted in the unit under way since the last event; None when it was nothing."""
    found = _noted()
    kept = dict(found)
    found.clear()
    return kept or None


def shown(value: Any) -> Any:
    """Return a value as it is kept: plain, and not too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = text.replace("\0", "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _noted() -> Changes:
    found = notes()
    return {} if found is None else found


@pre_save(*WATCHED)
async def _look(sender: type[Model], instance: Model, using: Any, only: Iterable[str] | None) -> None:
    """Compare a row that is saved with what it was."""
    if notes() is None:
        return
    names = [name for name in sender._meta.db_fields if name not in BY_ITSELF]  # noqa: SLF001 - Tortoise's own name
    if only is not None:
        names = [name for name in names if name in set(only)]
    after = {name: getattr(instance, name) for name in names}
    after = {name: value for name, value in after.items() if not isinstance(value, Expression)}
    if not instance._saved_in_db:  # noqa: SLF001 - Tortoise's own name
        if _noted():  # what is made along with something else goes without saying
            return
        made = {name: value for name, value in after.items() if value not in (None, "", False, 0, [], {})}
        made.pop("project_id", None)
        _add(sender, _differences(sender, {}, made, made))
        return
    found = await sender.filter(pk=instance.pk).using_db(using).values(*after)
    if found:
        _add(sender, _differences(sender, found[0], after, names))


def _differences(
    model: type[Model], before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str]
) -> Changes:
    hidden = HIDDEN.get(model, frozenset())
    changed = [name for name in names if name in after and before.get(name) != after[name]]
    return {name: None if name in hidden else [shown(before.get(name)), shown(after[name])] for name in changed}


def _add(model: type[Model], found: Changes) -> None:
    """Note the changes of a row; those of a second one beside it go by the name of its table."""
    noted, table = _noted(), str(model._meta.db_table)  # noqa: SLF001 - Tortoise's own name
    for name, change in found.items():
        noted[f"{table}.{name}" if name in noted else name] = change
