"""`hub login`: keeps the address of a hub and a token for it."""

from __future__ import annotations

import sys

import click

from hub.cli import REMOTE
from hub.cli.remote import save
from hub.client import Client


@click.command("login")
@click.argument("server", required=False)
@click.pass_context
def command(ctx: click.Context, /, *, server: str | None) -> None:
    """Keep the address of a hub, and a token for it, for the commands to come.

    The token is asked for, or read from the first line of standard input. Make one on your account's page.
    """
    where = server or ctx.find_root().meta.get(REMOTE, {}).get("server")
    if not where:
        raise click.UsageError("Which hub? Write its address: hub login https://hub.example.org")
    token = click.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not token.strip():
        raise click.UsageError("Standard input holds no token.")
    with Client(where, token) as client:
        me = client.users.me()
        file = save(client.transport.connection.server, token.strip())
    click.echo(f"You are {me['username']} at {client.transport.connection.server}. Kept in {file}.")
