"""`hub worker`: working, and looking after those who work, on whatever machine."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from hub.cli.running import wait_for_children_quietly
from hub.cli.show import json_option, show_json, show_table
from hub.cli.start import full_log, settings_of, with_hub
from hub.cli.working import serve_worker
from hub.context import Hub
from hub.errors import SettingsError
from hub.services import workers
from hub.services.actor import SYSTEM
from hub.services.tasks.moves import DISPATCH

_node = click.argument("node", metavar="NODE")

_LOOK = 1.0
"""Seconds after which a worker that is waited for is looked at, should no ring be heard."""


@click.group("worker", invoke_without_command=True)
@click.option("--tags", default="", metavar="A,B", help="Serve tasks that want one of these tags, besides the others.")
@click.option("--slots", type=click.IntRange(0), default=0, metavar="N", help="Tasks that run here at once.")
@click.option(
    "--drain", type=click.IntRange(0), metavar="SECONDS",
    help="How long running tasks may go on when it is told to end; HUB_DRAIN (30) unless it is given.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, *, tags: str, slots: int, drain: int | None) -> None:
    """Run tasks for a hub that shares its work through Redis, until SIGTERM or Ctrl-C.

    Told to end, it takes nothing new and lets its tasks end; what had not begun by then waits for another worker. Told
    once more, it ends at once.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = settings_of(ctx)
    if not settings.redis_url:
        raise SettingsError(
            "A worker needs HUB_REDIS_URL, through which it shares the work of `hub serve`; "
            "without Redis, `hub serve` runs tasks itself."
        )
    full_log(settings)
    names = tuple(dict.fromkeys(tag.strip() for tag in tags.split(",") if tag.strip()))
    wait_for_children_quietly()
    asyncio.run(serve_worker(settings, tags=names, slots=slots, drain=drain))


@command.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """Show every worker of the hub, those inside a server too, with what it runs."""

    async def read(hub: Hub) -> list[dict[str, Any]]:
        return await workers.list_workers(hub, SYSTEM)

    rows = with_hub(ctx, read)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        row["used"] = f"{len(row['tasks'])} of {row['slots']}"
        row["runs"] = ", ".join(str(task["id"]) for task in row["tasks"])
        row["tags"] = ", ".join(row["tags"])
    show_table(rows, "node", "host", "state", "tags", "used", "runs", "isolation", "version", "seen")


@command.command("drain")
@_node
@click.option("--wait", is_flag=True, help="Return when its last task has ended.")
@click.pass_context
def drain(ctx: click.Context, /, *, node: str, wait: bool) -> None:
    """Let a worker take nothing new; what it runs goes on. `hub worker list` tells its name."""

    async def work(hub: Hub) -> None:
        async with hub.bell.listen(DISPATCH) as ears:
            await workers.set_draining(hub, SYSTEM, node, draining=True)
            while wait and any(one["node"] == node and one["tasks"] for one in await workers.seen_workers(hub)):
                await ears.wait(_LOOK)

    with_hub(ctx, work)
    click.echo(f"{node} takes nothing new" + (", and runs nothing any more." if wait else "."))


@command.command("undrain")
@_node
@click.pass_context
def undrain(ctx: click.Context, /, *, node: str) -> None:
    """Let a worker take tasks again."""

    async def work(hub: Hub) -> None:
        await workers.set_draining(hub, SYSTEM, node, draining=False)

    with_hub(ctx, work)
    click.echo(f"{node} takes tasks again.")
