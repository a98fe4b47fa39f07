"""`hub vault`: the keys that stored secrets are sealed with."""

from __future__ import annotations

from dataclasses import asdict

import click

from hub.cli.show import json_option, show_json
from hub.cli.start import settings_of, with_hub
from hub.errors import SettingsError
from hub.services import vaulting
from hub.vault import new_key_text, read_ring, ring_file, with_new_key, write_ring


@click.group("vault")
def command() -> None:
    """Look after the keys that stored secrets are sealed with.

    To change the key: `hub vault key --add`, restart every process of the hub, then `hub vault rotate`.
    """


@command.command("check")
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Open every stored secret; nothing is shown and nothing is changed."""
    _tell(ctx, with_hub(ctx, vaulting.check), "sealed with an older key", as_json=as_json)


@command.command("rotate")
@json_option
@click.pass_context
def rotate(ctx: click.Context, *, as_json: bool) -> None:
    """Seal every secret with the active key, while the hub goes on working."""
    _tell(ctx, with_hub(ctx, vaulting.rotate), "now sealed anew", as_json=as_json)


@command.command("key")
@click.option("--id", "key_id", default="k1", metavar="NAME", help="Name of the key in the ring.")
@click.option("--add", is_flag=True, help="Put it into the ring of the data folder, as the active one.")
@click.pass_context
def key(ctx: click.Context, *, key_id: str, add: bool) -> None:
    """Print a new random key for HUB_VAULT_KEYS, or add one to the ring of the data folder."""
    if not add:
        click.echo(f"{key_id}:{new_key_text()}")
        return
    settings = settings_of(ctx)
    if settings.vault_keys:
        raise SettingsError("The key ring is in HUB_VAULT_KEYS: run `hub vault key` and put that key first there.")
    ring = with_new_key(read_ring(settings.data_dir))
    write_ring(settings.data_dir, ring)
    click.echo(
        f"The key {ring.active} was added to {ring_file(settings.data_dir)} and is the active one. Back the file up, "
        "restart every process of the hub, then run `hub vault rotate`."
    )


def _tell(ctx: click.Context, report: vaulting.Report, older: str, *, as_json: bool) -> None:
    if as_json:
        show_json(asdict(report))
    else:
        click.echo(f"{report.current} sealed with the active key, {report.older} {older}, {len(report.broken)} broken.")
        for sentence in report.broken:
            click.echo(sentence, err=True)
    if report.broken:
        ctx.exit(1)
