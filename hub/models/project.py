"""A project and the resources that its templates use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.template import Template


class Project(Model):
    """A team's space: everything else but people belongs to one."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=255)
    created = fields.DatetimeField()
    alert = fields.BooleanField(default=False, db_default=False)
    alert_chat = fields.CharField(max_length=30, null=True)
    max_parallel_tasks = fields.IntField(default=0, db_default=0)
    """0 means without limit."""
    keep_tasks = fields.IntField(default=0, db_default=0)
    """How many finished tasks of each template are kept; 0 leaves it to the hub."""
    keep_days = fields.IntField(default=0, db_default=0)
    """How many days finished tasks are kept; 0 leaves it to the hub."""
    keep_log_days = fields.IntField(default=0, db_default=0)
    """How many days logs are kept, where that is less than their tasks; 0 leaves it to the hub."""
    keep_log_mib = fields.IntField(default=0, db_default=0)
    """How many MiB the logs of the project may take, as they are stored; the oldest go first. 0 is without limit."""
    type = fields.CharField(max_length=20, default="", db_default="")

    class Meta:
        table = "project"


class Key(Model):
    """An entry of the key store. The secret is sealed for this very row."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="keys", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    type = fields.CharField(max_length=50)
    secret = fields.TextField(null=True)
    """Sealed JSON of the key type's params; null when nothing is stored."""
    owner = fields.CharField(max_length=20, default="", db_default="")
    """Empty for a shared key; `environment` or `variable` for the secrets of a variable group."""
    environment: fields.ForeignKeyNullableRelation[Environment] = fields.ForeignKeyField(
        "models.Environment", related_name="secrets", on_delete=fields.CASCADE, null=True
    )
    storage_id = fields.IntField(null=True)
    """Secret storage whose access token this is (owner `vault`)."""
    source_storage_id = fields.IntField(null=True)
    source_storage_key = fields.CharField(max_length=1000, null=True)
    source_storage_type = fields.CharField(max_length=20, null=True)
    """Null for the hub's own database; else the name of a secret backend."""
    expires = fields.DatetimeField(null=True)
    """When the secret is to be replaced; people are told before, nothing is refused after."""
    secret_changed = fields.DatetimeField(null=True)
    """When the secret was last written; null when that was before the hub kept it."""

    project_id: int
    environment_id: int | None

    class Meta:
        table = "key"
        indexes = (Index(fields=("project_id", "owner", "name")), Index(fields=("environment_id",)))


class Repository(Model):
    """A git repository."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="repositories", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    git_url = fields.CharField(max_length=1000)
    git_branch = fields.CharField(max_length=255, default="", db_default="")
    ssh_key: fields.ForeignKeyRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="repositories", on_delete=fields.RESTRICT
    )

    project_id: int
    ssh_key_id: int

    class Meta:
        table = "repository"
        indexes = (Index(fields=("project_id", "name")), Index(fields=("ssh_key_id",)))


class Inventory(Model):
    """Hosts, or a workspace, for templates to work on."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="inventories", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    inventory = fields.TextField(default="")
    type = fields.CharField(max_length=50)
    ssh_key: fields.ForeignKeyNullableRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="inventories", on_delete=fields.RESTRICT, null=True
    )
    become_key: fields.ForeignKeyNullableRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="become_inventories", on_delete=fields.RESTRICT, null=True
    )
    repository: fields.ForeignKeyNullableRelation[Repository] = fields.ForeignKeyField(
        "models.Repository", related_name="inventories", on_delete=fields.RESTRICT, null=True
    )
    template: fields.ForeignKeyNullableRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="attached_inventories", on_delete=fields.SET_NULL, null=True
    )
    runner_tag = fields.CharField(max_length=255, null=True)

    project_id: int
    ssh_key_id: int | None
    become_key_id: int | None
    repository_id: int | None
    template_id: int | None

    class Meta:
        table = "inventory"
        indexes = (
            Index(fields=("project_id", "name")),
            Index(fields=("ssh_key_id",)),
            Index(fields=("become_key_id",)),
            Index(fields=("repository_id",)),
            Index(fields=("template_id",)),
        )


class Environment(Model):
    """A variable group, as people call it: variables for the tool (`json`) and for its processes (`env`)."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="environments", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    password = fields.CharField(max_length=255, null=True)
    json = fields.TextField(default="")
    env = fields.TextField(null=True)
    secret_storage_id = fields.IntField(null=True)
    secret_storage_key_prefix = fields.CharField(max_length=1000, null=True)

    project_id: int

    class Meta:
        table = "environment"
        indexes = (Index(fields=("project_id", "name")),)
