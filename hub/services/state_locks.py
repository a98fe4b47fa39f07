"""Locks of Terraform states: what a tool says of the lock that it takes, and how that is told to others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hub.errors import HubError, Invalid

_ID: Final = re.compile(r"[!-~]{1,100}", re.ASCII)
_MEMBERS: Final = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
"""What the tool writes of a lock."""
_LONGEST: Final = 500


class Locked(HubError):
    """Somebody else holds the lock; `info` is the JSON text of theirs, as the protocol has it."""

    status = 423

    def __init__(self, info: str) -> None:
        super().__init__(sentence(info))
        self.info = info


class OtherLock(Locked):
    """The lock that was to be released is another one."""

    status = 409


def parse(body: bytes | bytearray) -> dict[str, Any]:
    """Return what the tool says of its lock. Raises `Invalid`."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("ID"), str) or not _ID.fullmatch(found["ID"]):
        raise Invalid("The lock must be a JSON object with an ID of 1 to 100 printable characters.")
    return {name: str(found.get(name) or "").replace("\0", "")[:_LONGEST] for name in _MEMBERS}


def text_of(info: Mapping[str, Any], task_id: int | None) -> str:
    """Return the text to store; members that the tool does not know do not disturb it."""
    return json.dumps({**info, **({"Task": task_id} if task_id else {})}, ensure_ascii=False)


def shown(info: str) -> dict[str, Any]:
    """Return a stored lock for people."""
    found = json.loads(info)
    return {
        "id": found.get("ID", ""),
        "operation": found.get("Operation", "").removeprefix("OperationType"),
        "who": found.get("Who", ""),
        "version": found.get("Version", ""),
        "task_id": found.get("Task"),
    }


def sentence(info: str) -> str:
    """Say who holds a lock."""
    lock = shown(info)
    holder = f"task {lock['task_id']}" if lock["task_id"] else lock["who"] or "somebody who left no name"
    what = f" for {lock['operation'].lower()}" if lock["operation"] else ""
    return f"The state is locked by {holder}{what} (lock {lock['id']})."
