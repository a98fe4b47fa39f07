"""Storing entries of a document, kind by kind: each takes (site, entry, id of the row or None, whether it is the same).

What is the same is left alone but for its secrets, and its id is returned as it is.
"""

from __future__ import annotations

import secrets
from typing import Any

from hub.errors import Invalid
from hub.models import Environment, Key, Role
from hub.services import (
    environments,
    events,
    inventories,
    inventory_sources,
    keys,
    repositories,
    roles,
    secret_storages,
    views,
)
from hub.services.backup.entries import (
    Entry,
    EnvironmentEntry,
    InventoryEntry,
    KeyEntry,
    RepositoryEntry,
    RoleEntry,
    StorageEntry,
    ViewEntry,
)
from hub.services.backup.picture import SECRET_TYPES
from hub.services.backup.site import Site

_NO_TOKEN = "-"  # noqa: S105 - stands in until nothing is stored in its place


async def storage(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A secret storage; without its token where the document does not open it."""
    assert isinstance(entry, StorageEntry)
    token = entry.source_storage_key or site.opened.secret_storages.get(entry.name, "")
    if row_id is not None and same and not token:
        return row_id
    draft = secret_storages.StorageDraft.read({
        "name": entry.name, "type": entry.type, "params": entry.params, "readonly": entry.readonly,
        "source_storage_type": entry.source_storage_type, "secret": token or ("" if row_id else _NO_TOKEN),
    })  # fmt: skip
    if row_id is not None:
        site.refreshed = not entry.source_storage_key and bool(token)
        await secret_storages.update_storage(*site.at, row_id, draft)
        return row_id
    made = int((await secret_storages.create_storage(*site.at, draft))["id"])
    if not token:
        await keys.write_secret(site.hub, (await Key.get(owner="vault", storage_id=made)).id, {})
        site.lacks(f"secret_storages/{entry.name}")
    return made


async def role(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A role of the project; its slug is of this hub alone."""
    assert isinstance(entry, RoleEntry)
    if row_id is None:
        slug = secrets.token_hex(8)
        draft = roles.RoleDraft.read({"slug": slug, "name": entry.name, "permissions": entry.permissions})
        await roles.create_role(*site.at, draft)
        return (await Role.get(slug=slug)).id
    if not same:
        slug = (await Role.get(id=row_id)).slug
        draft = roles.RoleDraft.read({"name": entry.name, "permissions": entry.permissions})
        await roles.update_role(*site.at, slug, draft)
    return row_id


async def environment(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A variable group with its secrets; those that it does not name stay."""
    assert isinstance(entry, EnvironmentEntry)
    given = site.opened.environments.get(entry.name, {})
    known = await _secrets_of(row_id)
    changes: list[dict[str, Any]] = []
    for one in entry.secrets:
        place = f"{one.type}/{one.name}"
        change = {"type": one.type, "name": one.name, "secret": given.get(place, "")}
        if place not in known:
            changes.append(change | {"operation": "create"})
            if not given.get(place):
                site.lacks(f"environments/{entry.name}/{one.name}")
        elif given.get(place):
            changes.append(change | {"operation": "update", "id": known[place]})
            site.refreshed = True
    if row_id is not None and same and not changes:
        return row_id
    draft = environments.EnvironmentDraft.read({
        "name": entry.name, "json": entry.variables, "env": entry.env, "password": entry.password, "secrets": changes,
    })  # fmt: skip
    if row_id is None:
        row_id = int((await environments.create_environment(*site.at, draft))["id"])
    else:
        await environments.update_environment(*site.at, row_id, draft)
    await Environment.filter(id=row_id).update(
        secret_storage_id=site.id("secret_storages", entry.secret_storage),
        secret_storage_key_prefix=entry.secret_storage_key_prefix or None,
    )
    return row_id


async def _secrets_of(environment_id: int | None) -> dict[str, int]:
    if environment_id is None:
        return {}
    found = await Key.filter(environment_id=environment_id)
    return {f"{SECRET_TYPES.get(key.owner, 'var')}/{key.name}": key.id for key in found}


async def view(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A view."""
    assert isinstance(entry, ViewEntry)
    draft = views.ViewDraft.read(entry.shape())
    if row_id is None:
        return int((await views.create_view(*site.at, draft))["id"])
    if not same:
        await views.update_view(*site.at, row_id, draft)
    return row_id


async def key(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A key: with its secret where the document opens it, else empty; a secret that is there already stays."""
    assert isinstance(entry, KeyEntry)
    members = site.opened.keys.get(entry.name)
    brought = entry.source_storage_type in site.hub.registry.secret_backends
    body: dict[str, Any] = {"name": entry.name, "type": entry.type, "override_secret": True, "expires": entry.expires}
    if entry.source_storage_type and brought:
        body |= {"source_storage_type": entry.source_storage_type, "source_storage_key": entry.source_storage_key}
    elif members is not None or entry.type == "none":
        body[entry.type] = members or {}
        site.refreshed = row_id is not None and entry.type != "none"
    else:
        return await _empty_key(site, entry, row_id)
    if row_id is None:
        return int((await keys.create_key(*site.at, keys.KeyDraft.read(body)))["id"])
    if not same or site.refreshed:
        await keys.update_key(*site.at, row_id, keys.KeyDraft.read(body))
    return row_id


async def _empty_key(site: Site, entry: KeyEntry, row_id: int | None) -> int:
    if row_id is not None:
        found = await Key.get(id=row_id)
        if found.type != entry.type:
            raise Invalid(f"the key is of the type {found.type} here, and another type needs its secret.")
        await Key.filter(id=row_id).update(expires=keys.expires_of(entry.expires))
        return row_id
    if entry.type not in site.hub.registry.key_types:
        known = ", ".join(sorted(site.hub.registry.key_types))
        raise Invalid(f"There is no type of key {entry.type or '(empty)'}; choose one of: {known}.", field="type")
    if entry.source_storage_type:
        site.warn(
            f"The key “{entry.name}” was kept in {entry.source_storage_type}, which this hub cannot read; it is empty."
        )
    expires = keys.expires_of(entry.expires)
    made = await Key.create(project_id=site.project_id, name=entry.name, type=entry.type, expires=expires)
    text = f"Access Key {made.name} created"
    await events.record(site.hub, site.actor, "key", made.id, text, project_id=site.project_id)
    await events.announce(site.hub, site.actor, "key.created", made.id, site.project_id, key_type=made.type)
    site.lacks(f"keys/{entry.name}")
    return made.id


async def repository(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A repository; one that names no key gets the key for none."""
    assert isinstance(entry, RepositoryEntry)
    if row_id is not None and same:
        return row_id
    key_id = site.id("keys", entry.ssh_key) or await _no_key(site)
    draft = repositories.RepositoryDraft.read(
        {"name": entry.name, "git_url": entry.git_url, "git_branch": entry.git_branch, "ssh_key_id": key_id}
    )
    if row_id is None:
        return int((await repositories.create_repository(*site.at, draft))["id"])
    await repositories.update_repository(*site.at, row_id, draft)
    return row_id


async def _no_key(site: Site) -> int:
    found = await Key.filter(project_id=site.project_id, owner="", type="none").order_by("id").first()
    if found is not None:
        return found.id
    return int((await keys.create_key(*site.at, keys.KeyDraft.read({"name": "None", "type": "none"})))["id"])


async def inventory(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """An inventory; whose it is is said when the templates are there."""
    assert isinstance(entry, InventoryEntry)
    if row_id is not None and same:
        return row_id
    named = entry.source_keys or {}
    text = inventory_sources.with_keys(
        site.hub, entry.type, entry.inventory, lambda ref: site.id("keys", named.get(str(ref)))
    )
    draft = inventories.InventoryDraft.read({
        "name": entry.name, "inventory": text, "type": entry.type, "runner_tag": entry.runner_tag,
        "ssh_key_id": site.id("keys", entry.ssh_key), "become_key_id": site.id("keys", entry.become_key),
        "repository_id": site.id("repositories", entry.repository),
    })  # fmt: skip
    if row_id is None:
        return int((await inventories.create_inventory(*site.at, draft))["id"])
    await inventories.update_inventory(*site.at, row_id, draft)
    return row_id
