"""`hub worker`."""

from __future__ import annotations

import asyncio

import click

from hub.cli.server import serve_worker
from hub.cli.start import full_log, settings_of
from hub.errors import SettingsError


@click.command("worker")
@click.option("--tags", default="", metavar="A,B", help="Serve tasks that want one of these tags, besides the others.")
@click.option("--slots", type=click.IntRange(0), default=0, metavar="N", help="Tasks that run here at once.")
@click.pass_context
def command(ctx: click.Context, *, tags: str, slots: int) -> None:
    """Run tasks for a hub that shares its work through Redis, until SIGTERM or Ctrl-C."""
    settings = settings_of(ctx)
    if not settings.redis_url:
        raise SettingsError(
            "A worker needs HUB_REDIS_URL, through which it shares the work of `hub serve`; "
            "without Redis, `hub serve` runs tasks itself."
        )
    full_log(settings)
    names = tuple(dict.fromkeys(tag.strip() for tag in tags.split(",") if tag.strip()))
    asyncio.run(serve_worker(settings, tags=names, slots=slots))
