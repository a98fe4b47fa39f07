"""Storing what is built of other things: templates, mappings, integrations and schedules; see `put` for the manner."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hub.errors import Invalid
from hub.models import IntegrationMatcher, IntegrationValue, Role, Schedule, Template, TemplateRole
from hub.services import (
    freezes,
    host_configs,
    integration_parts,
    integrations,
    known_hosts,
    schedules,
    template_roles,
    templates,
)
from hub.services.backup.document import Document
from hub.services.backup.entries import (
    Entry,
    FreezeEntry,
    HostEntry,
    IntegrationEntry,
    KnownHostEntry,
    ParamsEntry,
    ScheduleEntry,
    TemplateEntry,
    TemplateRoleEntry,
)
from hub.services.backup.param_keys import with_ids
from hub.services.backup.picture import Picture
from hub.services.backup.site import Site
from hub.services.template_drafts import TemplateDraft

_LATER = "9999-12-31T00:00:00Z"
_REPLACED = frozenset(
    {
        "inventory",
        "repository",
        "environment",
        "environments",
        "view",
        "build_template",
        "roles",
        *TemplateEntry.COLUMNS,
    }
)


async def template(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A template with its vaults, groups and rights."""
    assert isinstance(entry, TemplateEntry)
    body = {name: value for name, value in entry.shape().items() if name not in _REPLACED}
    body["vaults"] = [
        one.model_dump(exclude={"vault_key"}) | {"vault_key_id": site.id("keys", one.vault_key)} for one in entry.vaults
    ]
    body |= {
        "inventory_id": site.id("inventories", entry.inventory),
        "repository_id": site.id("repositories", entry.repository),
        "environment_id": site.id("environments", entry.environment),
        "environment_ids": [site.id("environments", name) for name in entry.environments],
        "view_id": site.id("views", entry.view),
        "build_template_id": site.id("templates", entry.build_template),
        "task_params": await with_ids(site, entry) or None,
    }
    draft = TemplateDraft.read(body)
    if row_id is None:
        row_id = int((await templates.create_template(*site.at, draft))["id"])
    elif not same or entry.build_template:  # chains were taken apart before
        await templates.update_template(*site.at, row_id, draft)
    if not same:
        extra: dict[str, Any] = {name: getattr(entry, name) for name in entry.COLUMNS}
        await Template.filter(id=row_id).update(**extra | {"limits": entry.limits or None})
        await _rights(site, row_id, entry.roles)
    return row_id


async def _rights(site: Site, template_id: int, wanted: list[TemplateRoleEntry]) -> None:
    known = {row.role_slug: row for row in await TemplateRole.filter(template_id=template_id)}
    for right in wanted:
        slug = await _slug(site, right)
        if slug is None:
            site.warn(f"There is no role {right.role} in this hub, so {site.path} gives it no rights.")
            continue
        draft = template_roles.TemplateRoleDraft.read({"role_slug": slug, "permissions": right.permissions})
        row = known.pop(slug, None)
        if row is None:
            await template_roles.create_template_role(*site.at, template_id, draft)
        elif row.permissions != right.permissions:
            await template_roles.update_template_role(*site.at, template_id, row.id, draft)
    for row in known.values():
        await template_roles.delete_template_role(*site.at, template_id, row.id)


async def _slug(site: Site, right: TemplateRoleEntry) -> str | None:
    """Return the slug of a role: one of the project by its name, or one of the hub by its slug or name."""
    own = site.id("roles", right.role)
    if own is not None and not right.is_global:
        return (await Role.get(id=own)).slug
    found = await Role.filter(project_id=None, slug=right.role).first()
    found = found or await Role.filter(project_id=None, name=right.role).order_by("id").first()
    return found.slug if found else None


async def host(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A mapping of a host or address to a key."""
    assert isinstance(entry, HostEntry)
    draft = host_configs.HostConfigDraft.read(
        {"type": entry.type, "host": entry.name, "ssh_key_id": site.id("keys", entry.ssh_key)}
    )
    if row_id is None:
        return int((await host_configs.create_host_config(*site.at, draft))["id"])
    if not same:
        await host_configs.update_host_config(*site.at, row_id, draft)
    return row_id


async def integration(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """An integration with its conditions and values; a new one gets as many new addresses as it had."""
    assert isinstance(entry, IntegrationEntry)
    if row_id is not None and same:
        return row_id
    draft = integrations.IntegrationDraft.read({
        "name": entry.name, "auth_method": entry.auth_method, "auth_header": entry.auth_header,
        "searchable": entry.searchable, "active": not entry.inactive,
        "template_id": site.id("templates", entry.template),
        "auth_secret_id": site.id("keys", entry.auth_secret), "task_params": _params(site, entry.task_params),
    })  # fmt: skip
    added = row_id is None
    if row_id is None:
        row_id = int((await integrations.create_integration(*site.at, draft))["id"])
    else:
        await integrations.update_integration(*site.at, row_id, draft)
        await IntegrationMatcher.filter(integration_id=row_id).delete()
        await IntegrationValue.filter(integration_id=row_id).delete()
    for matcher in entry.matchers:
        made = integration_parts.MatcherDraft.read(matcher.model_dump())
        await integration_parts.create_matcher(*site.at, row_id, made)
    for value in entry.extract_values:
        taken = integration_parts.ValueDraft.read(value.model_dump())
        await integration_parts.create_value(*site.at, row_id, taken)
    if added:
        if not entry.auth_method:
            site.warn(f"The integration “{entry.name}” takes requests from everybody who knows its address.")
        for _ in range(max(entry.alias_count, min(len(entry.aliases), 100))):
            await integration_parts.create_alias(*site.at, integration_id=row_id)
    return row_id


async def project_aliases(site: Site, document: Document, before: Picture) -> None:
    """Make as many new addresses of the whole project as it had; none of the old ones opens anything here."""
    wanted = max(document.integration_alias_count, len(document.integration_aliases))
    for _ in range(max(0, wanted - before.aliases)):
        await integration_parts.create_alias(*site.at)


async def schedule(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A schedule. One whose only moment is over or unknown stays, switched off."""
    assert isinstance(entry, ScheduleEntry)
    answers = site.opened.schedules.get(str(site.number))
    if row_id is not None and same and not answers:
        return row_id
    site.refreshed = row_id is not None and bool(answers)
    moment = _moment(entry.run_at) if entry.type == schedules.RUN_AT else None
    over = entry.type == schedules.RUN_AT and (moment is None or moment <= site.hub.clock())
    body = entry.shape() | {
        "template_id": site.id("templates", entry.template),
        "repository_id": site.id("repositories", entry.checkable_repository),
        "task_params": _params(site, entry.task_params),
        "misfire": entry.misfire, "overlap": entry.overlap, "ends_at": entry.ends_at, "max_runs": entry.max_runs,
    }  # fmt: skip
    if answers:
        body["task_params"] = (body["task_params"] or {}) | {"secret": json.dumps(answers)}
    if over:
        body |= {"active": False, "run_at": _LATER}
        if entry.active:
            site.warn(f"The moment of the schedule “{entry.name}” is over or unknown, so it is switched off.")
    draft = schedules.ScheduleDraft.read(body)
    if row_id is None:
        row_id = int((await schedules.create_schedule(*site.at, draft))["id"])
    else:
        await schedules.update_schedule(*site.at, row_id, draft)
    if over:
        await Schedule.filter(id=row_id).update(run_at=moment, next_run_at=None)
    return row_id


async def freeze(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A freeze."""
    assert isinstance(entry, FreezeEntry)
    draft = freezes.FreezeDraft.read(entry.shape())
    if row_id is None:
        return int((await freezes.create_freeze(*site.at, draft))["id"])
    if not same:
        await freezes.update_freeze(*site.at, row_id, draft)
    return row_id


async def known_host(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """The key of an ssh server."""
    assert isinstance(entry, KnownHostEntry)
    if row_id is not None and same:
        return row_id
    draft = known_hosts.KnownHostDraft.read({"lines": entry.line, "trusted": entry.trusted})
    return int((await known_hosts.add_known_hosts(*site.at, draft))[0]["id"])


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("run_at must be a time such as 2030-01-31T12:00:00Z.", field="run_at") from None
    if moment is not None and moment.tzinfo is None:
        raise Invalid("run_at must say its time zone, such as 2030-01-31T12:00:00Z.", field="run_at")
    return moment


def _params(site: Site, entry: ParamsEntry | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    shape: dict[str, Any] = entry.model_dump(exclude_none=True, exclude={"inventory_name"})
    inventory_id = site.id("inventories", entry.inventory_name)
    return shape | ({"inventory_id": inventory_id} if inventory_id else {})
