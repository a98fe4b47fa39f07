"""What `hub serve` and `hub worker` run: a hub, and the loops that belong to it."""

from __future__ import annotations

import asyncio
import gc
import logging
from functools import partial

from hub.boot import open_hub
from hub.context import Hub
from hub.settings import Settings
from hub.web.alone import serve_metrics
from hub.web.app import make_app
from hub.web.serve import run_beside, serve_app, stop_on_signals
from hub.worker.isolation import keep_to_itself
from hub.worker.main import (
    dispatch_forever,
    dispatch_slowly_forever,
    look_again_forever,
    sweep_forever,
    work,
)
from hub.worker.notices import deliver_forever
from hub.worker.timer import fire_forever
from hub.worker.upkeep import tidy_forever

logger = logging.getLogger(__name__)


async def serve(settings: Settings, *, demo: bool = False) -> None:
    """Serve the web; an embedded hub works here as well. Returns after SIGTERM or SIGINT, when running tasks ended."""
    keep_to_itself()
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with open_hub(settings) as hub:
        if demo:
            await _make_demo(hub)
        running = (dispatch_forever, sweep_forever, look_again_forever, fire_forever, tidy_forever, deliver_forever)
        loops = [partial(one, hub) for one in running]
        if not settings.redis_url:
            loops.append(partial(work, hub, drain=settings.drain))
        app = make_app(hub)
        _set_boot_aside()
        logger.info("The hub is at %s", settings.address)
        await run_beside(serve_app(app, settings, stop), loops)


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
            partial(work, hub, tags=tags, slots=slots, drain=drain),
        ]
        if settings.metrics and settings.metrics_port:
            loops.append(partial(serve_metrics, hub))
        _set_boot_aside()
        logger.info("The worker %s is ready.", hub.node)
        await run_beside(_until(stop), loops)


_NEW_OBJECTS = 10_000
"""How many more objects there are before rubbish is looked for; a task makes thousands, and hardly any in circles."""


def _set_boot_aside() -> None:
    """Spare the garbage collector what stays until the end: to look it all through takes it a tenth of a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 10)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def _make_demo(hub: Hub) -> None:
    from hub.services.demo import ensure_demo  # noqa: PLC0415 - only with --demo

    await ensure_demo(hub)
