"""The schema's history: what is applied, going forward and back, and whether this hub may work with a database."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, Capabilities
from tortoise.context import TortoiseContext
from tortoise.exceptions import BaseORMException
from tortoise.migrations.executor import MigrationTarget

from hub.db.address import Address, read
from hub.db.database import ALIAS, LABEL, MODELS, connect, connection_settings
from hub.db.editor import Executor
from hub.db.unbroken import unbroken
from hub.db.unit import lock_number
from hub.errors import Invalid, SettingsError, Unavailable

HISTORY = "hub.migrations.versions"
HEAD = "head"
ZERO = "zero"
"""The name of the state before the first migration."""

_LOCK = "migrate"
_PATIENCE = 60
"""Seconds to wait for another node that migrates."""


class State(enum.Enum):
    """How a database stands to this hub's code."""

    EMPTY = "empty"
    BEHIND = "behind"
    CURRENT = "current"
    AHEAD = "ahead"


@dataclass(frozen=True)
class Status:
    """The migrations that a database has, those that it lacks, and those that this hub does not know."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    head: str

    @property
    def state(self) -> State:
        """One word for it."""
        if self.unknown:
            return State.AHEAD
        if not self.pending:
            return State.CURRENT
        return State.BEHIND if self.applied else State.EMPTY


async def status(url: str, *, history: str = HISTORY) -> Status:
    """Read where the database stands; nothing is created or changed."""
    address = read(url)
    if address.dialect == "sqlite" and (address.path is None or not address.path.exists()):
        known = await _known(Executor(_Nothing(), _apps(history)))
        return Status((), known, (), known[-1])
    async with _connected(address) as client:
        return await _status(Executor(client, _apps(history)))


async def check(url: str) -> State:
    """How the database stands to this hub."""
    return (await status(url)).state


async def upgrade(url: str, to: str = HEAD, *, history: str = HISTORY) -> tuple[str, ...]:
    """Apply what is pending, all or nothing, and return its names. Nodes that do so together take turns."""
    return await unbroken(_walk(read(url), history, lambda standing: _ahead_of(standing, to)))


async def downgrade(url: str, to: str, *, history: str = HISTORY) -> tuple[str, ...]:
    """Take back everything after the migration `to` (or `zero`), all or nothing, and return the names."""
    return await unbroken(_walk(read(url), history, lambda standing: _behind(standing, to)))


async def prepare(url: str, *, embedded: bool) -> tuple[str, ...]:
    """Before the hub starts: an embedded database is brought up to date; a shared one is its administrator's to change.

    Returns what was applied, here and not by another node meanwhile. Refuses with a sentence when the database is ahead
    of this hub, or shared and behind.
    """
    standing = await status(url)
    if standing.state is State.CURRENT:
        return ()
    place = read(url).shown
    if standing.state is State.AHEAD:
        raise SettingsError(_ahead(place, standing))
    if embedded:
        return await upgrade(url)
    if standing.state is State.EMPTY:
        raise SettingsError(f"The {place} has no tables yet. Run `hub db upgrade` once, then start again.")
    raise SettingsError(
        f"The {place} is behind this hub by {len(standing.pending)} migration(s), up to {standing.head}. "
        "Make a backup, run `hub db upgrade` once, then start again."
    )


async def _walk(address: Address, history: str, choose: Callable[[Status], str]) -> tuple[str, ...]:
    async with _locked(address) as connection:
        executor = Executor(connection, _apps(history))
        before = await _status(executor)
        if before.unknown:
            raise Invalid(_ahead(address.shown, before))
        target = MigrationTarget(LABEL, choose(before))
        try:
            await executor.migrate([target])
        except BaseORMException as error:
            if address.dialect != "mysql":
                raise
            raise Unavailable(
                f"A migration failed half-way: {error}. MariaDB and MySQL cannot take back changes of tables: restore "
                "the backup that you made before, then try again."
            ) from error
        after = await _status(executor)
        if address.dialect == "sqlite":
            await _references_hold(connection)
        changed = set(before.applied) ^ set(after.applied)
        return tuple(key for key in (*before.applied, *before.pending) if key in changed)


def _ahead_of(standing: Status, to: str) -> str:
    if to == HEAD:
        return standing.head
    return _one_of(standing.pending, to, "a pending")


def _behind(standing: Status, to: str) -> str:
    # "__first__" is Tortoise's word for taking back the first one too.
    return "__first__" if to == ZERO else _one_of(standing.applied, to, "an applied")


def _one_of(names: tuple[str, ...], to: str, kind: str) -> str:
    found = [name for name in names if name == to or name.startswith(f"{to}_")]
    if len(found) != 1:
        raise Invalid(f"{to!r} is not {kind} migration. There are: {', '.join(names) or 'none'}.", field="to")
    return found[0]


async def _status(executor: Executor) -> Status:
    known = await _known(executor)
    applied = tuple(key.name for key in await executor.recorder.applied_migrations() if key.app_label == LABEL)
    return Status(
        applied=applied,
        pending=tuple(name for name in known if name not in applied),
        unknown=tuple(name for name in applied if name not in known),
        head=known[-1],
    )


async def _known(executor: Executor) -> tuple[str, ...]:
    await executor.loader.build_graph()
    (head,) = executor.loader.graph.leaf_nodes(LABEL)
    return tuple(key.name for key in executor.loader.graph.forwards_plan(head))


@asynccontextmanager
async def _connected(address: Address) -> AsyncIterator[BaseDBAsyncClient]:
    """A connection apart from the one that the hub may have open, without models."""
    context = TortoiseContext()
    context.connections._init_config({ALIAS: connection_settings(address)})  # noqa: SLF001 - init() would bind the models
    with context:
        client = context.connections.get(ALIAS)
        try:
            await connect(client, address)
            yield client
        finally:
            await context.close_connections()


@asynccontextmanager
async def _locked(address: Address) -> AsyncIterator[BaseDBAsyncClient]:
    """One transaction around everything, which one node at a time can have."""
    if address.dialect == "sqlite":
        # A table that is built anew is dropped in between; with references on, that would delete what refers to it.
        address = address.changed(foreign_keys="OFF", busy_timeout=_PATIENCE * 1000)
    else:
        address = address.changed(command_timeout=None)
    async with _connected(address) as client, client._in_transaction() as connection:  # noqa: SLF001 - what Tortoise's in_transaction calls
        if address.dialect == "postgres":
            await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [lock_number(_LOCK)])
        if address.dialect != "mysql":
            yield connection
            return
        _, got = await connection.execute_query("SELECT GET_LOCK(%s, %s) AS got", [f"hub:{_LOCK}", _PATIENCE])
        if not got or got[0]["got"] != 1:
            raise Unavailable(
                f"Another node has been migrating the {address.shown} for {_PATIENCE} s. Try again later."
            )
        try:
            yield connection
        finally:
            await connection.execute_query("SELECT RELEASE_LOCK(%s)", [f"hub:{_LOCK}"])


async def _references_hold(connection: BaseDBAsyncClient) -> None:
    _, broken = await connection.execute_query("PRAGMA foreign_key_check")
    if broken:
        tables = ", ".join(sorted({row["table"] for row in broken}))
        raise Invalid(f"The migration would leave rows that refer to nothing in: {tables}. Nothing was changed.")


def _apps(history: str) -> dict[str, dict[str, Any]]:
    return {LABEL: {"models": [MODELS], "migrations": history, "default_connection": ALIAS}}


def _ahead(place: str, standing: Status) -> str:
    return (
        f"The {place} was written by a newer hub: it has {', '.join(standing.unknown)}, which this one does not know. "
        "Install that version, or restore a backup that this version made."
    )


class _Nothing(BaseDBAsyncClient):
    """Stands for a database that does not exist yet."""

    capabilities = Capabilities("sqlite")

    def __init__(self) -> None:
        super().__init__(ALIAS)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        return 0, []
