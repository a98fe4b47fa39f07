"""People, what they belong to, and how they prove who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.project import Project


class User(Model):
    """A person. `username` and `email` are kept in lower case and are unique."""

    id = fields.IntField(primary_key=True)
    created = fields.DatetimeField()
    username = fields.CharField(max_length=255, unique=True)
    name = fields.CharField(max_length=255)
    email = fields.CharField(max_length=255, unique=True)
    password_hash = fields.CharField(max_length=255, default="", db_default="")
    """argon2id, or bcrypt where imported; empty means that no password fits."""
    admin = fields.BooleanField(default=False, db_default=False)
    external = fields.BooleanField(default=False, db_default=False)
    """Signs in through a directory or provider; has no password here."""
    alert = fields.BooleanField(default=False, db_default=False)
    pro = fields.BooleanField(default=False, db_default=False)
    service = fields.BooleanField(default=False, db_default=False)
    """A service account: tokens only, never a session."""
    language = fields.CharField(max_length=10, default="", db_default="")
    theme = fields.CharField(max_length=10, default="", db_default="")

    class Meta:
        table = "user"


class Identity(Model):
    """Who a person is at a directory or provider: what a sign-on is recognised by, whatever the name is today."""

    id = fields.IntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="identities", on_delete=fields.CASCADE
    )
    provider = fields.CharField(max_length=100)
    subject = fields.CharField(max_length=255)
    """Stable id at the provider."""
    created = fields.DatetimeField()
    last_used = fields.DatetimeField(null=True)

    user_id: int

    class Meta:
        table = "identity"
        unique_together = (("provider", "subject"),)
        indexes = (Index(fields=("user_id",)),)


class Session(Model):
    """A signed-in browser. The cookie holds a random secret of which only the digest is here."""

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="sessions", on_delete=fields.CASCADE
    )
    created = fields.DatetimeField()
    last_active = fields.DatetimeField()
    ip = fields.CharField(max_length=64, default="", db_default="")
    user_agent = fields.CharField(max_length=500, default="", db_default="")
    verified = fields.BooleanField(default=True, db_default=True)

    user_id: int

    class Meta:
        table = "session"
        indexes = (Index(fields=("user_id",)),)


class Token(Model):
    """An API token, hashed at rest. `prefix` is what lists show and deletes name."""

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True)
    prefix = fields.CharField(max_length=8)
    name = fields.CharField(max_length=100, default="", db_default="")
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="tokens", on_delete=fields.CASCADE
    )
    created = fields.DatetimeField()
    expires = fields.DatetimeField(null=True)
    scopes = fields.JSONField[list[str]](null=True)
    """`read`, `run`, `manage`, `admin`; null for all that its owner may."""
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="tokens", on_delete=fields.CASCADE, null=True
    )
    """The one project that it is good for; null for all of its owner's."""
    last_used = fields.DatetimeField(null=True)

    user_id: int
    project_id: int | None

    class Meta:
        table = "token"
        indexes = (Index(fields=("user_id",)), Index(fields=("project_id",)))


class Membership(Model):
    """A person's role in a project: `owner`, `manager`, `task_runner`, `guest`, or a custom role's slug."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="memberships", on_delete=fields.CASCADE
    )
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="memberships", on_delete=fields.CASCADE
    )
    role = fields.CharField(max_length=50)

    project_id: int
    user_id: int

    class Meta:
        table = "membership"
        unique_together = (("project", "user"),)
        indexes = (Index(fields=("user_id",)),)
