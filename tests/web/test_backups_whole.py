"""Documents of projects forget no column, no table and no name, on every database."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import models
from hub.models import (
    Channel,
    Environment,
    HostConfig,
    Integration,
    Inventory,
    Key,
    KnownHost,
    Project,
    Repository,
    Role,
    Schedule,
    SecretStorage,
    Template,
    View,
)
from hub.services.backup import entries
from hub.services.backup import projects as service
from hub.testing.booted import administrator, booted

from .backup_project import (
    furnished,
    unnamed,
)

pytest_plugins = ["hub.testing.databases"]


async def test_backups_are_the_same_on_every_database(url, plugins):
    async with booted(plugins=plugins, database_url=url) as hub:
        actor = await administrator()
        pid = await furnished(hub, actor)
        first = await service.backup(hub, actor, pid)
        await service.restore(hub, actor, {"backup": first, "name": "Again"}, dry_run=True)
        made = await service.restore(hub, actor, {"backup": first, "name": "Again"})
        assert unnamed(await service.backup(hub, actor, made["id"])) == unnamed(first)
        twin = await service.copy(hub, actor, pid, service.CopyDraft(secrets=True))
        assert unnamed(await service.backup(hub, actor, twin["id"])) == unnamed(first)


WRITTEN = {
    Project: {"created", "name"},
    Key: {"secret_changed", "secret", "owner", "storage_id", "source_storage_id", "environment_id"},
    Repository: set(),
    Inventory: set(),
    Environment: set(),
    View: set(),
    Template: {"params_version", "tasks"},
    Schedule: {"secret", "last_commit_hash", "next_run_at", "last_run_at", "last_task_id", "last_error", "runs"},
    Integration: set(),
    Role: {"slug"},
    SecretStorage: set(),
    HostConfig: set(),
    Channel: {"created"},
    KnownHost: {"fingerprint", "created", "host", "key_type", "key"},  # the last three are its line
}
"""Models of a document, and their columns that are none of its members: secrets, what happened, what follows."""
NAMES = {
    "host": "name", "active": "inactive", "become_key_id": "become_key", "repository_id": "repository",
    "ssh_key_id": "ssh_key", "inventory_id": "inventory", "environment_id": "environment", "view_id": "view",
    "build_template_id": "build_template", "template_id": "template", "auth_secret_id": "auth_secret",
    "secret_storage_id": "secret_storage", "template_ids": "templates",
}  # fmt: skip
"""Members that are called otherwise than their columns."""
LEFT_OUT = {
    "membership", "token", "event", "task", "invite", "delivery", "runner", "state", "state_alias",
    "freeze",
}  # fmt: skip
"""Things of a project that are no part of its document: people, what happened, what has a place of its own."""
ENTRIES = {
    Project: "MetaEntry", Key: "KeyEntry", Repository: "RepositoryEntry", Inventory: "InventoryEntry",
    Environment: "EnvironmentEntry", View: "ViewEntry", Template: "TemplateEntry", Schedule: "ScheduleEntry",
    Integration: "IntegrationEntry", Role: "RoleEntry", SecretStorage: "StorageEntry", HostConfig: "HostEntry",
    KnownHost: "KnownHostEntry", Channel: "ChannelEntry",
}  # fmt: skip


@pytest.mark.parametrize("model", WRITTEN, ids=lambda model: model.__name__)
def test_no_column_is_forgotten(model):
    """A column that is new belongs into the document, or into the list of those that do not."""
    columns = set(model._meta.fields_db_projection.values()) - {"id", "project_id"} - WRITTEN[model]
    members = {field.alias or name for name, field in getattr(entries, ENTRIES[model]).model_fields.items()}
    if model is Schedule:
        columns = {"checkable_repository" if name == "repository_id" else name for name in columns}
    assert {NAMES.get(name, name) if NAMES.get(name, name) in members else name for name in columns} <= members


def test_no_table_of_a_project_is_forgotten():
    own = {
        model._meta.db_table
        for model in (getattr(models, name) for name in models.__all__)
        if "project_id" in model._meta.fields_db_projection.values()
    }
    assert own - LEFT_OUT == {model._meta.db_table for model in WRITTEN if model is not Project} | {"integration_alias"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(min_size=1, max_size=60).filter(lambda text: "\0" not in text), min_size=1, max_size=5))
async def test_whatever_things_are_called_they_come_back_as_they_were(hub, names):
    actor = await administrator()
    project = await Project.create(name="x", created=hub.clock())
    for name in names:
        await Key.create(project=project, name=name, type="none")
        await View.create(project=project, title=name)
        await Environment.create(project=project, name=name, json="{}")
    first = await service.backup(hub, actor, project.id)
    made = await service.restore(hub, actor, {"backup": first, "name": "y"})
    assert unnamed(await service.backup(hub, actor, made["id"])) == unnamed(first)
    await Project.filter(id__in=[project.id, made["id"]]).delete()
