"""Workers: the processes that run tasks, on whatever machine."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Worker(Model):
    """A worker process, as it last told of itself."""

    id = fields.IntField(primary_key=True)
    node = fields.CharField(max_length=64, unique=True)
    """Name of the process; the one that leases carry."""
    host = fields.CharField(max_length=255)
    version = fields.CharField(max_length=50)
    tags = fields.JSONField[list[str]]()
    slots = fields.IntField()
    started = fields.DatetimeField()
    seen = fields.DatetimeField()
    draining = fields.BooleanField(default=False, db_default=False)
    """Takes nothing new; what it runs goes on."""
    isolation = fields.CharField(max_length=100, default="", db_default="")
    """What keeps its tasks from the hub's own files, as it found in force; empty when it has not told."""

    class Meta:
        table = "worker"
        indexes = (Index(fields=("seen",)),)
