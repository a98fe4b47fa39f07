"""Runners: workers known by name and token, global or of one project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Project


class Runner(Model):
    """A runner. Its token is hashed at rest."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="runners", on_delete=fields.CASCADE, null=True
    )
    name = fields.CharField(max_length=100, default="", db_default="")
    digest = fields.CharField(max_length=64, null=True, unique=True)
    """Of its token; null until it is registered."""
    webhook = fields.CharField(max_length=1000, default="", db_default="")
    max_parallel_tasks = fields.IntField(default=0, db_default=0)
    active = fields.BooleanField(default=False, db_default=False)
    is_default = fields.BooleanField(default=False, db_default=False)
    tags = fields.JSONField[list[str]]()
    public_key = fields.TextField(null=True)
    touched = fields.DatetimeField(null=True)
    cleaning_requested = fields.DatetimeField(null=True)

    project_id: int | None

    class Meta:
        table = "runner"
        indexes = (Index(fields=("project_id",)),)


class RunnerEnrolment(Model):
    """A one-time, short-lived token with which a runner registers. W-66."""

    id = fields.IntField(primary_key=True)
    runner: fields.ForeignKeyRelation[Runner] = fields.ForeignKeyField(
        "models.Runner", related_name="enrolments", on_delete=fields.CASCADE
    )
    digest = fields.CharField(max_length=64, unique=True)
    created = fields.DatetimeField()
    expires = fields.DatetimeField()

    runner_id: int

    class Meta:
        table = "runner_enrolment"
        indexes = (Index(fields=("runner_id",)),)
