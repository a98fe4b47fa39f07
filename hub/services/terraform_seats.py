"""Who may come to a Terraform state over HTTP: by an alias with its key, or as a task while it runs.

A task's password is sealed: it names the task, its inventory and the worker that holds it, so nothing is stored, and
it is worth nothing once that worker has let go of the task. Everything that is wrong looks alike, and is counted.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from typing import Final

from hub.context import Hub
from hub.errors import Unauthenticated, Unavailable
from hub.models import Inventory, Key, StateAlias, StateLock, Task
from hub.plugin import StateAccess
from hub.services import state_locks, throttle
from hub.services.keys import read_secret
from hub.services.tasks.states import RUNNING, STOPPING
from hub.services.throttle import Attempt
from hub.vault import place

_ALIAS: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TASK: Final = re.compile(r"task-([1-9]\d{0,9})", re.ASCII)
_LONGEST: Final = 4096
"""Characters of a login or password."""
_USER: Final = "task"


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody shows at the door."""

    username: str
    password: str = field(repr=False)
    address: str
    """Where the request comes from."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who was let in, and the one state that this is for."""

    project_id: int
    inventory_id: int
    label: str
    """How records name who it was."""
    task_id: int | None = None


async def enter(hub: Hub, alias: str, presented: Presented) -> Seat:
    """Let somebody in. Raises `Unauthenticated`, whatever was wrong, and `TooMany`."""
    attempt = Attempt(f"terraform {alias}", presented.address)
    await throttle.count(hub, attempt)
    try:
        task = _TASK.fullmatch(alias)
        seat = await (_of_task(hub, int(task[1]), presented) if task else _of_alias(hub, alias, presented))
    except Unavailable:  # the key's own place does not answer; nobody guessed
        await throttle.forgive(hub, attempt)
        raise
    if seat is None:
        raise Unauthenticated("There is no Terraform state at this address for this login and password.")
    await throttle.forgive(hub, attempt)
    return seat


async def lend(hub: Hub, task_id: int, project_id: int, inventory_id: int) -> StateAccess:
    """Return what a task of this worker needs to reach the state of its inventory."""
    sealed = {"project": project_id, "inventory": inventory_id, "node": hub.node}
    held = await StateLock.get_or_none(inventory_id=inventory_id)
    return StateAccess(
        address=f"{hub.settings.task_url or hub.settings.address}/api/terraform/task-{task_id}",
        username=_USER,
        password=hub.vault.seal(json.dumps(sealed), _place(task_id)),
        holder=state_locks.sentence(held.info) if held else "",
    )


async def _of_task(hub: Hub, task_id: int, presented: Presented) -> Seat | None:
    if len(presented.password) > _LONGEST:
        return None
    try:
        sealed = json.loads(hub.vault.open(presented.password, _place(task_id)))
    except Unavailable:
        return None
    running = Task.filter(id=task_id, project_id=sealed["project"], status__in=[RUNNING, STOPPING])
    inventory = Inventory.filter(id=sealed["inventory"], project_id=sealed["project"])
    if not await running.filter(lease_owner=sealed["node"]).exists() or not await inventory.exists():
        return None
    return Seat(sealed["project"], sealed["inventory"], f"task {task_id}", task_id)


async def _of_alias(hub: Hub, alias: str, presented: Presented) -> Seat | None:
    found = await StateAlias.get_or_none(alias=alias) if _ALIAS.fullmatch(alias) else None
    key = await Key.get_or_none(id=found.auth_key_id) if found is not None and found.auth_key_id else None
    secret = await read_secret(hub, key) if key is not None else {}
    fits = _same(presented.username, str(secret.get("login") or ""))
    fits &= _same(presented.password, str(secret.get("password") or ""))
    if found is None or not fits or not secret.get("password"):
        return None
    return Seat(found.project_id, found.inventory_id, f"alias {found.id}")


def _same(given: str, stored: str) -> bool:
    """Compare in a time that tells nothing, not even the length."""
    digests = [hashlib.sha256(text[:_LONGEST].encode("utf-8", "replace")).digest() for text in (given, stored)]
    return hmac.compare_digest(*digests)


def _place(task_id: int) -> bytes:
    return place("task", "terraform", task_id)
