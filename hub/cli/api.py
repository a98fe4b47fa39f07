"""`hub api`: anything that the API of a hub elsewhere has."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.remote import connect


@click.command("api")
@click.argument("method", type=click.Choice(["GET", "POST", "PUT", "DELETE"], case_sensitive=False))
@click.argument("path")
@click.option("--data", metavar="JSON", help="Body; @FILE reads it from a file, and - from standard input.")
@click.option("--query", "pairs", multiple=True, metavar="K=V", help="Parameter. Repeatable.")
@click.pass_context
def command(ctx: click.Context, /, *, method: str, path: str, data: str | None, pairs: tuple[str, ...]) -> None:
    """Send one request to the API of a hub elsewhere and print what it answers.

    \b
    hub api GET /projects
    hub api POST /project/1/tasks --data '{"template_id": 7}'
    """
    query = dict(one.partition("=")[::2] for one in pairs)
    found = connect(ctx).request(method, path, query=query, body=None if data is None else _body(data))
    if isinstance(found, str):
        click.echo(found, nl=not found.endswith("\n"))
    elif found is not None:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.read()
    return Path(data[1:]).read_text("utf-8") if data.startswith("@") else data


def _body(data: str) -> Any:
    try:
        return json.loads(_text(data))
    except OSError:
        raise click.UsageError(f"The file {data[1:]} cannot be read.") from None
    except ValueError:
        raise click.UsageError("The body must be JSON.") from None
