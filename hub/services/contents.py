"""What is in a repository: its newest commit, its branches, and the files that templates could run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from weakref import WeakKeyDictionary

from pydantic import Field

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Key, Repository
from hub.plugin import Executor
from hub.services import apps, git_address, questions
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import Id, find, refer
from hub.services.draft import Draft
from hub.services.git_roots import local_roots

INVENTORIES: Final = ""
"""Name under which files of hosts are found."""
SECONDS: Final = 60.0
"""How long a look may take; the first one fetches everything."""
FRESH: Final = 20.0
"""Seconds for which an answer counts, so that a page with several fields asks once."""
_MOST_ANSWERS: Final = 200
_AT_ONCE: Final = 4
_HOSTS: Final = (
    "hosts", "hosts.ini", "hosts.yml", "hosts.yaml", "inventory", "inventory.ini", "inventory.yml", "inventory.yaml",
    "*/inventory/*.ini", "*/inventory/*.yml", "*/inventory/*.yaml", "*/inventories/*.ini", "*/inventories/*.yml",
    "*/inventories/*.yaml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aim:
    """What of a repository is looked at."""

    branch: str = ""
    """A branch or tag; empty for the repository's own."""
    app: str = ""
    """Only what this app takes; empty for what any app and inventories take."""
    text: str = ""
    """Part of the path."""


EVERYTHING: Final = Aim()


class LookDraft(Draft):
    """A repository that is yet to be added, to be looked at."""

    git_url: str = Field(default="", max_length=1000)
    git_branch: str = Field(default="", max_length=255)
    ssh_key_id: Id = 0


@dataclass(slots=True)
class _Answers:
    """What was told lately; it ends with the hub."""

    told: dict[tuple[Any, ...], tuple[float, dict[str, Any]]]
    turns: asyncio.Semaphore


_kept: WeakKeyDictionary[asyncio.AbstractEventLoop, _Answers] = WeakKeyDictionary()


async def look(
    hub: Hub, actor: Actor, project_id: int, repository_id: int, aim: Aim = EVERYTHING, *, afresh: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Look into a repository: all that apps could run, or what one of them takes. Raises `Unavailable`.

    An answer of some seconds ago counts, unless the look is to be taken `afresh`.
    """
    await require(actor, project_id, MANAGE_RESOURCES)
    repository = await find(Repository, project_id, repository_id, "repository")
    if aim.branch:
        git_address.check_branch(aim.branch)
    looks = await sought(hub, app=aim.app, text=aim.text[:200])
    data = {"repository_id": repository.id, "branch": aim.branch or repository.git_branch, "looks": looks}
    stamp = (id(hub), repository.id, repository.git_url, repository.ssh_key_id, data["branch"], aim)
    return await _remembered(hub, stamp, data, FRESH if not afresh else 0.0)


async def look_at(hub: Hub, actor: Actor, project_id: int, draft: LookDraft) -> dict[str, Any]:
    """Look into a repository that is yet to be added. Raises `Invalid`, or `Unavailable` with the reason."""
    await require(actor, project_id, MANAGE_RESOURCES)
    git_address.parse(draft.git_url, local_roots=local_roots(hub.settings))
    if draft.git_branch:
        git_address.check_branch(draft.git_branch)
    key_id = draft.ssh_key_id or await none_key(project_id)
    await refer(Key, project_id, key_id, "ssh_key_id", owner="")
    data = {"project_id": project_id, "url": draft.git_url, "key_id": key_id, "branch": draft.git_branch}
    return _shape(await questions.ask(hub, "contents", {**data, "looks": await sought(hub)}, seconds=SECONDS))


async def none_key(project_id: int) -> int:
    """Return the key that stands for none; where people deleted it, `Invalid` says what to do."""
    found = await Key.filter(project_id=project_id, type="none", owner="").order_by("id").limit(1)
    if not found:
        raise Invalid("The key None of this project was deleted. Add a key of the type None first.", field="ssh_key_id")
    return found[0].id


async def sought(hub: Hub, *, app: str = "", text: str = "") -> dict[str, Any]:
    """Return what is looked for, by app; without an app also files of hosts."""
    wanted = [app] if app else [one["id"] for one in await apps.list_apps(hub) if one["active"]]
    looks = {}
    for name in wanted:
        executor = await apps.find(hub, name)
        if executor is not None and (app or _tells(executor)):
            looks[name] = _look_of(executor, text)
    return looks if app else {**looks, INVENTORIES: {"patterns": list(_HOSTS), "text": text}}


def _tells(executor: Executor) -> bool:
    able = executor.capabilities
    return bool(able.script_patterns or able.script_folders)


def _look_of(executor: Executor, text: str) -> dict[str, Any]:
    able = executor.capabilities
    patterns = list(able.script_patterns) or ([] if able.script_folders else ["*"])
    return {"patterns": patterns, "folders": list(able.script_folders), "line": able.script_line, "text": text}


async def _remembered(
    hub: Hub, stamp: tuple[Any, ...], data: dict[str, Any], age: float
) -> dict[str, Any]:  # fmt: skip
    loop = asyncio.get_running_loop()
    answers = _kept.setdefault(loop, _Answers({}, asyncio.Semaphore(_AT_ONCE)))
    known = answers.told.get(stamp)
    if known is not None and monotonic() - known[0] < age:
        return known[1]
    async with answers.turns:
        told = _shape(await questions.ask(hub, "contents", data, seconds=SECONDS))
    while len(answers.told) >= _MOST_ANSWERS:
        del answers.told[next(iter(answers.told))]
    answers.told[stamp] = (monotonic(), told)
    return told


def _shape(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = [{"app": name, **one} for name, one in answer["found"].items() if name != INVENTORIES]
    hosts = answer["found"].get(INVENTORIES, {"likely": [], "others": []})
    return {
        "branch": answer["branch"], "branches": answer["branches"], "commit": answer["commit"], "found": found,
        "inventories": [*hosts["likely"], *hosts["others"]],
    }  # fmt: skip
