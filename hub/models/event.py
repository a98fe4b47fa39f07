"""What happened, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.access import User
    from hub.models.project import Project


class Event(Model):
    """One thing that somebody did. Rows outlive the objects they speak of."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="events", on_delete=fields.CASCADE, null=True
    )
    user: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="events", on_delete=fields.SET_NULL, null=True
    )
    integration_id = fields.IntField(null=True)
    object_type = fields.CharField(max_length=50, null=True)
    object_id = fields.IntField(null=True)
    description = fields.TextField(null=True)
    created = fields.DatetimeField()
    actor = fields.CharField(max_length=255, default="", db_default="")
    """Who did it, by the name of that day: a person, a token, a schedule, an integration, or the hub itself."""
    address = fields.CharField(max_length=64, default="", db_default="")
    """Network address that the request came from; empty for what the hub did by itself."""
    changes = fields.JSONField[dict[str, Any]](null=True)
    """What changed, by name: [before, after]; secrets only as the fact that they changed."""

    project_id: int | None
    user_id: int | None

    class Meta:
        table = "event"
        indexes = (
            Index(fields=("project_id", "id")),
            Index(fields=("user_id",)),
            Index(fields=("created", "id")),
            Index(fields=("project_id", "created", "id")),
            Index(fields=("object_type", "object_id")),
            Index(fields=("project_id", "object_type", "object_id")),
        )
