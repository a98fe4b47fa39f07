"""The command line: `hub <verb>`. A verb's module is imported when the verb is used, so that help comes at once."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from hub import __version__

_VERBS: Final = {
    "serve": "Serve the web page and the API; without Redis, run tasks as well.",
    "worker": "Run tasks for a hub that shares its work through Redis; see and drain workers.",
    "project": "See the projects of a hub elsewhere.",
    "template": "See and run the templates of a hub elsewhere.",
    "task": "Start tasks; see, follow and end those of a hub elsewhere.",
    "api": "Send a request to the API of a hub elsewhere.",
    "login": "Keep the address of a hub elsewhere, and a token for it.",
    "logout": "Forget what `hub login` kept.",
    "user": "Look after users.",
    "token": "Look after API tokens.",
    "plugin": "See which plugins are installed.",
    "vault": "Look after the keys that stored secrets are sealed with.",
    "backup": "Write everything that the hub knows to one file.",
    "restore": "Restore a hub from such a file.",
    "routes": "Show every route of the API.",
    "db": "Look after the database's tables.",
    "x": "Run a command that a plugin brings.",
    "version": "Show the version.",
}
"""Each is a module of this package, which holds a click command called `command`; and its line in the help."""


REMOTE: Final = "hub.remote"
"""Key of the context under which the options for a hub elsewhere are kept."""


_MANY_OBJECTS: Final = 20_000
"""How many more objects there are before rubbish is looked for: what is imported stays, and looking it through for each
700 more, as Python does unless it is told, is a tenth of the time of a start."""


class Sentence(click.ClickException):
    """A failure, told in one sentence."""

    def show(self, file: Any = None) -> None:
        """Write it to standard error."""
        click.echo(self.message, err=True)


class _Verbs(click.Group):
    """Lists verbs without importing them, and tells every error in a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        gc.set_threshold(_MANY_OBJECTS, 2, 2)
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:  # noqa: BLE001 - people get a sentence, whatever it was
            if os.environ.get("HUB_LOG_LEVEL", "").lower() == "debug":
                traceback.print_exc()
            raise Sentence(_told(error)) from None


def _told(error: Exception) -> str:
    from hub.errors import HubError, SettingsError  # noqa: PLC0415 - only when something went wrong
    from hub.plugin import PluginError  # noqa: PLC0415 - only when something went wrong

    if isinstance(error, HubError | SettingsError | PluginError) or _is_remote(error):
        return str(error)
    if isinstance(error, OSError):
        return f"The system refused: {error}."
    text = " ".join(str(error).split())
    return f"The hub met an error of its own ({type(error).__name__}: {text}). HUB_LOG_LEVEL=debug shows where."


def _is_remote(error: Exception) -> bool:
    """True for what a hub elsewhere said; nothing of its client is loaded for that."""
    client = sys.modules.get("hub.client.errors")
    return client is not None and isinstance(error, client.HubError)


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Settings file; otherwise hub.toml here, or /etc/hub/hub.toml.",
)  # fmt: skip
@click.option(
    "--server", metavar="URL", help="Hub elsewhere that is asked; otherwise HUB_SERVER, or what `hub login` kept."
)
@click.option(
    "--token-file", metavar="FILE", help="File with the token for it, - for standard input; otherwise HUB_TOKEN."
)
@click.version_option(__version__, "--version", prog_name="hub", message="%(prog)s %(version)s")
@click.pass_context
def _root(ctx: click.Context, config: Path | None, server: str | None, token_file: str | None) -> None:
    """Run Ansible, Terraform, shell and Python from git, through a web page and an API.

    Settings come from HUB_… variables of the environment and from hub.toml.
    """
    ctx.obj = config
    ctx.meta[REMOTE] = {"server": server, "token_file": token_file}


def main() -> None:
    """Run the command line of this process."""
    if sys.platform == "win32":
        raise SystemExit("The hub runs on Linux and macOS.")
    _root(prog_name="hub")
