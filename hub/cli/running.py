"""How `hub serve` and `hub worker` start quickly, run their loops, and end in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

logger = logging.getLogger(__name__)

_NEW_OBJECTS: Final = 10_000
"""How many more objects there are before rubbish is looked for; a task makes thousands, and hardly any in circles."""


def wait_for_children_quietly() -> None:
    """Let the kernel tell when a program ends, as Python 3.12 and newer do, in place of one waiting thread for each.

    It is for the loop that is begun next.
    """
    if sys.version_info < (3, 12) and hasattr(os, "pidfd_open"):
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError:
            return  # a kernel, or a container's rules, without it
        asyncio.get_event_loop_policy().set_child_watcher(asyncio.PidfdChildWatcher())


def set_boot_aside() -> None:
    """Spare the garbage collector what stays until the end: to look it all through takes it a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 10)


async def run_beside(main: Coroutine[Any, Any, None], loops: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run `main` with loops beside it; they end with it, and a loop that ends before is an error."""
    beside = [asyncio.ensure_future(loop()) for loop in loops]
    ahead = asyncio.create_task(main)
    try:
        await asyncio.wait({ahead, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for one in beside:
            if one.done():
                one.result()
        await ahead
    finally:
        ahead.cancel()
        for one in beside:
            one.cancel()
        await asyncio.gather(ahead, *beside, return_exceptions=True)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Let SIGTERM and SIGINT end the server in order; a second one ends it at once."""
    loop = asyncio.get_running_loop()

    def hear(number: signal.Signals) -> None:
        if stop.is_set():
            loop.remove_signal_handler(number)
            signal.raise_signal(number)
        logger.info("Stopping; a second signal stops at once.")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)
