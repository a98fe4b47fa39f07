"""The inventory of a task: written from its text, found in a checkout, or fetched from where it comes from."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from hub.context import Hub
from hub.errors import Invalid
from hub.plugin import Inventory, InventoryView
from hub.services import inventory_sources
from hub.services.tasks.brief import InventoryBrief
from hub.worker.confine import confine
from hub.worker.door import LiveIO, Run
from hub.worker.workspace import Folders

_SUFFIX: Final = {"static": "", "static-yaml": ".yml"}
"""Ansible tells YAML inventories by their suffix."""
_FETCHED: Final = {"yaml": ".yml", "json": ".json", "ini": "", "script": ""}
_BETWEEN: Final = re.compile(r"[,\n]")
_SECONDS: Final = 900.0
"""For a source to answer; most have shorter limits of their own."""


async def inventory_view(hub: Hub, brief: InventoryBrief, run: Run, io: LiveIO) -> InventoryView:
    """Lay the inventory out. Raises `Invalid`, or what its source says. W-20, W-55, W-58."""
    paths = await _paths(hub, brief, run, io)
    return InventoryView(
        id=brief.id,
        name=brief.name,
        type=brief.type,
        text=brief.text,
        path=paths[0] if paths else None,
        user_key=brief.user_key,
        become_key=brief.become_key,
        paths=paths,
    )


async def _paths(hub: Hub, brief: InventoryBrief, run: Run, io: LiveIO) -> tuple[Path, ...]:
    if brief.type in _SUFFIX:
        text = brief.text if brief.text.endswith("\n") else brief.text + "\n"
        return (_written(run.folders, brief, text, _SUFFIX[brief.type]),)
    if brief.type == "file":
        return layers(run.folders.inventory_checkout if brief.repository else run.folders.checkout, brief.text)
    if inventory_sources.find(hub, brief.type) is not None:
        return (await _fetched(hub, brief, run, io),)
    return ()


def layers(root: Path, text: str) -> tuple[Path, ...]:
    """Find files and folders, one on each line or between commas; a file whose own name has a comma comes first."""
    whole = text.strip()
    names = [whole] if "\n" not in whole and confine(root, whole, what="inventory").exists() else _BETWEEN.split(whole)
    found = []
    for name in filter(None, (one.strip() for one in names)):
        path = confine(root, name, what="inventory")
        if not path.exists():
            raise Invalid(f"The inventory file {name} does not exist in the repository.")
        found.append(path)
    if not found:
        raise Invalid("The inventory names no file. Give a path inside the repository.")
    return tuple(found)


async def _fetched(hub: Hub, brief: InventoryBrief, run: Run, io: LiveIO) -> Path:
    """Ask the source; its programs start in the inventory's own repository, else in the task's."""
    source, params = inventory_sources.parsed(hub, brief.type, brief.text)
    before, run.cwd = run.cwd, run.folders.inventory_checkout if brief.repository else run.cwd
    try:
        found = await hub.registry.guard(source, source.fetch(params, io), limit=_SECONDS)
    finally:
        run.cwd = before
    given: object = found
    if not isinstance(given, Inventory) or found.format not in _FETCHED:
        raise Invalid(f"The inventory source {source.title} did not return an inventory; its plugin has a fault.")
    if found.path is not None:
        path = await asyncio.to_thread(found.path.resolve)
        if not path.is_relative_to(run.folders.root.resolve()) or not path.exists():
            raise Invalid(f"The inventory source {source.title} named a file that is not this task's.")
        return path
    text = as_groups(found.text) if found.format == "json" else found.text
    path = _written(run.folders, brief, text, _FETCHED[found.format])
    if found.format == "script":
        path.chmod(0o700)
    return path


def _written(folders: Folders, brief: InventoryBrief, text: str, suffix: str) -> Path:
    path = folders.workspace / f"inventory_{brief.id}{suffix}"
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
    return path


def as_groups(text: str) -> str:
    """Turn what inventory scripts print into groups as files have them; what has that shape already stays."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("What the inventory's source returned is not valid JSON.") from None
    if not isinstance(given, dict):
        raise Invalid("What the inventory's source returned is no JSON object of groups.")
    meta = given.pop("_meta", None)
    known = meta.get("hostvars") if isinstance(meta, dict) else None
    variables = known if isinstance(known, dict) else {}
    return json.dumps({str(name): _group(group, variables) for name, group in given.items()}) + "\n"


def _group(given: Any, variables: Mapping[str, Any]) -> Any:
    group = {"hosts": given} if isinstance(given, list) else given
    if not isinstance(group, dict):
        return group
    made = dict(group)
    if isinstance(made.get("hosts"), list):
        made["hosts"] = {str(host): variables.get(host) or {} for host in made["hosts"]}
    if isinstance(made.get("children"), list):
        made["children"] = {str(child): {} for child in made["children"]}
    return made
