"""What one template's file can need of its project, read without the rest, which may be ten thousand templates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.context import Hub
from hub.db import column
from hub.models import Inventory, Project, Template, TemplateEnvironment, TemplateVault
from hub.services import apps, inventory_sources
from hub.services.backup.picture import MODELS, NAMED, Names, Picture, drawn, label_of, names_of, rows_of
from hub.services.params import key_members

_LINKS: Final[Mapping[str, Mapping[str, str]]] = {
    "environments": {"secret_storage_id": "secret_storages"},
    "repositories": {"ssh_key_id": "keys"},
    "inventories": {"ssh_key_id": "keys", "become_key_id": "keys", "repository_id": "repositories"},
    "templates": {
        "inventory_id": "inventories", "repository_id": "repositories", "environment_id": "environments",
        "view_id": "views", "build_template_id": "templates",
    },
    "integrations": {"auth_secret_id": "keys"},
    "schedules": {"repository_id": "repositories"},
}  # fmt: skip
"""Columns that refer to a thing of the project, and of which kind that is."""


async def part(hub: Hub, project_id: int, template_id: int) -> Picture:
    """Read a template, what it names, what that names, and what starts it; inside a unit, to be of one moment."""
    rows: dict[str, list[Any]] = {kind: [] for kind in MODELS}
    for kind in ("schedules", "integrations"):
        rows[kind] = await rows_of(kind, project_id).filter(template_id=template_id)
    own = await column(Inventory.filter(project_id=project_id, template_id=template_id), "id")
    wanted: dict[str, set[int]] = {"templates": {template_id}, "inventories": set(own)}
    fresh = [(kind, one) for kind in rows for one in rows[kind]]
    known: dict[str, set[int]] = defaultdict(set)
    while fresh or any(wanted.values()):
        for kind, row in fresh:
            for target, row_id in await _named_by(hub, kind, row):
                wanted.setdefault(target, set()).add(row_id)
        fresh = []
        for kind, ids in wanted.items():
            missing, wanted[kind] = ids - known[kind], set()
            known[kind] |= missing
            found = await rows_of(kind, project_id).filter(id__in=missing) if missing else []
            rows[kind] += found
            fresh += [(kind, one) for one in found]
    for several in rows.values():
        several.sort(key=lambda one: int(one.id))
    names = {kind: await _names(kind, project_id, rows[kind]) for kind in NAMED}
    return await drawn(await Project.get(id=project_id), rows, names)


async def _named_by(hub: Hub, kind: str, row: Any) -> list[tuple[str, int]]:
    """Return all that a row refers to, as (kind, id)."""
    found = [(target, getattr(row, member)) for member, target in _LINKS.get(kind, {}).items()]
    if kind == "inventories":
        found += [("keys", row_id) for row_id in inventory_sources.possible_keys(row.type, row.inventory)]
    if kind in {"integrations", "schedules"}:
        found.append(("inventories", (row.task_params or {}).get("inventory_id")))
    if isinstance(row, Template):
        groups = await column(TemplateEnvironment.filter(template_id=row.id), "environment_id")
        vaults = await column(TemplateVault.filter(template_id=row.id), "vault_key_id")
        executor = await apps.find(hub, row.app)
        given = [(row.task_params or {}).get(name) for name in (key_members(executor.params_type) if executor else ())]
        found += [*(("environments", one) for one in groups), *(("keys", one) for one in (*vaults, *given))]
    return [(target, row_id) for target, row_id in found if isinstance(row_id, int) and row_id]


async def _names(kind: str, project_id: int, rows: Sequence[Any]) -> Names:
    """Return the names that these rows have among all of the project."""
    label = label_of(kind)
    if not rows:
        return {}
    alike = rows_of(kind, project_id).filter(**{f"{label}__in": sorted({getattr(one, label) for one in rows})})
    names = names_of(kind, await alike.order_by("id"))
    return {one.id: names[one.id] for one in rows}
