"""Two runs side by side: what was asked of each, what became of their hosts, and where their logs differ.

Everything is as the reader may read it; secret answers are in neither picture. The comparison of logs is bounded: what
both begin and end with is passed over quickly, and of what lies between only so many lines are compared.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from hub.db import rows
from hub.errors import NotFound
from hub.services import log
from hub.services.actor import Actor
from hub.services.tasks import results
from hub.services.tasks.matrix import HOST_STATES
from hub.services.tasks.read import task_with_template

READ: Final = 20_000
"""Lines of each log that are looked at."""

COMPARED: Final = 2_000
"""Lines of each log that are compared, behind what both begin with."""

AROUND: Final = 3
"""Equal lines that are shown around what differs."""

LONGEST: Final = 1_000
"""Characters of a line that count."""

MOST_HOSTS: Final = 500

_MEMBERS: Final = (
    "status", "tpl_alias", "user_name", "message", "version", "git_branch", "commit_hash", "inventory_id", "playbook",
    "arguments", "exit_code", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing of both runs; what is absent in a run is empty there."""

    name: str
    left: str
    right: str

    @property
    def same(self) -> bool:
        """Nothing differs."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that differ, with some equal ones around them."""

    left: int
    right: int
    """Numbers of the first lines, from 0."""
    lines: list[tuple[str, str]]
    """A sign (space, minus for the left run, plus for the right one) and the text of each line."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs."""

    left: dict[str, Any]
    right: dict[str, Any]
    members: list[Pair]
    """What was asked, and how it ended: members of the task, then `params.…` and `environment.…`."""
    hosts: list[Pair]
    """Hosts whose worst state differs."""
    hunks: list[Hunk]
    cut: bool
    """The logs are longer than what was compared."""


async def compare(actor: Actor, project_id: int, left_id: int, right_id: int) -> Comparison:
    """Return two tasks of a project side by side."""
    left = await task_with_template(actor, project_id, left_id)
    right = await task_with_template(actor, project_id, right_id)
    states = [await _states(actor, project_id, one) for one in (left_id, right_id)]
    hosts = [pair for pair in _pairs(*states) if not pair.same][:MOST_HOSTS]
    texts = [await _lines(left_id), await _lines(right_id)]
    hunks, cut = await asyncio.to_thread(_hunks, *texts)
    return Comparison(left, right, _pairs(_asked(left), _asked(right)), hosts, hunks, cut)


async def before(actor: Actor, project_id: int, task_id: int) -> int:
    """Return the run of the same template before this one; `NotFound` when it was the first."""
    found = await earlier(await task_with_template(actor, project_id, task_id))
    if found is None:
        raise NotFound("This is the first run of its template; there is none before it to compare with.")
    return found


async def earlier(task: Mapping[str, Any]) -> int | None:
    """Return the run of its template before a task that the reader was shown; None when it is the first."""
    found = await rows(
        'SELECT MAX("id") AS "id" FROM "task" WHERE "template_id" = ? AND "id" < ?', [task["template_id"], task["id"]]
    )
    return None if found[0]["id"] is None else int(found[0]["id"])


_NOTHING: Final[tuple[Any, ...]] = (None, False, "", [], {})
"""Params that ask for nothing: forms send them, the API leaves them out, and runs do not differ by that."""


def _asked(task: Mapping[str, Any]) -> dict[str, str]:
    found = {name: _text(task.get(name)) for name in _MEMBERS}
    for name, value in (task.get("params") or {}).items():
        if value not in _NOTHING:
            found[f"params.{name}"] = _text(value)
    for name, value in _object(task.get("environment")).items():
        found[f"environment.{name}"] = _text(value)
    return found


def _object(text: str | None) -> dict[str, Any]:
    try:
        read = json.loads(text or "{}")
    except ValueError:
        return {"": text}
    return read if isinstance(read, dict) else {"": read}


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


async def _states(actor: Actor, project_id: int, task_id: int) -> dict[str, str]:
    found = await results.hosts(actor, project_id, task_id)
    return {one["host"]: next((state for state in HOST_STATES if one.get(state)), "ok") for one in found}


def _pairs(left: Mapping[str, str], right: Mapping[str, str]) -> list[Pair]:
    names = [*left, *(name for name in right if name not in left)]
    return [Pair(name, left.get(name, ""), right.get(name, "")) for name in names if left.get(name) or right.get(name)]


async def _lines(task_id: int) -> list[str]:
    """Return the beginning of a log without colours, and one line more where there is more."""
    found: list[str] = []
    async for piece in log.raw(task_id):
        found += [line[:LONGEST] for line in piece.decode("utf-8", "replace").split("\n")[:-1]]
        if len(found) > READ:
            break
    return found[: READ + 1]


def _hunks(left: list[str], right: list[str]) -> tuple[list[Hunk], bool]:
    begin = 0
    shorter = min(len(left), len(right), READ)
    while begin < shorter and left[begin] == right[begin]:
        begin += 1
    start = max(0, begin - AROUND)
    first, second = left[start : start + COMPARED], right[start : start + COMPARED]
    cut = max(len(left), len(right)) > min(READ, start + COMPARED)
    found = []
    for group in SequenceMatcher(None, first, second).get_grouped_opcodes(AROUND):
        lines: list[tuple[str, str]] = []
        for tag, a, b, c, d in group:
            if tag == "equal":
                lines += [(" ", text) for text in first[a:b]]
                continue
            lines += [("-", text) for text in first[a:b]]
            lines += [("+", text) for text in second[c:d]]
        found.append(Hunk(start + group[0][1], start + group[0][3], lines))
    return found, cut
