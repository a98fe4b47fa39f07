"""`hub db`: the database's tables."""

from __future__ import annotations

import asyncio

import click

from hub.cli.show import json_option, show_json
from hub.cli.start import settings_of
from hub.db import authoring, schema


@click.group("db")
def command() -> None:
    """Look after the database's tables. Make a backup before you change them."""


@command.command("status")
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show whether the database fits this hub; nothing is changed."""
    standing = asyncio.run(schema.status(settings_of(ctx).database))
    if as_json:
        show_json({
            "state": standing.state.value, "applied": standing.applied, "pending": standing.pending,
            "unknown": standing.unknown,
        })  # fmt: skip
        return
    click.echo(_WORDS[standing.state])
    for title, names in (("pending", standing.pending), ("unknown", standing.unknown)):
        for name in names:
            click.echo(f"  {title}: {name}")


_WORDS = {
    schema.State.CURRENT: "The database is up to date.",
    schema.State.EMPTY: "The database has no tables yet; `hub db upgrade` makes them.",
    schema.State.BEHIND: "The database is behind this hub; `hub db upgrade` brings it up to date.",
    schema.State.AHEAD: "The database was written by a newer hub.",
}


@command.command("upgrade")
@click.option("--to", default=schema.HEAD, metavar="NAME", help="Stop at this migration.")
@click.pass_context
def upgrade(ctx: click.Context, *, to: str) -> None:
    """Apply what is pending, all or nothing."""
    settings = settings_of(ctx)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tell("Applied", asyncio.run(schema.upgrade(settings.database, to)))


@command.command("downgrade")
@click.argument("to", metavar="NAME")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def downgrade(ctx: click.Context, *, to: str, yes: bool) -> None:
    """Take back every migration after NAME, or all with `zero`. What newer tables hold is lost."""
    settings = settings_of(ctx)
    if not yes:
        click.confirm(f"Take back everything after {to}? Data of newer tables is lost", abort=True)
    _tell("Took back", asyncio.run(schema.downgrade(settings.database, to)))


@command.command("new", hidden=True)
@click.argument("name")
def new(name: str) -> None:
    """Write the next migration from what changed in the models; for those who develop the hub."""
    path = asyncio.run(authoring.new(name))
    click.echo(str(path) if path else "The models changed nothing.")


def _tell(verb: str, names: tuple[str, ...]) -> None:
    for name in names:
        click.echo(f"{verb} {name}.")
    if not names:
        click.echo("There was nothing to do.")
