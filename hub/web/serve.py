"""Serves the web of a hub."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from hypercorn.asyncio import serve as run_hypercorn
from hypercorn.protocol.ws_stream import WSStream
from quart import Quart
from wsproto.events import Ping

from hub.settings import Settings
from hub.web import live
from hub.web.tls import TlsConfig, renew_forever, use_tls

GRACE = 5.0
"""Seconds that open requests have to end when the server stops; live views end at once."""


PING = 108
"""Seconds between pings to a WebSocket: the wire's own interval."""


MAX_HEADERS = 32 * 1024
"""Largest line and headers of a request, in bytes."""
KEEP_ALIVE = 75
"""Seconds that a connection may be idle, and in which a request's headers must have come whole."""
RENEW = 60.0
"""Seconds between looks at the files of the certificate."""


def hypercorn_config(settings: Settings) -> TlsConfig:
    """Return the web server's settings."""
    config = TlsConfig()
    config.bind = [f"{settings.host}:{settings.port}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    config.graceful_timeout = GRACE
    config.keep_alive_timeout = KEEP_ALIVE
    config.include_server_header = False
    config.websocket_ping_interval = PING
    config.websocket_max_message_size = 512
    config.h11_max_incomplete_size = MAX_HEADERS
    config.h2_max_header_list_size = MAX_HEADERS
    if settings.tls_certificate is not None:
        use_tls(config, settings)
    return config


async def _ping(stream: WSStream) -> None:
    """Send pings, and end with the connection: Hypercorn's own sleeps on, and keeps the connection's task with it."""
    seconds = 0
    while not stream.closed:
        if seconds % PING == 0:
            await stream._send_wsproto_event(Ping())  # noqa: SLF001 - Hypercorn's own names
        seconds += 1
        await stream.context.sleep(1)


WSStream._send_pings = _ping  # type: ignore[method-assign, assignment]  # noqa: SLF001 - Hypercorn's own name


async def serve_app(app: Quart, settings: Settings, stop: asyncio.Event) -> None:
    """Serve until `stop`, then close; a client that stays does not hold the server.

    The web server waits for open connections without end on Python 3.12 and newer, so it gets a limit of its own here.
    """
    config = hypercorn_config(settings)
    serving = asyncio.create_task(run_hypercorn(app, config, shutdown_trigger=stop.wait))
    renewing = asyncio.create_task(renew_forever(config, every=RENEW)) if settings.tls_certificate else None
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if renewing is not None:
        renewing.cancel()
    live.end_views(app)
    done, _ = await asyncio.wait({serving}, timeout=GRACE + 1)
    if not done:
        serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
