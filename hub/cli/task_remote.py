"""Tasks of a hub elsewhere: seen, followed, stopped, confirmed and rejected."""

from __future__ import annotations

import click

from hub.cli.codes import exit_code
from hub.cli.remote import connect, output_option, project_option, show, template_id
from hub.cli.template import follow

_task = click.argument("task_id", type=click.IntRange(min=1), metavar="TASK")


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
@click.pass_context
def confirm(ctx: click.Context, /, *, task_id: int, project: str) -> None:
    """Let a task of a hub elsewhere go on, which asked."""
    client = connect(ctx)
    client.tasks.confirm(client.projects.named(project)["id"], task_id)


@click.command("reject")
@_task
@project_option
@click.pass_context
def reject(ctx: click.Context, /, *, task_id: int, project: str) -> None:
    """End a task of a hub elsewhere, which asked."""
    client = connect(ctx)
    client.tasks.reject(client.projects.named(project)["id"], task_id)


COMMANDS = (list_tasks, log, stop, confirm, reject)
