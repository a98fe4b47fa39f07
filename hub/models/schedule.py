"""Time-based starts, and the times in which nothing is to start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Project, Repository
    from hub.models.template import Template


class Schedule(Model):
    """Starts a template by cron or once, perhaps only when the repository has a new commit."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="schedules", on_delete=fields.CASCADE
    )
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="schedules", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=100, default="", db_default="")
    type = fields.CharField(max_length=20, default="", db_default="")
    """Empty for cron, `run_at` for once."""
    cron_format = fields.CharField(max_length=255, default="", db_default="")
    time_zone = fields.CharField(max_length=64, default="", db_default="")
    """IANA name; empty for UTC, or what the cron text itself says."""
    run_at = fields.DatetimeField(null=True)
    active = fields.BooleanField(default=False, db_default=False)
    delete_after_run = fields.BooleanField(default=False, db_default=False)
    repository: fields.ForeignKeyNullableRelation[Repository] = fields.ForeignKeyField(
        "models.Repository", related_name="schedules", on_delete=fields.RESTRICT, null=True
    )
    last_commit_hash = fields.CharField(max_length=64, null=True)
    task_params = fields.JSONField[dict[str, Any]](null=True)
    secret = fields.TextField(null=True)
    """Sealed JSON of secret survey answers."""
    misfire = fields.CharField(max_length=10, default="skip", db_default="skip")
    """What becomes of missed occurrences: `skip`, `once` or `all`."""
    overlap = fields.CharField(max_length=10, default="queue", db_default="queue")
    """While the last task still runs: `skip`, `queue` or `parallel`."""
    next_run_at = fields.DatetimeField(null=True)
    last_run_at = fields.DatetimeField(null=True)
    last_task_id = fields.IntField(null=True)
    last_error = fields.CharField(max_length=500, default="", db_default="")
    """Why the last occurrence started nothing; empty when it did."""
    ends_at = fields.DatetimeField(null=True)
    """After this moment it starts nothing more."""
    max_runs = fields.IntField(default=0, db_default=0)
    """How often it starts its template in all; 0 means without limit."""
    runs = fields.IntField(default=0, db_default=0)

    project_id: int
    template_id: int
    repository_id: int | None

    class Meta:
        table = "schedule"
        indexes = (
            Index(fields=("project_id", "id")),
            Index(fields=("template_id",)),
            Index(fields=("repository_id",)),
            Index(fields=("active", "next_run_at")),
        )


class Freeze(Model):
    """When a project's schedules start nothing: once from `starts` to `ends`, or by cron for some minutes."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="freezes", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=100)
    active = fields.BooleanField(default=True, db_default=True)
    everything = fields.BooleanField(default=False, db_default=False)
    """Whether people, webhooks and pipelines may start nothing either."""
    starts = fields.DatetimeField(null=True)
    ends = fields.DatetimeField(null=True)
    cron_format = fields.CharField(max_length=255, default="", db_default="")
    time_zone = fields.CharField(max_length=64, default="", db_default="")
    minutes = fields.IntField(default=0, db_default=0)

    project_id: int

    class Meta:
        table = "freeze"
        indexes = (Index(fields=("project_id",)),)
