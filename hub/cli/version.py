"""`hub version`."""

from __future__ import annotations

import click

from hub import __version__


@click.command("version", help="Show the version.")
def command() -> None:
    """Show the version."""
    click.echo(f"hub {__version__}")
