"""Tells of outages in the audit, once what was away is back: while it is away, only the log and `/readyz` can tell.

An outage is what a look finds, or what somebody met between two looks: a request, a task that could not store its log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.context import Hub
from hub.db import rows, unit
from hub.db.trouble import trouble
from hub.felt import FELT, How, Part
from hub.services import election
from hub.services.actor import SYSTEM
from hub.services.events import record
from hub.services.tasks import leases

PATIENCE: Final = 3.0
"""Seconds that each part has to answer."""

FORGOT: Final = "The queue lost what it held; what was not begun yet was sent to the workers again"

_WORDS: Final[dict[How, str]] = {
    "away": "The {part} did not answer {node} for {seconds} s; it does again",
    "full": "The {part} had no room for what {node} wrote for {seconds} s; it has room again",
    "closed": "The {part} took nothing that {node} wrote for {seconds} s; it does again",
}
_TELLS: Final = "queue forgot"
_TOLD_ONCE: Final = timedelta(seconds=10)
"""For so long after one node has told that the queue forgot, no other one does."""


def met(error: BaseException) -> None:
    """Note an error that ended somebody's work, where the database is to blame for it. Never raises."""
    if how := trouble(error):
        FELT.note("database", how)


@contextmanager
def trying() -> Iterator[Callable[[BaseException], None]]:
    """The same for one who tries again and again: the outage is not over before this block ends."""
    with FELT.waiting() as note:

        def meet(error: BaseException) -> None:
            if how := trouble(error):
                note("database", how)

        yield meet


@dataclass(frozen=True, slots=True)
class _Outage:
    since: datetime
    how: How


class Outages:
    """What one node could not reach, and since when."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._open: dict[Part, _Outage] = {}

    async def look(self) -> None:
        """Ask the database and the queue; write an event for each that works again after it did not."""
        now, felt = self._hub.clock(), FELT.taken()
        for part, one in felt.items():
            since = now - timedelta(seconds=time.monotonic() - one.at)
            self._open.setdefault(part, _Outage(since, one.how))
        answers: dict[Part, bool] = {
            "database": await _answers(rows("SELECT 1 AS one")), "queue": await _answers(self._hub.queue.ping()),
        }  # fmt: skip
        for part, fine in answers.items():
            if not fine:
                self._open.setdefault(part, _Outage(now, "away"))
        if not answers["database"]:
            return
        for part in [one for one in self._open if answers[one] and one not in felt and not FELT.is_waited_for(one)]:
            await self._tell(part, self._open[part], now)
            del self._open[part]
        if answers["queue"] and await self._hub.queue.forgot():
            await self._send_again(now)

    async def _tell(self, part: str, outage: _Outage, now: datetime) -> None:
        seconds = max(1, round((now - outage.since).total_seconds()))
        await self._record(_WORDS[outage.how].format(part=part, node=self._hub.node, seconds=seconds))

    async def _send_again(self, now: datetime) -> None:
        """Hand over what the carrier has lost, without waiting until it has been missed for long."""
        await leases.send_again(self._hub, now)
        if await election.take(self._hub, _TELLS, _TOLD_ONCE):
            await self._record(FORGOT)

    async def _record(self, text: str) -> None:
        async def work() -> None:
            await record(self._hub, SYSTEM, "system", None, text, project_id=None)

        await unit(work)


async def _answers(asked: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await asked
    except Exception:  # noqa: BLE001 - whatever it is, there was no answer; who needed one has logged why
        return False
    return True
