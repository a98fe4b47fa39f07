"""Telling people: where notices go, and the notices that are on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Project


class Channel(Model):
    """A configured notifier: of a project, or of the whole hub."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="channels", on_delete=fields.CASCADE, null=True
    )
    """Null for the whole hub."""
    name = fields.CharField(max_length=255)
    notifier = fields.CharField(max_length=100)
    """Name of a notifier that a plugin brings."""
    params = fields.JSONField[dict[str, Any]]()
    """What the notifier needs to know; secrets stand there as ids of keys."""
    events = fields.JSONField[list[str]]()
    """Names of the events that are told, such as `task.failed`."""
    template_ids = fields.JSONField[list[int]](null=True)
    """Only what happens to these templates; null for all."""
    active = fields.BooleanField(default=True, db_default=True)
    created = fields.DatetimeField()

    project_id: int | None

    class Meta:
        table = "channel"
        indexes = (Index(fields=("project_id", "name")),)


class Notification(Model):
    """One notice for one channel: written with what it tells about, sent afterwards, kept for those who ask."""

    id = fields.IntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Channel] = fields.ForeignKeyField(
        "models.Channel", related_name="notifications", on_delete=fields.CASCADE
    )
    event = fields.CharField(max_length=100)
    task_id = fields.IntField(null=True)
    notice = fields.JSONField[dict[str, Any]]()
    state = fields.CharField(max_length=20, default="waiting", db_default="waiting")
    """`waiting`, `sending`, `sent`, `failed`, or `skipped` where there was nobody to tell."""
    attempts = fields.IntField(default=0, db_default=0)
    due = fields.DatetimeField(null=True)
    """When it is tried next; null once it is settled."""
    error = fields.TextField(default="")
    created = fields.DatetimeField()
    settled = fields.DatetimeField(null=True)

    channel_id: int

    class Meta:
        table = "notification"
        indexes = (Index(fields=("state", "due")), Index(fields=("channel_id", "id")))
