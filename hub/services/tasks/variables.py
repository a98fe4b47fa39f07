"""Variables of a task: its variable groups in their order, then its own answers; what comes later wins."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.db import column
from hub.models import Environment, Key, TemplateEnvironment
from hub.services.keys import read_secret
from hub.services.tasks.survey import parse_object
from hub.vault import place

ENV = "env"
"""Target of a survey variable that becomes an environment variable."""


@dataclass(slots=True)
class Variables:
    """What a task is given. A name is either open or secret, as whoever came last made it."""

    plain: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    secret: dict[str, str] = field(default_factory=dict, repr=False)
    secret_env: dict[str, str] = field(default_factory=dict, repr=False)

    def add(self, name: str, value: Any, *, env: bool = False, secret: bool = False) -> None:
        """Set a variable; one of the same name that came before is gone, be it open or secret."""
        open_, sealed = (self.env, self.secret_env) if env else (self.plain, self.secret)
        open_.pop(name, None)
        sealed.pop(name, None)
        (sealed if secret else open_)[name] = _env_text(value) if env else value


Opening = Callable[[Hub, Key], Awaitable[Mapping[str, Any]]]
"""How the secret of a key is read."""


async def load(hub: Hub, task: Mapping[str, Any], *, opening: Opening = read_secret) -> Variables:
    """Read everything that a task is given; `task` has its columns and those of its template."""
    found = Variables()
    first = task["environment_id"]
    listed = await _listed(task["template_id"]) if task["has_groups"] else []
    ids = [*([first] if first and first not in listed else []), *listed]
    groups = {one.id: one for one in await Environment.filter(id__in=ids)} if ids else {}
    secrets: dict[int | None, list[Key]] = defaultdict(list)
    if ids:
        for key in await Key.filter(environment_id__in=ids).order_by("id"):
            secrets[key.environment_id].append(key)
    for group in (groups[one] for one in ids if one in groups):
        await _add_group(found, group, [(one, await opening(hub, one)) for one in secrets[group.id]])
    _add_answers(hub, found, task)
    return found


async def _listed(template_id: int) -> list[int]:
    """Return the list of a template; its one group of old stands before it, unless the list places that itself."""
    return await column(TemplateEnvironment.filter(template_id=template_id).order_by("position"), "environment_id")


async def _add_group(
    found: Variables, group: Environment, secrets: Sequence[tuple[Key, Mapping[str, Any]]]
) -> None:  # fmt: skip
    for name, value in parse_object(group.json, "json").items():
        found.add(name, value)
    for name, value in parse_object(group.env or "", "env").items():
        found.add(name, value, env=True)
    for key, opened in secrets:
        found.add(key.name, str(opened.get("string", "")), env=key.owner == "environment", secret=True)


def _add_answers(hub: Hub, found: Variables, task: Mapping[str, Any]) -> None:
    to_env = {str(one.get("name")) for one in task["survey_vars"] or () if one.get("target") == ENV}
    for name, value in parse_object(task["environment"] or "", "environment").items():
        found.add(name, value, env=name in to_env)
    if task["secret"]:
        answers = json.loads(hub.vault.open(task["secret"], place("task", "secret", task["id"])))
        for name, value in answers.items():
            found.add(name, str(value), env=name in to_env, secret=True)


def _env_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
