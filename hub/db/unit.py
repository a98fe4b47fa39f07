"""The unit of work: what it writes lands together or not at all, and is announced only when it has landed."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from hub.db.database import Database, current
from hub.db.unbroken import unbroken

log = logging.getLogger(__name__)

T = TypeVar("T")
Callback = Callable[[], Awaitable[None]]


@dataclass(eq=False)
class _Scope:
    """An open unit, or a unit within one."""

    database: Database
    callbacks: list[Callback] = field(default_factory=list)
    children: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Savepoints of one connection nest, so units within a unit that were started side by side take turns."""
    open: bool = True
    notes: dict[str, Any] = field(default_factory=dict)
    """What those who write leave for those who tell of it, in the same unit."""


_PAUSES: Final = (0.01, 0.03, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds before a unit that was taken back is done again, and so often."""
_DEADLOCKS: Final = frozenset({"40001", "40P01"})
"""What MariaDB and PostgreSQL call it."""

_scope: ContextVar[_Scope | None] = ContextVar("unit", default=None)


async def unit(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in a transaction to its end, even when the caller is cancelled meanwhile.

    The cancellation is raised when the unit has ended; until then the caller waits, so keep units short and free of
    network calls. Within a unit, a further unit is a savepoint of it: it lands with the outer one, and can fail alone.

    When the database takes a unit back because it and others wait for one another, `work` is called once more.
    """
    if _inner() is not None:
        return await _transact(work)
    return await unbroken(_persist(work))


@asynccontextmanager
async def transaction() -> AsyncIterator[None]:
    """The same as a block, in the caller's own task: here a cancelled caller rolls back."""
    outer = _inner()
    if outer is not None:
        async with outer.children, _nested(outer):
            yield
        return
    scope = _Scope(current())
    landed = False
    opening = scope.database.client._in_transaction()  # noqa: SLF001 - what Tortoise's in_transaction calls
    try:
        async with opening as connection:
            with _entered(scope):
                yield
            landed = True
    finally:
        # A cancellation during the commit comes after it; what has landed is announced all the same.
        if landed and getattr(connection, "committed", True):
            await unbroken(_announce(scope.callbacks))


async def on_commit(callback: Callback) -> None:
    """Call `callback` when the outermost unit has landed; at once outside of a unit; never if it is rolled back.

    Callbacks run in their order, outside of the transaction, before `unit` returns. One that fails is logged.
    """
    scope = _inner()
    if scope is None:
        await _announce([callback])
    else:
        scope.callbacks.append(callback)


async def exclusive(name: str) -> None:
    """Wait until no other unit of any node holds the lock `name`, and hold it until this unit ends."""
    scope = _inner()
    if scope is None:
        raise RuntimeError("exclusive() holds a lock until its unit ends; call it inside a unit.")
    client = scope.database.client
    if scope.database.dialect == "postgres":
        await client.execute_query("SELECT pg_advisory_xact_lock($1)", [lock_number(name)])
    elif scope.database.dialect == "mysql":
        # One statement: whoever looked first would share the lock with others who did, and they would never part.
        await client.execute_query(
            "INSERT INTO `node_lock` (`name`) VALUES (%s) ON DUPLICATE KEY UPDATE `name` = `name`", [name]
        )
    # SQLite: a unit is the only writer of all from its first moment.


async def hold_still() -> None:
    """Let the unit under way see the database as it is now, whatever others write meanwhile; before anything else."""
    client: Any = current().client
    if current().dialect == "postgres":
        await client.execute_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    elif current().dialect == "mysql":
        await client.hold_still()
    # SQLite: nobody else writes while a unit lasts.


def lock_number(name: str) -> int:
    """The number of a named lock in PostgreSQL."""
    return int.from_bytes(hashlib.sha256(f"hub:{name}".encode()).digest()[:8], "big", signed=True)


def notes() -> dict[str, Any] | None:
    """What was noted in the unit under way, to be added to; None outside of one."""
    scope = _inner()
    return None if scope is None else scope.notes


def in_unit() -> bool:
    """Whether the caller's statements belong to an open unit."""
    return _inner() is not None


def _inner() -> _Scope | None:
    scope = _scope.get()
    return scope if scope is not None and scope.open else None


async def _persist(work: Callable[[], Awaitable[T]]) -> T:
    for pause in _PAUSES:
        try:
            return await _transact(work)
        except Exception as error:
            if not _is_deadlock(error):
                raise
            log.info("The database took back a unit that stood in the way of another: %s. It is done again.", error)
        await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - to part those who met
    return await _transact(work)


def _is_deadlock(error: BaseException) -> bool:
    """Whether the database took back the whole transaction, to be done again."""
    told = (error, *error.args[:1])  # the driver's own error, or Tortoise's around it
    return any(getattr(one, "sqlstate", None) in _DEADLOCKS for one in told)


async def _transact(work: Callable[[], Awaitable[T]]) -> T:
    async with transaction():
        return await work()


@asynccontextmanager
async def _nested(outer: _Scope) -> AsyncIterator[None]:
    scope = _Scope(outer.database, notes=outer.notes)
    async with outer.database.client._in_transaction():  # noqa: SLF001 - what Tortoise's in_transaction calls
        with _entered(scope):
            yield
    outer.callbacks.extend(scope.callbacks)


@contextmanager
def _entered(scope: _Scope) -> Iterator[None]:
    token = _scope.set(scope)
    try:
        yield
    finally:
        # Tasks that were started inside still see this scope; they must not take it for an open one.
        scope.open = False
        _scope.reset(token)


async def _announce(callbacks: list[Callback]) -> None:
    for callback in callbacks:
        try:
            await callback()
        except Exception:
            log.exception("What was to follow a commit failed; the commit stands.")
