"""Tasks: one run of a template each, how it moved from status to status, and what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.access import User
    from hub.models.project import Inventory, Project
    from hub.models.template import Template


class Task(Model):
    """One run. `status` is written by `hub.services.tasks.moves.transition` alone."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="tasks", on_delete=fields.CASCADE
    )
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="runs", on_delete=fields.CASCADE
    )
    status = fields.CharField(max_length=30, default="waiting", db_default="waiting")

    user: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="tasks", on_delete=fields.SET_NULL, null=True
    )
    schedule_id = fields.IntField(null=True)
    integration_id = fields.IntField(null=True)

    playbook = fields.CharField(max_length=255, default="", db_default="")
    environment = fields.TextField(default="")
    """JSON object text of the variables that were given with the task."""
    secret = fields.TextField(null=True)
    """Sealed JSON of the secret survey answers; cleared when the task ends."""
    arguments = fields.TextField(null=True)
    git_branch = fields.CharField(max_length=255, null=True)
    inventory: fields.ForeignKeyNullableRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="tasks", on_delete=fields.SET_NULL, null=True
    )
    params = fields.JSONField[dict[str, Any]](null=True)
    message = fields.CharField(max_length=250, default="", db_default="")
    version = fields.CharField(max_length=20, null=True)
    build_task: fields.ForeignKeyNullableRelation[Task] = fields.ForeignKeyField(
        "models.Task", related_name="deploys", on_delete=fields.SET_NULL, null=True
    )
    commit_hash = fields.CharField(max_length=64, null=True)
    commit_message = fields.CharField(max_length=100, default="", db_default="")

    created = fields.DatetimeField()
    start = fields.DatetimeField(null=True)
    """When the process side began, once; a confirmation does not change it."""
    end = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=250, default="", db_default="")
    """Why it waits, or why it ended as it did, for people."""

    tag = fields.CharField(max_length=255, default="", db_default="")
    """Worker tag that it wants."""
    admitted = fields.DatetimeField(null=True)
    """When it was let through the limits and sent to the queue last."""
    lease_owner = fields.CharField(max_length=64, null=True)
    """Worker that holds it."""
    lease_until = fields.DatetimeField(null=True)
    question = fields.CharField(max_length=250, default="", db_default="")
    """What a person is asked in `waiting_confirmation`."""
    resumed = fields.JSONField[dict[str, Any]](null=True)
    """State of the pass that asked."""
    exit_code = fields.IntField(null=True)
    log_lines = fields.IntField(default=0, db_default=0)
    """Number of lines stored, kept by the one writer of the log."""
    log_chunks = fields.IntField(default=0, db_default=0)
    log_bytes = fields.BigIntField(default=0, db_default=0)
    """Bytes that its chunks take as they are stored, kept by the one writer of the log."""
    log_place = fields.CharField(max_length=20, default="", db_default="")
    """Where its chunks are: empty for the database, `archive` for the blob store, `gone` when they were removed."""

    project_id: int
    template_id: int
    user_id: int | None
    inventory_id: int | None
    build_task_id: int | None

    class Meta:
        table = "task"
        indexes = (
            Index(fields=("project_id", "id")),
            Index(fields=("template_id", "id")),
            Index(fields=("status", "id")),
            Index(fields=("project_id", "status", "id")),
            Index(fields=("project_id", "created", "id")),
            Index(fields=("user_id", "project_id", "id")),
            Index(fields=("inventory_id",)),
            Index(fields=("build_task_id",)),
        )


class TaskMove(Model):
    """One change of status: who, when, from, to."""

    id = fields.IntField(primary_key=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "models.Task", related_name="moves", on_delete=fields.CASCADE
    )
    at = fields.DatetimeField()
    source = fields.CharField(max_length=30)
    target = fields.CharField(max_length=30)
    actor = fields.CharField(max_length=255, default="", db_default="")
    note = fields.CharField(max_length=250, default="", db_default="")

    task_id: int

    class Meta:
        table = "task_move"
        indexes = (Index(fields=("task_id", "id")),)


class TaskChunk(Model):
    """A piece of a task's log: whole lines, compressed. Sequence numbers start at 0 and have no gaps."""

    id = fields.BigIntField(primary_key=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "models.Task", related_name="chunks", on_delete=fields.CASCADE
    )
    seq = fields.IntField()
    first_line = fields.IntField()
    """Number of its first line; a task's first line is 0."""
    lines = fields.IntField()
    time = fields.DatetimeField()
    """When its first line was read."""
    times = fields.JSONField[list[list[int]]]()
    """Pairs [line within the chunk, milliseconds since `time`]: from that line on, this was the time."""
    data = fields.BinaryField()
    """zlib of UTF-8 lines joined by newlines, without a trailing one."""

    task_id: int

    class Meta:
        table = "task_chunk"
        unique_together = (("task", "seq"),)


class TaskResult(Model):
    """A structured result that an executor gave: host recap, plan summary, outputs, the stages with their times."""

    id = fields.IntField(primary_key=True)
    task: fields.ForeignKeyRelation[Task] = fields.ForeignKeyField(
        "models.Task", related_name="results", on_delete=fields.CASCADE
    )
    kind = fields.CharField(max_length=50)
    created = fields.DatetimeField()
    data = fields.JSONField[dict[str, Any]]()

    task_id: int

    class Meta:
        table = "task_result"
        indexes = (Index(fields=("task_id", "kind")),)
