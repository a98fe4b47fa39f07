"""Hands a deployment the outputs of its build: a file for all of them, and a variable of the environment for each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.services.tasks import outputs
from hub.worker.mask import Masker

FILE = "inputs.json"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", re.ASCII)
_LONGEST = 100 * 1024
"""Bytes of one variable; Linux takes no more than 128 KiB."""
_MOST = 256 * 1024
"""Bytes of all of them together; the environment and the command line share what the system allows."""


async def lend(hub: Hub, build_task_id: int | None, folder: Path, masker: Masker) -> dict[str, str]:
    """Write `inputs.json` and return what the environment is to have; nothing for a task without a build."""
    if build_task_id is None:
        return {}
    given = await outputs.given(hub, build_task_id)
    masker.add(*given.secrets)
    path = folder / FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps(given.values, ensure_ascii=False), "utf-8", "replace")
    return {"HUB_INPUTS": str(path), **_variables(given.values)}


def _variables(values: Mapping[str, Any]) -> dict[str, str]:
    """Return `HUB_INPUT_<NAME>` for what fits there; of names that become the same, the first counts."""
    made: dict[str, str] = {}
    room = _MOST
    for name, value in values.items():
        variable = f"HUB_INPUT_{name.upper().replace('-', '_')}"
        text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
        size = len(text.encode("utf-8", "replace"))
        fits = _NAME.fullmatch(name) and variable not in made and "\0" not in text and size <= min(_LONGEST, room)
        if fits:
            made[variable] = text
            room -= size
    return made
