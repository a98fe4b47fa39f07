"""Templates: what can be run, and how it is laid out for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from hub.models.access import User
    from hub.models.project import Environment, Inventory, Key, Project, Repository


class Template(Model):
    """A thing to run: an executor (`app`), a script of a repository, and everything it needs."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="templates", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=100)
    description = fields.TextField(null=True)
    app = fields.CharField(max_length=50, default="", db_default="")
    playbook = fields.CharField(max_length=255, default="", db_default="")
    working_directory = fields.CharField(max_length=255, default="", db_default="")
    type = fields.CharField(max_length=10, default="", db_default="")
    inventory: fields.ForeignKeyNullableRelation[Inventory] = fields.ForeignKeyField(
        "models.Inventory", related_name="templates", on_delete=fields.RESTRICT, null=True
    )
    repository: fields.ForeignKeyRelation[Repository] = fields.ForeignKeyField(
        "models.Repository", related_name="templates", on_delete=fields.RESTRICT
    )
    environment: fields.ForeignKeyNullableRelation[Environment] = fields.ForeignKeyField(
        "models.Environment", related_name="templates", on_delete=fields.RESTRICT, null=True
    )
    view: fields.ForeignKeyNullableRelation[View] = fields.ForeignKeyField(
        "models.View", related_name="templates", on_delete=fields.SET_NULL, null=True
    )
    build_template: fields.ForeignKeyNullableRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="deploy_templates", on_delete=fields.RESTRICT, null=True
    )
    arguments = fields.TextField(null=True)
    """JSON text: a list of texts, or for stages an object of such lists."""
    start_version = fields.CharField(max_length=20, null=True)
    autorun = fields.BooleanField(default=False, db_default=False)
    git_branch = fields.CharField(max_length=255, null=True)
    survey_vars = fields.JSONField[list[dict[str, Any]]](null=True)
    suppress_success_alerts = fields.BooleanField(default=False, db_default=False)
    allow_override_args_in_task = fields.BooleanField(default=False, db_default=False)
    allow_override_branch_in_task = fields.BooleanField(default=False, db_default=False)
    allow_parallel_tasks = fields.BooleanField(default=False, db_default=False)
    task_params = fields.JSONField[dict[str, Any]](null=True)
    params_version = fields.IntField(default=1, db_default=1)
    runner_tag = fields.CharField(max_length=50, null=True)
    time_limit = fields.IntField(default=0, db_default=0)
    """Seconds that a task may run; 0 means the hub's own limit."""
    queue_limit = fields.IntField(default=0, db_default=0)
    """Seconds that a task may wait for its turn; 0 means without limit."""
    priority = fields.IntField(default=0, db_default=0)
    """Tasks of a higher one are let through first."""
    concurrency_group = fields.CharField(max_length=100, default="", db_default="")
    """Tasks of one project with the same name here run one after the other; empty for none."""
    host_limit = fields.IntField(default=0, db_default=0)
    """Most hosts that a task may touch; 0 means without limit."""
    limits = fields.JSONField[dict[str, Any]](null=True)
    """What its processes may use: memory, processes, file size."""
    tasks = fields.IntField(default=0, db_default=0)
    """How many tasks were ever made of it."""

    project_id: int
    inventory_id: int | None
    repository_id: int
    environment_id: int | None
    view_id: int | None
    build_template_id: int | None

    class Meta:
        table = "template"
        indexes = (
            Index(fields=("project_id", "name")),
            Index(fields=("inventory_id",)),
            Index(fields=("repository_id",)),
            Index(fields=("environment_id",)),
            Index(fields=("view_id",)),
            Index(fields=("build_template_id",)),
        )


class TemplateEnvironment(Model):
    """A further variable group of a template; later positions win."""

    id = fields.IntField(primary_key=True)
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="environments", on_delete=fields.CASCADE
    )
    environment: fields.ForeignKeyRelation[Environment] = fields.ForeignKeyField(
        "models.Environment", related_name="template_environments", on_delete=fields.RESTRICT
    )
    position = fields.IntField(default=0, db_default=0)

    template_id: int
    environment_id: int

    class Meta:
        table = "template_environment"
        unique_together = (("template", "environment"),)
        indexes = (Index(fields=("environment_id",)),)


class TemplateVault(Model):
    """A vault of a template: the password of a key, or a script that prints it."""

    id = fields.IntField(primary_key=True)
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="vaults", on_delete=fields.CASCADE
    )
    vault_key: fields.ForeignKeyNullableRelation[Key] = fields.ForeignKeyField(
        "models.Key", related_name="vaults", on_delete=fields.RESTRICT, null=True
    )
    name = fields.CharField(max_length=255, null=True)
    type = fields.CharField(max_length=20, default="password", db_default="password")
    script = fields.CharField(max_length=1000, null=True)

    template_id: int
    vault_key_id: int | None

    class Meta:
        table = "template_vault"
        indexes = (Index(fields=("template_id",)), Index(fields=("vault_key_id",)))


class View(Model):
    """A tab over the templates of a project."""

    id = fields.IntField(primary_key=True)
    project: fields.ForeignKeyRelation[Project] = fields.ForeignKeyField(
        "models.Project", related_name="views", on_delete=fields.CASCADE
    )
    title = fields.CharField(max_length=100)
    position = fields.IntField(default=0, db_default=0)
    type = fields.CharField(max_length=20, default="", db_default="")
    hidden = fields.BooleanField(default=False, db_default=False)
    sort_column = fields.CharField(max_length=100, null=True)
    sort_reverse = fields.BooleanField(default=False, db_default=False)

    project_id: int

    class Meta:
        table = "view"
        indexes = (Index(fields=("project_id", "position")),)


class Star(Model):
    """A template that a person keeps at the top."""

    id = fields.IntField(primary_key=True)
    user: fields.ForeignKeyRelation[User] = fields.ForeignKeyField(
        "models.User", related_name="stars", on_delete=fields.CASCADE
    )
    template: fields.ForeignKeyRelation[Template] = fields.ForeignKeyField(
        "models.Template", related_name="stars", on_delete=fields.CASCADE
    )

    user_id: int
    template_id: int

    class Meta:
        table = "star"
        unique_together = (("user", "template"),)
        indexes = (Index(fields=("template_id",)),)
