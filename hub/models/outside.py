"""What points outside: secret storages, hosts with their keys, Terraform states, and how far they have drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Inventory, Key, Project
    from hub.models.task import Task
    from hub.models.template import Template


class SecretStorage(Model):
    """A place for secrets outside the hub."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="secret_storages", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=100)
    type = fields.CharField(max_length=50)
    params = fields.JSONField[dict[str, Any]](null=True)
    readonly = fields.BooleanField(default=False, db_default=False)

    project_id: int

    class Meta:
        table = "secret_storage"
        indexes = (Index(fields=("project_id", "name")),)


class HostConfig(Model):
    """Which key to use for a host, or for addresses that begin with a URL."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="host_configs", on_delete=fields.CASCADE
    )
    type = fields.CharField(max_length=10)
    """`host` or `url`."""
    host = fields.CharField(max_length=500)
    ssh_key: fields.ForeignKeyRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="host_configs", on_delete=fields.RESTRICT
    )

    project_id: int
    ssh_key_id: int

    class Meta:
        table = "host_config"
        unique_together = (("project", "type", "host"),)
        indexes = (Index(fields=("ssh_key_id",)),)


class StateAlias(Model):
    """An address below `/api/terraform/` for the state of one inventory (workspace)."""

    id = fields.IntField(primary_key=True)
    alias = fields.CharField(max_length=100, unique=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="state_aliases", on_delete=fields.CASCADE
    )
    inventory: fields.ForeignKeyRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="state_aliases", on_delete=fields.CASCADE
    )
    auth_key: fields.ForeignKeyNullableRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="state_aliases", on_delete=fields.RESTRICT, null=True
    )

    project_id: int
    inventory_id: int
    auth_key_id: int | None

    class Meta:
        table = "state_alias"
        indexes = (Index(fields=("project_id",)), Index(fields=("inventory_id",)), Index(fields=("auth_key_id",)))


class State(Model):
    """One version of a Terraform state, sealed."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="states", on_delete=fields.CASCADE
    )
    inventory: fields.ForeignKeyRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="states", on_delete=fields.CASCADE
    )
    task: fields.ForeignKeyNullableRelation[Task] = fields.ForeignKeyField(
        "models.Task", related_name="states", on_delete=fields.SET_NULL, null=True
    )
    created = fields.DatetimeField()
    state = fields.TextField(null=True)
    """Sealed text of the state."""
    serial = fields.BigIntField(default=0, db_default=0)
    lineage = fields.CharField(max_length=100, default="", db_default="")

    project_id: int
    inventory_id: int
    task_id: int | None

    class Meta:
        table = "state"
        indexes = (Index(fields=("project_id",)), Index(fields=("inventory_id", "id")), Index(fields=("task_id",)))


class StateLock(Model):
    """The lock of a workspace's state, as the tool that took it described it."""

    id = fields.IntField(primary_key=True)
    inventory: fields.ForeignKeyRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="state_locks", on_delete=fields.CASCADE
    )
    lock_id = fields.CharField(max_length=100)
    info = fields.TextField()
    """JSON text that is shown to whoever comes second."""
    created = fields.DatetimeField()

    inventory_id: int

    class Meta:
        table = "state_lock"
        unique_together = (("inventory",),)


class KnownHost(Model):
    """The key that a host showed to a project, and whether it is trusted."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="known_hosts", on_delete=fields.CASCADE
    )
    host = fields.CharField(max_length=255)
    """As OpenSSH writes it: `name`, or `[name]:port`."""
    key_type = fields.CharField(max_length=50)
    key = fields.TextField()
    fingerprint = fields.CharField(max_length=100)
    trusted = fields.BooleanField(default=False, db_default=False)
    created = fields.DatetimeField()

    project_id: int

    class Meta:
        table = "known_host"
        unique_together = (("project", "host", "fingerprint"),)


class HostFacts(Model):
    """What a host of an inventory last told of itself while a playbook ran."""

    id = fields.IntField(primary_key=True)
    inventory: fields.ForeignKeyRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="host_facts", on_delete=fields.CASCADE
    )
    host = fields.CharField(max_length=255)
    facts = fields.JSONField[dict[str, Any]]()
    task_id = fields.IntField()
    created = fields.DatetimeField()

    inventory_id: int

    class Meta:
        table = "host_facts"
        unique_together = (("inventory", "host"),)


class DriftCheck(Model):
    """One look at whether what a template describes is still so."""

    id = fields.IntField(primary_key=True)
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="drift_checks", on_delete=fields.CASCADE
    )
    inventory: fields.ForeignKeyNullableRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="drift_checks", on_delete=fields.CASCADE, null=True
    )
    task_id = fields.IntField()
    created = fields.DatetimeField()
    drifted = fields.BooleanField()
    changes = fields.IntField(default=0, db_default=0)
    resources = fields.JSONField[list[dict[str, Any]]]()

    template_id: int
    inventory_id: int | None

    class Meta:
        table = "drift_check"
        indexes = (Index(fields=("template_id", "id")), Index(fields=("inventory_id",)))
