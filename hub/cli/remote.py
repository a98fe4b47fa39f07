"""Which hub a command asks, and with which token: from options, the environment, or what `hub login` saved.

A token never stands in a command line, where every process of the machine can see it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hub.cli import REMOTE
from hub.cli.show import show_table
from hub.client import Client, HubError
from hub.client.connection import SERVER, TOKEN

output_option = click.option(
    "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or programs."
)
project_option = click.option("--project", required=True, metavar="P", help="Name or id of the project.")


def login_file() -> Path:
    """Return where `hub login` keeps its server and token."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "hub" / "login.json"


def connect(ctx: click.Context) -> Client:
    """Return a client for the hub that is meant. Its connections end with the command."""
    given: Mapping[str, str | None] = ctx.find_root().meta.get(REMOTE, {})
    server, token = chosen(given.get("server"), given.get("token_file"))
    try:
        client = Client(server, token)
    except HubError as error:
        raise click.UsageError(str(error)) from None
    ctx.call_on_close(client.close)
    return client


def chosen(server: str | None, token_file: str | None) -> tuple[str, str]:
    """Return address and token. A saved token goes to the hub that it was saved for, and to no other."""
    saved = _saved()
    where = server or os.environ.get(SERVER) or saved.get("server", "")
    if not where:
        raise click.UsageError(f"Which hub? Use --server, set {SERVER}, or sign in once with `hub login`.")
    if token_file:
        return where, _token_of(token_file)
    own = saved.get("token", "") if where.rstrip("/") == saved.get("server", "").rstrip("/") else ""
    token = os.environ.get(TOKEN, "").strip() or own
    if not token:
        raise click.UsageError(f"There is no token for {where}: set {TOKEN}, use --token-file, or run `hub login`.")
    return where, token


def _token_of(name: str) -> str:
    if name == "-":
        token = sys.stdin.readline()
    else:
        try:
            token = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise click.UsageError(f"The file {name} cannot be read.") from None
    if not token.strip():
        raise click.UsageError("There is no token in what --token-file names.")
    return token.strip()


def _saved() -> dict[str, str]:
    try:
        kept = json.loads(login_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise click.UsageError(f"{login_file()} cannot be read; sign in again with `hub login`.") from None
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}


def save(server: str, token: str) -> Path:
    """Keep server and token for the next commands, readable for nobody else."""
    file = login_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            json.dump({"server": server, "token": token}, target)
        fresh.replace(file)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return file


def show(rows: list[Any], output: str, *columns: str) -> None:
    """Print rows as a table of some columns, or whole as JSON."""
    if output == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        show_table([{column: row.get(column) for column in columns} for row in rows], *columns)


def template_id(client: Client, project_id: int, name: str) -> int:
    """Return the id of the template of this name, or with this id."""
    found = client.templates.list(project_id)
    fitting = [one["id"] for one in found if one["name"] == name] or [
        one["id"] for one in found if str(one["id"]) == name
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise click.UsageError(f"{'There is no template' if not fitting else 'Several templates are named'} {name}.")
