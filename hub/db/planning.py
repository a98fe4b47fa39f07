"""Plans for the values at hand: what a client asks of a list differs too much from the rest to share one plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_for_values: ContextVar[bool] = ContextVar("planned_for_values", default=False)


@contextmanager
def planned_for_values(*, when: bool = True) -> Iterator[None]:
    """Have statements of the block planned for their own values, where the database would else keep one plan for any.

    PostgreSQL does so from the sixth execution of a prepared statement on, and that plan knows only averages: for the
    template that ran most it reads and sorts all of its tasks. A plan of its own costs a part of a millisecond.
    Source: https://www.postgresql.org/docs/current/sql-prepare.html ("Notes").
    """
    before = _for_values.set(when or _for_values.get())
    try:
        yield
    finally:
        _for_values.reset(before)


def is_planned_for_values() -> bool:
    """Tell whether the running block asked for that."""
    return _for_values.get()
