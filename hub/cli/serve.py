"""`hub serve`."""

from __future__ import annotations

import asyncio

import click

from hub.cli.running import wait_for_children_quietly
from hub.cli.server import serve
from hub.cli.start import full_log, settings_of


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="Port to listen on.")
@click.option("--demo", is_flag=True, help="Make a project to try things with, unless there is one.")
@click.pass_context
def command(ctx: click.Context, *, host: str | None, port: int | None, demo: bool) -> None:
    """Serve the web page and the API until SIGTERM or Ctrl-C.

    Without HUB_REDIS_URL, tasks run in this very process, and have HUB_DRAIN seconds to end when it is told to. With
    it, start `hub worker` as well.
    """
    settings = settings_of(ctx, host=host, port=port)
    full_log(settings)
    wait_for_children_quietly()
    asyncio.run(serve(settings, demo=demo))
