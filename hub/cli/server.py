"""What `hub serve` runs: a hub, its web, and the loops that belong to it."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from hub.boot import open_hub
from hub.cli.running import run_beside, set_boot_aside, stop_on_signals
from hub.context import Hub
from hub.settings import Settings
from hub.web.app import make_app
from hub.web.serve import serve_app
from hub.worker.isolation import keep_to_itself
from hub.worker.main import (
    be_known_forever,
    dispatch_forever,
    look_again_forever,
    sweep_forever,
    watch_forever,
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
        running = (dispatch_forever, sweep_forever, look_again_forever, fire_forever, tidy_forever, deliver_forever,
                   watch_forever, be_known_forever)  # fmt: skip
        loops = [partial(one, hub) for one in running]
        if not settings.redis_url:
            loops.append(partial(work, hub, drain=settings.drain))
        app = make_app(hub)
        set_boot_aside()
        logger.info("The hub is at %s", settings.address)
        await run_beside(serve_app(app, settings, stop), loops)


async def _make_demo(hub: Hub) -> None:
    from hub.services.demo import ensure_demo  # noqa: PLC0415 - only with --demo

    await ensure_demo(hub)
