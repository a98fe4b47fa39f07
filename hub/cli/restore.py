"""`hub restore`: a hub from the file that `hub backup` wrote."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from hub.cli.backup import files_of, passphrase_stdin_option
from hub.cli.secret_input import read_password
from hub.cli.start import settings_of
from hub.services.backup import instance


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE")
@click.option("--replace", is_flag=True, help="Throw away what the hub has now.")
@click.option("--with-keys", is_flag=True, help="Take the key ring out of the backup; asks for its passphrase.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@passphrase_stdin_option
@click.pass_context
def command(
    ctx: click.Context, *, file: Path, replace: bool, with_keys: bool, yes: bool, passphrase_stdin: bool
) -> None:
    """Restore a hub from FILE. Stop every process of the hub first.

    The file is proven before anything is touched, and the database changes all or nothing. Tasks that were under way
    are stopped, and everybody has to sign in again.
    """
    settings = settings_of(ctx)
    if replace and not yes:
        click.confirm("Throw away everything that this hub has now?", abort=True)
    passphrase = read_password(from_stdin=passphrase_stdin) if with_keys else ""
    done = asyncio.run(
        instance.restore(settings, file, files=files_of(settings), passphrase=passphrase, replace=replace)
    )
    rows = sum(done.rows.values())
    click.echo(f"Restored {rows} rows of {len(done.tables)} tables and {done.blobs} files, made {done.made}.")
