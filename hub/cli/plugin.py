"""`hub plugin`: what is installed."""

from __future__ import annotations

import click

from hub import builtin, registry
from hub.cli.show import json_option, show_json, show_table
from hub.cli.start import settings_of
from hub.services.actor import SYSTEM
from hub.services.plugins import list_plugins


@click.group("plugin")
def command() -> None:
    """See which plugins are installed, what they bring, and why one is off."""


@command.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """Show every plugin that was found."""
    found = registry.load(off=settings_of(ctx).plugins_off, builtin=builtin.MODULES)
    rows = list_plugins(found, SYSTEM)
    if as_json:
        show_json(rows)
        return
    for row in rows:
        row["brings"] = ", ".join(name for names in row["offers"].values() for name in names)
    show_table(rows, "name", "state", "version", "brings")
    for problem in found.problems:
        click.echo(f"{problem.plugin or 'Plugins'}: {problem.sentence}", err=True)
