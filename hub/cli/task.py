"""`hub task`: starting tasks from a terminal or a script."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import click

from hub.cli import prune
from hub.cli.codes import STOPPED_CODE, exit_code
from hub.cli.follow import Follower
from hub.cli.show import json_option, show_json
from hub.cli.start import with_hub
from hub.cli.task_remote import COMMANDS
from hub.context import Hub
from hub.services.actor import SYSTEM
from hub.services.naming import project_named, template_named
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.states import SUCCESS


@click.group("task")
def command() -> None:
    """Start tasks of this hub; see, follow and end those of a hub elsewhere."""


for _one in COMMANDS:
    command.add_command(_one)
command.add_command(prune.command)


@dataclass(slots=True)
class _Order:
    """What was asked for, and what has become of it."""

    project: str
    template: str
    members: dict[str, Any]
    follow: bool
    as_json: bool
    task_id: int = 0

    async def carry_out(self, hub: Hub) -> dict[str, Any]:
        """Start the task; follow it when that was asked for."""
        project_id = await project_named(SYSTEM, self.project)
        template_id = await template_named(SYSTEM, project_id, self.template)
        task = await launch(hub, SYSTEM, project_id, TaskDraft.read({**self.members, "template_id": template_id}))
        self.task_id = int(task["id"])
        if not self.follow:
            return task
        click.echo(f"Task {self.task_id} was started.", err=True)
        follower = Follower(hub, project_id, self.task_id, lambda text: click.echo(text, err=self.as_json))
        return await follower.follow()


@command.command("run")
@click.option("--project", required=True, metavar="P", help="Name or id of the project.")
@click.option("--template", required=True, metavar="T", help="Name or id of the template.")
@click.option("--follow", is_flag=True, help="Show the log until the task ends, and end with its exit code.")
@click.option(
    "--var", "variables", multiple=True, metavar="K=V", help="Answer of the survey, or a variable. Repeatable."
)
@click.option("--secrets-stdin", is_flag=True, help="Read secret answers as a JSON object from standard input.")
@click.option("--branch", metavar="NAME", help="Branch to check out.")
@click.option("--message", default="", help="What the task is for.")
@json_option
@click.pass_context
def run(ctx: click.Context, /, *, project: str, template: str, follow: bool, as_json: bool, **given: Any) -> None:
    """Start a task of a template, on the hub whose database this is; a running hub carries it out.

    Without --follow, prints the task's id. Otherwise the exit code is 0 for success, 130 for a stopped task, and the
    tool's own for a failure.
    """
    order = _Order(project, template, _members(**given), follow, as_json)
    try:
        task = with_hub(ctx, order.carry_out)
    except KeyboardInterrupt:
        if order.task_id:
            click.echo(f"\nTask {order.task_id} goes on without you.", err=True)
        ctx.exit(STOPPED_CODE)
    if as_json:
        show_json(task)
    elif not follow:
        click.echo(str(task["id"]))
    if follow:
        if task["status"] != SUCCESS:
            click.echo(f"Task {task['id']}: {task['status']}. {task.get('reason', '')}".rstrip(), err=True)
        ctx.exit(exit_code(task))


def _members(*, variables: tuple[str, ...], secrets_stdin: bool, branch: str | None, message: str) -> dict[str, Any]:
    answers = {}
    for one in variables:
        name, sign, value = one.partition("=")
        if not sign or not name.strip():
            raise click.BadParameter(f"write {one!r} as name=value", param_hint="--var")
        answers[name.strip()] = value
    return {
        "environment": json.dumps(answers) if answers else "",
        "secret": sys.stdin.read() if secrets_stdin else "",
        "git_branch": branch,
        "message": message,
    }
