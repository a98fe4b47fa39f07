"""`hub token`: API tokens."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.show import json_option, show_json, show_table
from hub.cli.start import with_hub
from hub.context import Hub
from hub.services import sessions, users
from hub.services.access import SCOPES
from hub.services.actor import SYSTEM
from hub.services.naming import project_named
from hub.services.sessions import TokenDraft


@click.group("token")
def command() -> None:
    """Look after API tokens. A token may do whatever its user may, unless it has scopes or a project."""


@command.command("create")
@click.argument("login")
@click.option("--name", default="", help="What it is for.")
@click.option("--expires", metavar="TIME", help="When it ends, such as 2027-01-31T12:00:00Z; never when left out.")
@click.option("--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True,
              help="What it is good for; may be given several times. All that the user may when left out.")  # fmt: skip
@click.option("--project", help="Id or name of the one project that it is good for.")
@json_option
@click.pass_context
def create(ctx: click.Context, /, login: str, *, as_json: bool, **wishes: Any) -> None:
    """Make a token for the user LOGIN and print it, this once."""

    async def work(hub: Hub) -> dict[str, Any]:
        person = await users.actor_named(SYSTEM, login)
        project = wishes["project"]
        body = {
            "name": wishes["name"],
            "expires_at": wishes["expires"],
            "scopes": list(wishes["scopes"]) or None,
            "project_id": await project_named(person, project) if project else None,
        }
        return await sessions.create_token(hub, person, TokenDraft.read(body))

    made = with_hub(ctx, work)
    if as_json:
        show_json(made)
    else:
        click.echo(made["id"])


@command.command("list")
@click.argument("login")
@json_option
@click.pass_context
def list_(ctx: click.Context, login: str, *, as_json: bool) -> None:
    """Show the tokens of the user LOGIN; of each only its beginning."""

    async def work(hub: Hub) -> list[dict[str, Any]]:
        return await sessions.list_tokens(hub, await users.actor_named(SYSTEM, login))

    rows = with_hub(ctx, work)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, "id", "name", "scopes", "project_id", "created", "expires_at", "last_used", "expired")


@command.command("delete")
@click.argument("login")
@click.argument("token", metavar="BEGINNING")
@click.pass_context
def delete(ctx: click.Context, login: str, token: str) -> None:
    """Delete the token of the user LOGIN that starts with BEGINNING, its first eight characters."""

    async def work(hub: Hub) -> None:
        await sessions.delete_token(hub, await users.actor_named(SYSTEM, login), token)

    with_hub(ctx, work)
    click.echo("It is deleted.")
