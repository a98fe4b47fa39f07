"""Tasks: started, followed, waited for and ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hub.client.asks import Ask, Pause, Program, as_bytes, as_json, as_text, nothing, once, path
from hub.client.endpoints import Endpoint, Followed, Group, M, Pages, Steps
from hub.client.errors import TimedOut
from hub.client.follow import Following
from hub.client.things import PAGE

if TYPE_CHECKING:
    from hub import shapes

FINISHED = frozenset({"success", "error", "stopped"})
"""Statuses in which a task stays."""


def _tasks(project_id: int, *, template_id: int | None = None, **query: Any) -> Ask[list[shapes.ListedTask]]:
    """Return the newest tasks of a project, or of one of its templates, newest first."""
    below = () if template_id is None else ("templates", template_id)
    return Ask("GET", path("project", project_id, *below, "tasks", "last"), as_json, query=query)


def _each_task(project_id: int, *, template_id: int | None = None, **query: Any) -> Ask[list[shapes.ListedTask]]:
    """Go through the tasks of a project, or of one of its templates, newest first."""
    below = () if template_id is None else ("templates", template_id)
    return Ask("GET", path("project", project_id, *below, "tasks"), as_json, query={"limit": PAGE, **query})


def _task(project_id: int, task_id: int) -> Ask[shapes.Task]:
    """Return one task."""
    return Ask("GET", path("project", project_id, "tasks", task_id), as_json)


def _launch(
    project_id: int,
    template_id: int,
    *,
    variables: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    key: str | None = None,
    **members: Any,
) -> Ask[shapes.NewTask]:
    """Start a task, and return it. It is started once, even if the request has to be sent again.

    `variables` and `secrets` answer the survey; further members are those of the API, such as `message`,
    `git_branch`, `arguments` or `params`. With a `key` of your own, a later call with it starts nothing new.
    """
    body = {name: value for name, value in members.items() if value is not None} | {"template_id": template_id}
    if variables:
        body["environment"] = json.dumps(dict(variables))
    if secrets:
        body["secret"] = json.dumps(dict(secrets))
    return once(Ask("POST", path("project", project_id, "tasks"), as_json, body=body), key)


def _wait(project_id: int, task_id: int, *, seconds: float | None = None) -> Program[shapes.Task]:
    """Return the task when it has ended. Raises `TimedOut` after so many seconds.

    A task that asks for a confirmation has not ended.
    """
    spent, pause = 0.0, 0.25
    while True:
        task: shapes.Task = yield _task(project_id, task_id)
        if task["status"] in FINISHED:
            return task
        if seconds is not None and spent >= seconds:
            raise TimedOut(f"Task {task_id} has not ended after {seconds:g} seconds: it is {task['status']}.")
        pause = min(pause * 1.5, 5.0, *(() if seconds is None else (max(seconds - spent, 0.01),)))
        yield Pause(pause)
        spent += pause


def _run(project_id: int, template_id: int, *, seconds: float | None = None, **members: Any) -> Program[shapes.Task]:
    """Start a task and return it when it has ended; takes what `launch` takes."""
    made: shapes.NewTask = yield _launch(project_id, template_id, **members)
    task: shapes.Task = yield from _wait(project_id, made["id"], seconds=seconds)
    return task


def _act(verb: str, project_id: int, task_id: int, **members: Any) -> Ask[None]:
    return once(Ask("POST", path("project", project_id, "tasks", task_id, verb), nothing, body=members))


def _stop(project_id: int, task_id: int, *, force: bool = False) -> Ask[None]:
    """Stop a task; with `force` without the time to end by itself."""
    return _act("stop", project_id, task_id, force=force)


def _confirm(project_id: int, task_id: int, *, reason: str = "") -> Ask[None]:
    """Let a task that asked go on; `reason` is kept with the decision."""
    return _act("confirm", project_id, task_id, reason=reason)


def _reject(project_id: int, task_id: int, *, reason: str = "") -> Ask[None]:
    """End a task that asked; `reason` is kept with the decision."""
    return _act("reject", project_id, task_id, reason=reason)


def _delete(project_id: int, task_id: int) -> Ask[None]:
    """Delete a finished task with its log."""
    return Ask("DELETE", path("project", project_id, "tasks", task_id), nothing)


def _log(project_id: int, task_id: int) -> Ask[str]:
    """Return the log so far, as text without colours."""
    return Ask("GET", path("project", project_id, "tasks", task_id, "raw_output"), as_text)


def _outputs(project_id: int, task_id: int) -> Ask[list[shapes.Output]]:
    """Return the outputs of a task in their order; sensitive ones without their values."""
    return Ask("GET", path("project", project_id, "tasks", task_id, "outputs"), as_json)


def _artifacts(project_id: int, task_id: int) -> Ask[list[shapes.Artifact]]:
    """Return what files a task left."""
    return Ask("GET", path("project", project_id, "tasks", task_id, "artifacts"), as_json)


def _artifact(project_id: int, task_id: int, artifact_id: int) -> Ask[bytes]:
    """Return one of these files, whole."""
    return Ask("GET", path("project", project_id, "tasks", task_id, "artifacts", artifact_id), as_bytes)


def _follow(project_id: int, task_id: int, *, line: int = 0) -> Following:
    """Go through what the task writes and becomes, as it happens, until it has ended.

    A connection that breaks is opened again, and nothing is missed or told twice.
    """
    return Following(project_id, task_id, line)


class Tasks(Group[M]):
    """Tasks."""

    list = Endpoint(_tasks)
    each = Pages(_each_task)
    get = Endpoint(_task)
    launch = Endpoint(_launch)
    run = Steps(_run)
    wait = Steps(_wait)
    follow = Followed(_follow)
    log = Endpoint(_log)
    outputs = Endpoint(_outputs)
    artifacts = Endpoint(_artifacts)
    artifact = Endpoint(_artifact)
    stop = Endpoint(_stop)
    confirm = Endpoint(_confirm)
    reject = Endpoint(_reject)
    delete = Endpoint(_delete)
