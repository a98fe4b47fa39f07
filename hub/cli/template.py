"""`hub template`: templates of a hub elsewhere, and tasks of them."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from hub.cli.codes import STOPPED_CODE, exit_code
from hub.cli.remote import connect, output_option, project_option, show, template_id
from hub.client import Client, Output, State


@click.group("template")
def command() -> None:
    """See and run the templates of a hub elsewhere."""


@command.command("list")
@project_option
@output_option
@click.pass_context
def list_templates(ctx: click.Context, /, *, project: str, output: str) -> None:
    """List the templates of a project."""
    client = connect(ctx)
    found = client.templates.list(client.projects.named(project)["id"])
    show(found, output, "id", "name", "app", "playbook", "tasks")


@command.command("run")
@click.argument("template")
@project_option
@click.option("--var", "variables", multiple=True, metavar="K=V", help="Answer of the survey. Repeatable.")
@click.option("--secrets-stdin", is_flag=True, help="Read secret answers as a JSON object from standard input.")
@click.option("--message", help="What the task is for.")
@click.option("--branch", "git_branch", metavar="NAME", help="Branch to check out.")
@click.option("--limit", metavar="HOSTS", help="Hosts to work on, with commas between them.")
@click.option("--arguments", metavar="JSON", help="Further arguments, as a JSON list.")
@click.option("--no-follow", is_flag=True, help="Print the task's id instead of following it.")
@output_option
@click.pass_context
def run(ctx: click.Context, /, *, template: str, project: str, no_follow: bool, output: str, **given: Any) -> None:
    """Start a task and show its log until it ends.

    The exit code is 0 for success, 130 for a stopped task, and the tool's own for a failure.
    """
    client = connect(ctx)
    project_id = client.projects.named(project)["id"]
    members = {**given, "variables": _variables(given["variables"]), "secrets": _secrets(given.pop("secrets_stdin"))}
    members.pop("secrets_stdin", None)
    task = client.tasks.launch(project_id, template_id(client, project_id, template), **members)
    if no_follow:
        click.echo(json.dumps(task, indent=2) if output == "json" else str(task["id"]))
        return
    click.echo(f"Task {task['id']} was started.", err=True)
    try:
        ended = follow(client, project_id, task["id"], aside=output == "json")
    except KeyboardInterrupt:
        click.echo(f"\nTask {task['id']} goes on without you.", err=True)
        ctx.exit(STOPPED_CODE)
    if output == "json":
        click.echo(json.dumps(client.tasks.get(project_id, task["id"]), indent=2))
    ctx.exit(exit_code(ended))


def follow(client: Client, project_id: int, task_id: int, *, aside: bool = False) -> dict[str, Any]:
    """Show the log of a task until it ends; `aside` on standard error. Return the task."""
    task: dict[str, Any] = {}
    told = ""
    for event in client.tasks.follow(project_id, task_id):
        if isinstance(event, Output):
            click.echo(event.text.removesuffix("\n"), err=aside)
        elif isinstance(event, State):
            task = dict(event.task)
            asks = task["status"] == "waiting_confirmation"
            sentence = f"The task asks: {task.get('question') or 'go on?'}" if asks else str(task.get("reason") or "")
            if sentence and sentence != told:
                click.echo(sentence, err=True)
            told = sentence or told
    if task["status"] != "success":
        click.echo(f"Task {task_id}: {task['status']}.", err=True)
    return task


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    answers = {}
    for one in pairs:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"write {one!r} as name=value", param_hint="--var")
        answers[name.strip()] = value
    return answers


def _secrets(wanted: bool) -> dict[str, str]:  # noqa: FBT001 - it is a flag of the command line
    if not wanted:
        return {}
    try:
        answers = json.load(sys.stdin)
    except ValueError:
        answers = None
    if not isinstance(answers, dict):
        raise click.UsageError("Standard input must hold a JSON object of secret answers.")
    return answers
