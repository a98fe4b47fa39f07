"""Rows about the hub itself."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model


class Option(Model):
    """A key and a value, as the wire's `/options` has them."""

    key = fields.CharField(max_length=255, primary_key=True)
    value = fields.CharField(max_length=1000)

    class Meta:
        table = "option"


class App(Model):
    """What administrators changed about an executor's appearance, or an app that they defined themselves."""

    id = fields.CharField(max_length=50, primary_key=True)
    active = fields.BooleanField(default=True, db_default=True)
    priority = fields.IntField(default=0, db_default=0)
    title = fields.CharField(max_length=100, default="", db_default="")
    icon = fields.CharField(max_length=100, default="", db_default="")
    color = fields.CharField(max_length=50, default="", db_default="")
    dark_color = fields.CharField(max_length=50, default="", db_default="")
    path = fields.CharField(max_length=1000, default="", db_default="")
    args = fields.JSONField[list[Any]](null=True)

    class Meta:
        table = "app"


class IdempotencyKey(Model):
    """An answer that was given to a request with an `Idempotency-Key`; the same request gets it again."""

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    """Of actor, route and key."""
    request = fields.CharField(max_length=64)
    """Digest of the body, to tell a repeated request from another one."""
    created = fields.DatetimeField()
    status = fields.IntField(default=0, db_default=0)
    answer = fields.TextField(default="")

    class Meta:
        table = "idempotency_key"


class NodeLock(Model):
    """A named lock that nodes take by compare-and-set, such as `migrate` and `sweep`."""

    name = fields.CharField(max_length=50, primary_key=True)
    owner = fields.CharField(max_length=64, default="", db_default="")
    until = fields.DatetimeField(null=True)

    class Meta:
        table = "node_lock"
