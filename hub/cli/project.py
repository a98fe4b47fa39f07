"""`hub project`: projects of a hub elsewhere."""

from __future__ import annotations

import click

from hub.cli.remote import connect, output_option, show


@click.group("project")
def command() -> None:
    """See the projects of a hub elsewhere."""


@command.command("list")
@output_option
@click.pass_context
def list_projects(ctx: click.Context, /, *, output: str) -> None:
    """List the projects that you see."""
    show(connect(ctx).projects.list(), output, "id", "name", "created")
