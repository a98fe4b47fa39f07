"""Incoming webhooks: who may call, what must match, what is taken out, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Key, Project
    from hub.models.template import Template


class Integration(Model):
    """Starts tasks of a template when a request comes in."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="integrations", on_delete=fields.CASCADE
    )
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="integrations", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    auth_method = fields.CharField(max_length=50, default="", db_default="")
    """Name of a webhook adapter; empty for none."""
    auth_secret: fields.ForeignKeyNullableRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="integrations", on_delete=fields.RESTRICT, null=True
    )
    auth_header = fields.CharField(max_length=255, default="", db_default="")
    searchable = fields.BooleanField(default=False, db_default=False)
    task_params = fields.JSONField[dict[str, Any]](null=True)
    active = fields.BooleanField(default=True, db_default=True)

    project_id: int
    template_id: int
    auth_secret_id: int | None

    class Meta:
        table = "integration"
        indexes = (
            Index(fields=("project_id", "name")),
            Index(fields=("template_id",)),
            Index(fields=("auth_secret_id",)),
        )


class IntegrationMatcher(Model):
    """One condition on an incoming request."""

    id = fields.IntField(primary_key=True)
    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", related_name="matchers", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    match_type = fields.CharField(max_length=20, default="", db_default="")
    method = fields.CharField(max_length=20, default="", db_default="")
    body_data_type = fields.CharField(max_length=20, default="", db_default="")
    key = fields.CharField(max_length=510, default="", db_default="")
    value = fields.CharField(max_length=510, default="", db_default="")

    integration_id: int

    class Meta:
        table = "integration_matcher"
        indexes = (Index(fields=("integration_id",)),)


class IntegrationValue(Model):
    """One value taken out of an incoming request."""

    id = fields.IntField(primary_key=True)
    integration: fields.ForeignKeyRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", related_name="values", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=255)
    value_source = fields.CharField(max_length=20, default="", db_default="")
    body_data_type = fields.CharField(max_length=20, default="", db_default="")
    key = fields.CharField(max_length=255, default="", db_default="")
    variable = fields.CharField(max_length=255, default="", db_default="")
    variable_type = fields.CharField(max_length=20, default="", db_default="")

    integration_id: int

    class Meta:
        table = "integration_value"
        indexes = (Index(fields=("integration_id",)),)


class IntegrationAlias(Model):
    """An address below `/api/integrations/`: of one integration, or of the project's searchable ones."""

    id = fields.IntField(primary_key=True)
    alias = fields.CharField(max_length=50, unique=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="integration_aliases", on_delete=fields.CASCADE
    )
    integration: fields.ForeignKeyNullableRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", related_name="aliases", on_delete=fields.CASCADE, null=True
    )

    project_id: int
    integration_id: int | None

    class Meta:
        table = "integration_alias"
        indexes = (Index(fields=("project_id",)), Index(fields=("integration_id",)))


class Delivery(Model):
    """An incoming request and what came of it. Headers that prove who sent it are not kept."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="deliveries", on_delete=fields.CASCADE
    )
    integration: fields.ForeignKeyNullableRelation[Integration] = fields.ForeignKeyField(
        "models.Integration", related_name="deliveries", on_delete=fields.CASCADE, null=True
    )
    created = fields.DatetimeField()
    digest = fields.CharField(max_length=64, default="", db_default="")
    """Of sender's id or signature and body, against replays."""
    event = fields.CharField(max_length=100, default="", db_default="")
    outcome = fields.CharField(max_length=30)
    """`started`, `refused`, `unmatched`, `failed` or `replayed`."""
    reason = fields.CharField(max_length=250, default="", db_default="")
    headers = fields.JSONField[dict[str, str]]()
    body = fields.TextField(default="")
    task_ids = fields.JSONField[list[int]]()

    project_id: int
    integration_id: int | None

    class Meta:
        table = "delivery"
        indexes = (
            Index(fields=("integration_id", "id")),
            Index(fields=("project_id", "id")),
            Index(fields=("digest",)),
        )
