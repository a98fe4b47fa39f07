"""Tasks of a hub elsewhere: seen, followed, stopped, confirmed and rejected."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.codes import exit_code
from hub.cli.remote import connect, output_option, project_option, show, template_id
from hub.cli.template import follow

_task = click.argument("task_id", type=click.IntRange(min=1), metavar="TASK")
_reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept with the decision.")


@click.command("list")
@project_option
@click.option("--template", metavar="T", help="Name or id of a template.")
@click.option("--status", metavar="S", help="Only tasks with this status; several with commas between them.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many, the newest first.")
@output_option
@click.pass_context
def list_tasks(
    ctx: click.Context, /, *, project: str, template: str | None, status: str | None, limit: int, output: str
) -> None:
    """List tasks of a hub elsewhere, the newest first."""
    client = connect(ctx)
    project_id = client.projects.named(project)["id"]
    of = None if template is None else template_id(client, project_id, template)
    found = client.tasks.list(project_id, template_id=of, status=status, limit=limit)
    show(found, output, "id", "tpl_alias", "status", "user_name", "created", "message")


@click.command("log")
@_task
@project_option
@click.option("--follow", "followed", is_flag=True, help="Go on until the task ends, and end with its exit code.")
@click.pass_context
def log(ctx: click.Context, /, *, task_id: int, project: str, followed: bool) -> None:
    """Show the log of a task of a hub elsewhere."""
    client = connect(ctx)
    project_id = client.projects.named(project)["id"]
    if not followed:
        click.echo(client.tasks.log(project_id, task_id), nl=False)
        return
    ctx.exit(exit_code(follow(client, project_id, task_id)))


@click.command("outputs")
@_task
@project_option
@output_option
@click.pass_context
def outputs(ctx: click.Context, /, *, task_id: int, project: str, output: str) -> None:
    """Show the outputs of a task of a hub elsewhere; sensitive ones without their values."""
    client = connect(ctx)
    show(client.tasks.outputs(client.projects.named(project)["id"], task_id), output, "name", "value", "type")


@click.command("artifacts")
@_task
@project_option
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Download all of them into this folder.")
@output_option
@click.pass_context
def artifacts(ctx: click.Context, /, *, task_id: int, project: str, to: Path | None, output: str) -> None:
    """List the files that a task of a hub elsewhere left, or download them."""
    client = connect(ctx)
    project_id = client.projects.named(project)["id"]
    found = client.tasks.artifacts(project_id, task_id)
    for one in found if to is not None else ():
        assert to is not None
        target = _below(to, one["name"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(client.tasks.artifact(project_id, task_id, one["id"]))
    show(found, output, "id", "name", "size", "sha256")


def _below(folder: Path, name: str) -> Path:
    """Return where to put a file, which is nowhere else than in the folder, whatever the hub says."""
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()) or target.resolve() == folder.resolve():
        raise click.ClickException(f"The artifact {name} would not lie in {folder}, so it was not written.")
    return target


@click.command("stop")
@_task
@project_option
@click.option("--force", is_flag=True, help="Without the time to end by itself.")
@click.pass_context
def stop(ctx: click.Context, /, *, task_id: int, project: str, force: bool) -> None:
    """Stop a task of a hub elsewhere."""
    client = connect(ctx)
    client.tasks.stop(client.projects.named(project)["id"], task_id, force=force)


@click.command("confirm")
@_task
@project_option
@_reason
@click.pass_context
def confirm(ctx: click.Context, /, *, task_id: int, project: str, reason: str) -> None:
    """Let a task of a hub elsewhere go on, which asked."""
    client = connect(ctx)
    client.tasks.confirm(client.projects.named(project)["id"], task_id, reason=reason)


@click.command("reject")
@_task
@project_option
@_reason
@click.pass_context
def reject(ctx: click.Context, /, *, task_id: int, project: str, reason: str) -> None:
    """End a task of a hub elsewhere, which asked."""
    client = connect(ctx)
    client.tasks.reject(client.projects.named(project)["id"], task_id, reason=reason)


COMMANDS = (list_tasks, log, outputs, artifacts, stop, confirm, reject)
