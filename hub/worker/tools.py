"""Versions of the programs that tasks run, asked of each program once, in the cell of the task that ran it."""

from __future__ import annotations

import asyncio
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

ASKED: Final = {
    "ansible-playbook": "--version", "bash": "--version", "git": "--version", "node": "--version",
    "powershell": "--version", "pulumi": "version", "pwsh": "--version", "python": "--version", "python3": "--version",
    "terraform": "version", "terragrunt": "--version", "tofu": "version",
}  # fmt: skip
"""How programs are asked for their version. Others are not asked: they might do something else."""

SECONDS: Final = 5.0
LONGEST: Final = 200
_MOST: Final = 200

Identity = tuple[str, int, int]
Ask = Callable[[str, str], Awaitable[str]]
"""Runs a program with one argument, and returns what it printed."""

_known: OrderedDict[Identity, str] = OrderedDict()
"""By the file that was asked; one that is replaced is another file."""


async def version_of(program: str, path: str, ask: Ask) -> tuple[str, str]:
    """Return (where a program is, the first line that it says of its version); empty for what is not known."""
    found = shutil.which(program, path=path) or ""
    argument = ASKED.get(Path(program).name)
    identity = _identity(found) if found else None
    if identity is None or argument is None:
        return found, ""
    if identity not in _known:
        _known[identity] = await _asked(ask, found, argument)
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return found, _known[identity]


def _identity(program: str) -> Identity | None:
    try:
        file = Path(program).resolve()
        about = file.stat()
    except OSError:
        return None
    return str(file), about.st_mtime_ns, about.st_size


async def _asked(ask: Ask, program: str, argument: str) -> str:
    try:
        said = await asyncio.wait_for(ask(program, argument), SECONDS)
    except Exception:  # noqa: BLE001 - whatever a program does when it is asked, its task has ended already
        return ""
    return next((line.strip()[:LONGEST] for line in said.splitlines() if line.strip()), "")
