"""What a schedule answers when it starts its template: checked when it is saved, secret answers kept apart."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from hub.context import Hub
from hub.models import Inventory, Schedule, Template
from hub.services import apps
from hub.services.belongings import Id, refer
from hub.services.draft import Draft
from hub.services.git_address import check_branch
from hub.services.params import check_task_params
from hub.services.tasks import survey
from hub.services.tasks.launch import argument_text
from hub.vault import place


class ParamsDraft(Draft):
    """The wire's task params of a schedule. `secret` is ours: answers that are taken and never shown."""

    environment: str = ""
    secret: str | None = Field(default=None, repr=False)
    secret_changes: str = Field(default="", repr=False)
    """Secret answers that take the place of stored ones, while the others stay; `secret` replaces all of them."""
    arguments: str | None = None
    git_branch: str = Field(default="", max_length=255)
    message: str = Field(default="", max_length=250)
    version: str = Field(default="", max_length=20)
    inventory_id: Id | None = None
    params: dict[str, Any] | None = None


def has_any(schedule: Schedule) -> bool:
    """Whether a schedule has answers, be it empty ones."""
    stored: dict[str, Any] | None = schedule.task_params
    return stored is not None


def open_secret(hub: Hub, schedule: Schedule) -> dict[str, str]:
    """Return the secret answers of a schedule."""
    if not schedule.secret:
        return {}
    return dict(json.loads(hub.vault.open(schedule.secret, place("schedule", "secret", schedule.id))))


async def checked(
    hub: Hub, schedule: Schedule, draft: ParamsDraft, kept: dict[str, str] | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what is stored open, and what is stored sealed. `kept` are secret answers that stay. Raises `Invalid`.

    A required answer may be missing: the survey is asked whole when the task is started.
    """
    template = await Template.get(id=schedule.template_id)
    plain = survey.parse_object(draft.environment, "environment")
    secret = survey.parse_object(draft.secret or draft.secret_changes, "secret")
    asked = {str(one.get("name")): one for one in template.survey_vars or ()}
    if kept:  # what the template does not ask for any more is forgotten
        secret = {name: value for name, value in kept.items() if name in asked} | secret
    given = [one for name, one in asked.items() if name in plain or name in secret]
    answers = survey.check(given, plain, secret, free=True)
    shown: dict[str, Any] = {
        "environment": json.dumps(answers.plain, ensure_ascii=False) if answers.plain else "",
        "arguments": argument_text(draft.arguments) if draft.arguments else "",
        "git_branch": check_branch(draft.git_branch) if draft.git_branch else "",
        "message": draft.message,
        "version": draft.version,
        "inventory_id": await refer(Inventory, schedule.project_id, draft.inventory_id, "inventory_id"),
        "params": check_task_params(await apps.executor_of(hub, template.app), draft.params, ""),
    }
    return {name: value for name, value in shown.items() if value}, answers.secret
