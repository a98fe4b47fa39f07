"""Rights beyond the four built-in roles: custom roles, template roles, invites, second factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.access import User
    from hub.models.project import Project
    from hub.models.template import Template


class Role(Model):
    """A custom role: of the whole hub, or of one project."""

    id = fields.IntField(primary_key=True)
    slug = fields.CharField(max_length=50, unique=True)
    name = fields.CharField(max_length=100)
    permissions = fields.IntField(default=0, db_default=0)
    project: fields.ForeignKeyNullableRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="roles", on_delete=fields.CASCADE, null=True
    )

    project_id: int | None

    class Meta:
        table = "role"
        indexes = (Index(fields=("project_id",)),)


class TemplateRole(Model):
    """More rights on one template for those who have a role."""

    id = fields.IntField(primary_key=True)
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="roles", on_delete=fields.CASCADE
    )
    role_slug = fields.CharField(max_length=50)
    permissions = fields.IntField(default=0, db_default=0)

    template_id: int

    class Meta:
        table = "template_role"
        unique_together = (("template", "role_slug"),)


class Invite(Model):
    """An invitation to a project; the token of its link is hashed at rest."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="invites", on_delete=fields.CASCADE
    )
    user: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="invites", on_delete=fields.CASCADE, null=True
    )
    email = fields.CharField(max_length=255, null=True)
    role = fields.CharField(max_length=50)
    status = fields.CharField(max_length=20, default="pending", db_default="pending")
    digest = fields.CharField(max_length=64, unique=True)
    inviter: fields.ForeignKeyNullableRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="sent_invites", on_delete=fields.SET_NULL, null=True
    )
    created = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)

    project_id: int
    user_id: int | None
    inviter_id: int | None

    class Meta:
        table = "invite"
        unique_together = (("project", "user"), ("project", "email"))
        indexes = (Index(fields=("user_id",)), Index(fields=("inviter_id",)))


class SecondFactor(Model):
    """A person's TOTP secret, sealed; it counts once a code has confirmed it."""

    id = fields.IntField(primary_key=True)
    user: fields.OneToOneRelation[User] = fields.OneToOneField(
        "models.User", related_name="second_factor", on_delete=fields.CASCADE
    )
    created = fields.DatetimeField()
    secret = fields.TextField(null=True)
    confirmed = fields.DatetimeField(null=True)
    last_step = fields.BigIntField(default=0, db_default=0)
    """Time step of the last code that was accepted; a code is good once."""

    user_id: int

    class Meta:
        table = "second_factor"


class RecoveryCode(Model):
    """A code for those who lost their device; good once, hashed at rest."""

    id = fields.IntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="recovery_codes", on_delete=fields.CASCADE
    )
    digest = fields.CharField(max_length=255)
    used = fields.DatetimeField(null=True)

    user_id: int

    class Meta:
        table = "recovery_code"
        indexes = (Index(fields=("user_id",)),)


class UserOption(Model):
    """A wish of a person, such as the language, under an allow-listed key."""

    id = fields.IntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="options", on_delete=fields.CASCADE
    )
    key = fields.CharField(max_length=100)
    value = fields.CharField(max_length=1000, default="", db_default="")

    user_id: int

    class Meta:
        table = "user_option"
        unique_together = (("user", "key"),)
