"""Work that runs to its end even when the one who waits for it is cancelled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a task of its own and wait for its end, whatever happens to the caller.

    A cancellation that arrives meanwhile is raised when the work has ended, so `asyncio.timeout` and task groups
    see it as usual, only later. The work has the caller's context variables.
    """
    task = asyncio.get_running_loop().create_task(work)
    interruption: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is None:
        return task.result()
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.warning("Work whose caller went away failed.", exc_info=failure)
    raise interruption
