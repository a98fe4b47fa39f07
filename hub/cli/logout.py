"""`hub logout`: forgets what `hub login` kept."""

from __future__ import annotations

import click

from hub.cli.remote import login_file


@click.command("logout")
def command() -> None:
    """Forget the hub and the token that `hub login` kept. The token itself stays valid; delete it on your account."""
    login_file().unlink(missing_ok=True)
    click.echo("Forgotten.")
