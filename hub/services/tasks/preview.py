"""What a task would do, told before it is started: its command line, and everything else that it would be given."""

from __future__ import annotations

import json
import shlex
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from hub.context import Hub
from hub.db import column
from hub.errors import HubError, Invalid
from hub.models import Key, Template
from hub.plugin import Executor, InventoryView, PluginError
from hub.services import apps, freezes
from hub.services.access import MANAGE_RESOURCES, RUN_TASKS, Grant, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.params import check_task_params, parse
from hub.services.tasks import survey
from hub.services.tasks import wish as wishes
from hub.services.tasks.brief import Brief, InventoryBrief, task_view
from hub.services.tasks.launch import TaskDraft, overrides
from hub.services.tasks.wish import Wish

HIDDEN: Final = "••••••"
"""Stands where a secret would be."""
_SECONDS: Final = 5.0
"""Time that a plugin has to tell its command line."""

T = TypeVar("T")


async def of_task(
    hub: Hub, actor: Actor, project_id: int, template_id: int, draft: TaskDraft | None = None
) -> dict[str, Any]:  # fmt: skip
    """Return what a task of the template with this draft would do; nothing is started, and no secret is opened.

    What would keep it from starting is in `problems`, and the rest is told as if that was not there.
    """
    grant = await require(actor, project_id, RUN_TASKS, template_id=template_id)
    template = await find(Template, project_id, template_id, "template")
    look = _Look(hub, grant, template, draft or TaskDraft())
    executor = await look.tried(apps.usable(hub, template.app)) or await apps.find(hub, template.app)
    await look.tried(freezes.refuse_frozen(hub, actor, project_id))
    columns = await look.tried(overrides(hub, grant, template, look.draft)) or {}
    brief = replace(await look.brief(executor, columns), username=actor.username)
    words = await look.command(executor, brief) if executor else []
    return _shape(template, executor, brief) | {
        "command": words,
        "line": shlex.join(words),
        "commit": columns.get("commit_hash"),
        "variables": look.variables(brief),
        "problems": look.problems,
    }


@dataclass
class _Look:
    """One draft on its way to what it would do."""

    hub: Hub
    grant: Grant
    template: Template
    draft: TaskDraft
    problems: list[dict[str, str]] = field(default_factory=list)
    """Each a sentence, and the member of the draft that is to blame, if one is."""
    secret: dict[str, str] = field(default_factory=dict, repr=False)
    """Secret answers; they are looked for in what is shown, and never shown."""

    async def tried(self, work: Awaitable[T]) -> T | None:
        """Return what comes of the work; None, and a problem more, when it is refused."""
        try:
            return await work
        except (HubError, PluginError) as error:
            self.problems.append({"sentence": str(error), "field": (getattr(error, "field", None) or "")})
            return None

    async def brief(self, executor: Executor | None, columns: Mapping[str, Any]) -> Brief:
        """Read what the task would be told, as far as the draft goes."""
        asked = self.template.survey_vars or ()
        plain = await self.tried(self._answers())
        if plain is None:
            plain = survey.as_far(asked, self._open(), free=self.grant.overrides)
        params = await self.tried(self._params(executor)) if executor else None
        wish = Wish(
            project_id=self.template.project_id, app=self.template.app, template_id=self.template.id,
            inventory_id=columns.get("inventory_id") or self.template.inventory_id, branch=columns.get("git_branch"),
            commit=columns.get("commit_hash"), arguments=columns.get("arguments"), params=params,
            environment=json.dumps(plain),
        )  # fmt: skip
        brief = await wishes.load(self.hub, wish, opening=_unopened)
        return replace(
            brief,
            script=columns.get("playbook") or brief.script,
            variables={name: value for name, value in brief.variables.items() if name not in self.secret},
            env={name: value for name, value in brief.env.items() if name not in self.secret},
            message=self.draft.message,
        )

    async def command(self, executor: Executor, brief: Brief) -> list[str]:
        """Ask the executor for its command line."""
        return await self.tried(self._told(executor, brief)) or []

    def variables(self, brief: Brief) -> list[dict[str, Any]]:
        """Return every variable by name; of secret ones only that there are such, to those who may see groups' own."""
        keeper = self.grant.held & MANAGE_RESOURCES == MANAGE_RESOURCES
        secret_variables, secret_env = (brief.secret_variables, brief.secret_env) if keeper else ((), ())
        to_env = {str(one.get("name")) for one in self.template.survey_vars or () if one.get("target") == "env"}
        answers = {name for name in self.secret if name not in to_env}
        groups: Sequence[tuple[Mapping[str, Any], bool, bool]] = (
            (brief.variables, False, False),
            (brief.env, True, False),
            (dict.fromkeys({*secret_variables, *answers}), False, True),
            (dict.fromkeys({*secret_env, *(to_env & set(self.secret))}), True, True),
        )
        found = [
            {"name": name, "value": None if secret else value, "secret": secret, "env": env}
            for values, env, secret in groups
            for name, value in values.items()
        ]
        return sorted(found, key=lambda one: (str(one["name"]), one["env"]))

    async def _answers(self) -> dict[str, Any]:
        sealed = survey.parse_object(self.draft.secret, "secret")
        self.secret = {name: str(value) for name, value in sealed.items()}
        plain = survey.parse_object(self.draft.environment, "environment")
        checked = survey.check(self.template.survey_vars or (), plain, sealed, free=self.grant.overrides)
        self.secret |= checked.secret
        return checked.plain

    def _open(self) -> dict[str, Any]:
        """Return the open answers; a text that is no object is told about by who checks it."""
        try:
            return survey.parse_object(self.draft.environment, "environment")
        except Invalid:
            return {}

    async def _params(self, executor: Executor) -> dict[str, Any] | None:
        return check_task_params(executor, self.draft.params, self.draft.limit)

    async def _told(self, executor: Executor, brief: Brief) -> list[str]:
        params = parse(executor.params_type, brief.template_params, "task_params")
        task_params = parse(executor.task_params_type, brief.task_params, "params")
        view = task_view(self.hub, brief, None, await _inventory(brief.inventory))

        async def ask() -> Sequence[str]:
            return executor.preview(view, params, task_params)

        words = await self.hub.registry.guard(executor, ask(), limit=_SECONDS)
        return [self._masked(str(word)) for word in words]

    def _masked(self, word: str) -> str:
        for value in sorted(filter(None, self.secret.values()), key=len, reverse=True):
            word = word.replace(value, HIDDEN)
        return word


async def _unopened(hub: Hub, key: Key) -> Mapping[str, Any]:
    """What stands for the secret of a variable group."""
    return {"string": HIDDEN}


async def _inventory(brief: InventoryBrief | None) -> InventoryView | None:
    """Return the inventory with those keys that put something on a command line; one of the type `none` does not."""
    if brief is None:
        return None
    named = [one for one in (brief.user_key, brief.become_key) if one]
    telling = set(await column(Key.filter(id__in=named).exclude(type="none"), "id")) if named else set()
    user, become = (one if one in telling else None for one in (brief.user_key, brief.become_key))
    return InventoryView(brief.id, brief.name, brief.type, brief.text, None, user_key=user, become_key=become)


def _shape(template: Template, executor: Executor | None, brief: Brief) -> dict[str, Any]:
    return {
        "app": template.app,
        "app_title": executor.title if executor else template.app,
        "script": brief.script,
        "working_directory": brief.working_directory,
        "repository": brief.repository.name,
        "branch": brief.repository.branch,
        "inventory": brief.inventory.name if brief.inventory else "",
        "tag": template.runner_tag or "",
        "time_limit": brief.time_limit,
        "host_limit": brief.host_limit,
    }
