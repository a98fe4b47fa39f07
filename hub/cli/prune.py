"""`hub task prune`: removing what is over the limits now, or only telling how much that is."""

from __future__ import annotations

import click

from hub.cli.show import json_option, show_json
from hub.cli.start import with_hub
from hub.context import Hub
from hub.db import column
from hub.errors import Conflict
from hub.models import Project
from hub.services import retention, retention_round
from hub.services.actor import SYSTEM


@click.command("prune")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@json_option
@click.pass_context
def command(ctx: click.Context, *, dry_run: bool, as_json: bool) -> None:
    """Remove tasks and logs that are over the limits, on the hub whose database this is.

    A hub that runs does the same by itself, every five minutes.
    """
    found = with_hub(ctx, _count if dry_run else _remove)
    if as_json:
        show_json(found)
        return
    for one in found:
        click.echo(f"Project {one['project_id']}: {one['tasks']} tasks, and {one['logs']} logs of tasks that stay.")
    if not found:
        click.echo("Nothing is over the limits.")


async def _count(hub: Hub) -> list[dict[str, int]]:
    found = []
    for project_id in await column(Project.all().order_by("id"), "id"):
        seen = await retention.look(hub, SYSTEM, project_id)
        found.append({"project_id": project_id, "tasks": seen["over_tasks"], "logs": seen["over_logs"]})
    return [one for one in found if one["tasks"] or one["logs"]]


async def _remove(hub: Hub) -> list[dict[str, int]]:
    removed = await retention_round.run(hub, at_once=True)
    if removed is None:
        raise Conflict("A running hub is at it; try again when it is done.")
    return [{"project_id": project_id, "tasks": one.tasks, "logs": one.logs} for project_id, one in removed.items()]
