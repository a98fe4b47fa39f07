"""What `hub worker` runs: a hub without a web, and the loops that belong to it."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from hub.boot import open_hub
from hub.cli.running import run_beside, set_boot_aside, stop_on_signals
from hub.settings import Settings
from hub.worker.isolation import keep_to_itself
from hub.worker.main import dispatch_slowly_forever, sweep_forever, watch_forever, work
from hub.worker.notices import deliver_forever
from hub.worker.timer import fire_forever
from hub.worker.upkeep import tidy_forever

logger = logging.getLogger(__name__)


async def serve_worker(
    settings: Settings, *, tags: tuple[str, ...] = (), slots: int = 0, drain: int | None = None
) -> None:  # fmt: skip
    """Work for a distributed hub until SIGTERM or SIGINT, then let running tasks end."""
    drain = settings.drain if drain is None else drain
    keep_to_itself()
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with open_hub(settings, migrate=False) as hub:
        loops = [
            partial(dispatch_slowly_forever, hub),
            partial(sweep_forever, hub),
            partial(fire_forever, hub),
            partial(tidy_forever, hub),
            partial(deliver_forever, hub),
            partial(watch_forever, hub),
            partial(work, hub, tags=tags, slots=slots, drain=drain),
        ]
        if settings.metrics and settings.metrics_port:
            from hub.web.alone import serve_metrics  # noqa: PLC0415 - the web is 10 MB that most workers never need

            loops.append(partial(serve_metrics, hub))
        set_boot_aside()
        logger.info("The worker %s is ready.", hub.node)
        await run_beside(_until(stop), loops)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
