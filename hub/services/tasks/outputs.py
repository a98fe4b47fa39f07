"""Outputs of a task: named values, shown to people and handed to the deployments that follow.

People see the result of kind `outputs`, secrets hidden. Later tasks get the values from the sealed artifact
`outputs.json`, whole: `{name: value}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.models import TaskResult
from hub.services import artifacts
from hub.services.actor import Actor
from hub.services.tasks.read import get_task
from hub.services.tasks.upstream import upstream

KIND = "outputs"
ARTIFACT = "outputs.json"
_MOST = 4 * 1024 * 1024
"""Bytes of the values of one task that are handed on."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the tasks before hand to a deployment."""

    values: Mapping[str, Any] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """Texts that people were not shown there, and are not to be shown here."""


async def shown(actor: Actor, project_id: int, task_id: int) -> list[dict[str, Any]]:
    """Return the outputs of a task as people may see them, in the order in which they were written."""
    await get_task(actor, project_id, task_id)
    return [
        {
            "name": name,
            "value": None if one.get("sensitive") is True else one.get("value"),
            "type": _type(one.get("type")),
            "sensitive": one.get("sensitive") is True,
        }
        for name, one in (await _result(task_id)).items()
    ]


async def given(hub: Hub, build_task_id: int | None) -> Given:
    """Return the outputs of the build and of the deployments between; the nearest task wins."""
    values: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for task_id in reversed(await upstream(build_task_id)):
        text = await artifacts.small(hub, task_id, ARTIFACT, _MOST)
        found = json.loads(text) if text else {}
        known = await _result(task_id)
        values |= found
        for name, value in found.items():
            hidden = name not in known or known[name].get("sensitive") is True or known[name].get("value") != value
            secrets[name] = value if hidden else None
    return Given(values, tuple(text for value in secrets.values() for text in _texts(value)))


async def _result(task_id: int) -> dict[str, Mapping[str, Any]]:
    row = await TaskResult.filter(task_id=task_id, kind=KIND).order_by("-id").first()
    found = row.data.get(KIND) if row else None
    return {name: one for name, one in found.items() if isinstance(one, Mapping)} if isinstance(found, Mapping) else {}


def _type(value: Any) -> str:
    """Return a type as Terraform writes it: a word, or a list such as `["list", "string"]`."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None and not isinstance(value, bool):
        yield value if isinstance(value, str) else json.dumps(value)
