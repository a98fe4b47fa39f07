"""What is known of a run, in one document: enough to tell what ran, where, with what, and to run it again."""

from __future__ import annotations

from typing import Any, Final

from hub.services.actor import Actor
from hub.services.listing import Asked
from hub.services.tasks.read import moves_of, results_of, task_with_template
from hub.services.tasks.results import PASSPORT
from hub.services.tasks.stages import stages_of

_TASK: Final = (
    "id", "project_id", "template_id", "tpl_alias", "tpl_app", "status", "reason", "exit_code", "message", "version",
    "user_id", "user_name", "schedule_id", "integration_id", "created", "start", "end", "commit_hash", "commit_message",
    "git_branch", "playbook", "build_task_id", "inventory_id",
)  # fmt: skip


async def passport_of(actor: Actor, project_id: int, task_id: int) -> dict[str, Any]:
    """Return the task, who moved it and why, its stages, and what each pass ran; as the actor may read it."""
    task = await task_with_template(actor, project_id, task_id)
    passes = await results_of(actor, project_id, task_id, Asked(filters={"kind": PASSPORT}))
    return {
        "task": {name: task.get(name) for name in _TASK},
        "moves": list(await moves_of(actor, project_id, task_id)),
        "stages": [
            {"name": one.name, "start": one.start, "end": one.end, "first_line": one.first_line}
            for one in await stages_of(actor, project_id, task_id)
        ],
        "passes": [one["data"] for one in passes],
    }
