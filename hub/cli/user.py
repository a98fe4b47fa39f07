"""`hub user`: people."""

from __future__ import annotations

import click

from hub.cli.secret_input import password_stdin_option, read_password
from hub.cli.show import json_option, show_json, show_table
from hub.cli.start import with_hub
from hub.context import Hub
from hub.services import second_factor_setup, users
from hub.services.actor import SYSTEM
from hub.services.second_factor_setup import ProofDraft
from hub.services.users import PasswordDraft, UserDraft


@click.group("user")
def command() -> None:
    """Look after users. LOGIN is a username or an e-mail address."""


@command.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """Show everybody."""
    rows = with_hub(ctx, lambda _: users.list_users(SYSTEM))
    if as_json:
        show_json(rows)
    else:
        show_table(rows, "id", "username", "name", "email", "admin", "external")


@command.command("add")
@click.argument("login")
@click.option("--email", required=True, help="E-mail address; may be used to sign in.")
@click.option("--name", help="Name that others see; the login when left out.")
@click.option("--admin", is_flag=True, help="Make an administrator.")
@click.option("--external", is_flag=True, help="Signs in through a directory and has no password here.")
@password_stdin_option
@click.pass_context
def add(ctx: click.Context, /, login: str, *, password_stdin: bool, **members: str | bool | None) -> None:
    """Add somebody; the password is asked for."""
    password = "" if members["external"] else read_password(from_stdin=password_stdin)
    body = {"username": login, **members, "name": members["name"] or login, "password": password}
    made = with_hub(ctx, lambda hub: users.create_user(hub, SYSTEM, UserDraft.read(body)))
    click.echo(f"User {made['username']} was added with id {made['id']}.")


@command.command("password")
@click.argument("login")
@password_stdin_option
@click.pass_context
def password(ctx: click.Context, login: str, *, password_stdin: bool) -> None:
    """Set somebody's password and end their sessions."""
    draft = PasswordDraft(password=read_password(from_stdin=password_stdin))

    async def work(hub: Hub) -> str:
        person = await users.actor_named(SYSTEM, login)
        await users.change_password(hub, SYSTEM, person.user_id or 0, draft)
        return person.username

    click.echo(f"The password of {with_hub(ctx, work)} was changed; their sessions ended.")


@command.command("delete")
@click.argument("login")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def delete(ctx: click.Context, login: str, *, yes: bool) -> None:
    """Remove somebody with their tokens and memberships; their tasks stay."""
    if not yes:
        click.confirm(f"Remove the user {login}", abort=True)

    async def work(hub: Hub) -> str:
        person = await users.actor_named(SYSTEM, login)
        await users.delete_user(hub, SYSTEM, person.user_id or 0)
        return person.username

    click.echo(f"User {with_hub(ctx, work)} was removed.")


@command.group("totp")
def totp() -> None:
    """Look after second factors."""


@totp.command("disable")
@click.option("--login", required=True, help="Username or e-mail address.")
@click.pass_context
def totp_disable(ctx: click.Context, login: str) -> None:
    """Take a second factor away from somebody who lost the device and the recovery codes."""

    async def work(hub: Hub) -> str:
        person = await users.actor_named(SYSTEM, login)
        await second_factor_setup.disable(hub, SYSTEM, person.user_id or 0, ProofDraft())
        return person.username

    click.echo(f"{with_hub(ctx, work)} signs in without a second factor now.")
