"""`hub x <plugin> <name>`: commands that plugins bring."""

from __future__ import annotations

import logging

import click

from hub import builtin, registry
from hub.cli.start import settings_of
from hub.errors import NotFound
from hub.plugin import Command, PluginError
from hub.registry import Contribution

logger = logging.getLogger(__name__)


@click.command("x", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="[PLUGIN NAME [ARGUMENTS]…]")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Run a command that a plugin brings; without arguments, show which there are."""
    found = registry.load(off=settings_of(ctx).plugins_off, builtin=builtin.MODULES).commands()
    if len(words) < 2:
        _show([one for one in found if not words or one.plugin == words[0]])
        return
    plugin, name, *arguments = words
    for one in found:
        if (one.plugin, one.item.name) == (plugin, name):
            ctx.exit(_run(plugin, one.item, arguments))
    raise NotFound(f"The plugin {plugin} brings no command {name}; `hub x` shows which there are.")


def _show(found: list[Contribution[Command]]) -> None:
    if not found:
        click.echo("No plugin brings a command.")
    for one in found:
        click.echo(f"hub x {one.plugin} {one.item.name}  {one.item.help}")


def _run(plugin: str, brought: Command, arguments: list[str]) -> int:
    try:
        return int(brought.run(arguments) or 0)
    except (PluginError, click.ClickException, OSError):
        raise
    except Exception as error:
        logger.debug("A command of the plugin %s failed.", plugin, exc_info=error)
        raise PluginError(f"The plugin {plugin} failed with {type(error).__name__}: {error}") from error
