"""The passport of a run: everything that tells what ran where, with which versions, parameters and limits.

It is kept as a result of the kind `passport` for each pass of a task. Secrets are named in it, and never told.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub import __version__
from hub.context import Hub
from hub.services.limits import Limits
from hub.services.tasks.brief import Brief
from hub.services.tasks.results import PASSPORT
from hub.worker.isolation import Cell
from hub.worker.tools import ASKED, Ask, version_of
from hub.worker.workspace import Folders

__all__ = ["PASSPORT", "Passport"]

MOST: Final = 100
"""Commands, and variables of each kind, that are told."""
LONGEST: Final = 2000
"""Characters of one value."""


@dataclass(slots=True)
class Passport:
    """Notes what a run does while it does it."""

    commands: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    tools: dict[str, dict[str, str]] = field(default_factory=dict)

    def begin(self, argv: Sequence[str], folder: Path, line: int) -> dict[str, Any]:
        """Note a program that starts; its exit code is put into what this returns."""
        entry = {"argv": list(argv), "folder": str(folder), "line": line, "code": None}
        if len(self.commands) < MOST:
            self.commands.append(entry)
        else:
            self.left_out += 1
        return entry

    async def learn_versions(self, path: str, ask: Ask) -> None:
        """Find out the versions of the programs that ran, as far as they are known for telling them."""
        for program in {one["argv"][0] for one in self.commands}:
            name = Path(program).name
            if name not in self.tools and name in ASKED:
                place, version = await version_of(program, path, ask)
                self.tools[name] = {"path": place, "version": version}

    def shown(self, hub: Hub, brief: Brief, folders: Folders, cell: Cell | None) -> dict[str, Any]:
        """Return the whole of it."""
        names = {
            str(folders.checkout): "<repository>", str(folders.inventory_checkout): "<inventory>",
            str(folders.workspace): "<workspace>", str(folders.keys): "<keys>", str(folders.root): "<task>",
        }  # fmt: skip
        told: dict[str, Any] = _without(
            {"commands": self.commands, "left_out": self.left_out, "tools": self.tools}, names
        )
        return told | {
            "worker": {
                "node": hub.node, "host": platform.node(), "hub": __version__, "python": platform.python_version(),
                "system": platform.platform(),
            },
            "isolation": _isolation(cell),
            "limits": _limits(brief.limits),
            "time_limit": brief.time_limit,
            "app": brief.app,
            "plugin": _plugin(hub, brief.app),
            "template": {"id": brief.template_id, "name": brief.template_name, "type": brief.template_type},
            "script": brief.script,
            "repository": {
                "id": brief.repository.id, "name": brief.repository.name, "branch": brief.repository.branch,
            },
            "inventory": None if brief.inventory is None else {
                "id": brief.inventory.id, "name": brief.inventory.name, "type": brief.inventory.type,
            },
            "params": _cut({**brief.template_params, **brief.task_params}),
            "arguments": {"template": brief.arguments, "task": brief.task_arguments},
            "variables": _cut(brief.variables),
            "env": _cut(brief.env),
            "secrets": sorted({*brief.secret_variables, *brief.secret_env})[:MOST],
            "vaults": [vault.name for vault in brief.vaults],
        }  # fmt: skip


def _limits(limits: Limits) -> dict[str, Any]:
    """Return what is limited."""
    told = {name: value for name, value in limits.model_dump(exclude={"network"}).items() if value}
    return told if limits.network else {**told, "network": "none"}


def _isolation(cell: Cell | None) -> dict[str, str]:
    if cell is None:
        return {"kind": "none", "user": ""}
    return {"kind": cell.kind, "user": cell.user.name if cell.user else ""}


def _plugin(hub: Hub, app: str) -> dict[str, str]:
    for one in hub.registry.plugins:
        if app in one.offers.get("executors", ()):
            return {"name": one.name, "distribution": one.distribution, "version": one.version}
    return {}


def _cut(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that are short enough to be kept with each run."""
    found = {}
    for name, value in list(values.items())[:MOST]:
        found[name] = value[:LONGEST] + "…" if isinstance(value, str) and len(value) > LONGEST else value
    return found


def _without(value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with the folders of this one run by what they are for."""
    if isinstance(value, str):
        for folder, name in names.items():
            value = value.replace(folder, name)
        return value
    if isinstance(value, Mapping):
        return {name: _without(one, names) for name, one in value.items()}
    return [_without(one, names) for one in value] if isinstance(value, list) else value
