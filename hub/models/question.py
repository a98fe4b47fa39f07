"""Questions that a worker answers, because only workers touch git and other outside tools."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Question(Model):
    """Asked by the web, answered by a worker, deleted by the one who asked."""

    id = fields.IntField(primary_key=True)
    kind = fields.CharField(max_length=50)
    """For example `branches`."""
    data = fields.JSONField[dict[str, Any]]()
    created = fields.DatetimeField()
    answer = fields.JSONField[Any](null=True)
    error = fields.TextField(null=True)
    answered = fields.DatetimeField(null=True)

    class Meta:
        table = "question"
