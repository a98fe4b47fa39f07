"""`hub backup`: everything that the hub knows, as one file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from hub import builtin, registry
from hub.cli.secret_input import read_password
from hub.cli.start import settings_of
from hub.registry import Registry
from hub.services import blobs
from hub.services.backup import instance
from hub.services.backup.instance import Files
from hub.services.backup.locked import check_passphrase
from hub.settings import Settings

passphrase_stdin_option = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the passphrase from the first line of standard input."
)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--with-files", is_flag=True, help="Put the files that tasks left (artifacts) into it, too.")
@click.option("--with-keys", is_flag=True, help="Put the key ring into it, locked with a passphrase.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@passphrase_stdin_option
@click.pass_context
def command(
    ctx: click.Context, *, file: Path, with_files: bool, with_keys: bool, force: bool, passphrase_stdin: bool
) -> None:
    """Write everything to FILE, while the hub goes on working.

    The file is of one moment, and fits SQLite, PostgreSQL and MariaDB alike. Secrets in it are sealed with the key
    ring, which is not in it: back that up apart, or use --with-keys.
    """
    settings = settings_of(ctx)
    passphrase = read_password(from_stdin=passphrase_stdin) if with_keys else ""
    if with_keys:
        check_passphrase(passphrase)
    files = files_of(settings) if with_files else None
    done = asyncio.run(instance.write(settings, file, files=files, passphrase=passphrase, replace=force))
    rows = sum(done.rows.values())
    click.echo(f"{file}: {rows} rows of {len(done.tables)} tables and {done.blobs} files, at {done.migrations[-1]}.")
    if not with_keys:
        click.echo(
            "The key ring is not in it. Without that ring nobody can read the secrets in this backup: keep "
            f"{'HUB_VAULT_KEYS' if settings.vault_keys else settings.data_dir / 'vault.json'} elsewhere.",
            err=True,
        )


def files_of(settings: Settings) -> Files:
    """Return the store of artifacts of a hub that is not open."""
    found: Registry = registry.load(off=settings.plugins_off, builtin=builtin.MODULES)
    return Files(*blobs.chosen(found, settings))
