"""Fields of a template's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from quart import url_for
from werkzeug.datastructures import MultiDict

from hub.plugin import Executor
from hub.services import environments, inventories, repositories, templates
from hub.services.listing import Asked
from hub.services.template_drafts import MOST_PRIORITY
from hub.web.forms import Field, Option, fields_of, read
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase
from hub.web.pages import template_limits, visit
from hub.web.pages.drawing import survey_types
from hub.web.pages.names import choices, key_choices, known_keys, view_choices

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A template's form as it was sent or stored."""

    project_id: int
    row: Row
    sent: MultiDict[str, str]
    errors: Mapping[str, str]
    executor: Executor | None

    def field(self, name: str, label: str, widget: str = "line", **more: Any) -> Field:
        """Return a field filled with what was sent, else with what is stored."""
        stored = self.row.get(name)
        if widget == "tick":
            value: Any = name in self.sent if self.sent else bool(stored)
        else:
            value = self.sent.get(name, "") if self.sent else ("" if stored is None else stored)
        value = more.pop("value", None) if not self.sent and "value" in more else value
        more.pop("value", None)
        return Field(name, label, widget, value, error=self.errors.get(name, ""), **more)

    @property
    def has_vaults(self) -> bool:
        """The executor knows vaults, or the template has some."""
        types = self.executor.capabilities.inventory_types if self.executor else ()
        return "static" in types or bool(self.row.get("vaults"))

    async def vault_keys(self) -> list[Option] | None:
        """Return the keys that may open a vault; None where the executor knows no vaults."""
        return await key_choices(self.project_id, "login_password", "string") if self.has_vaults else None


async def all_fields(form: Form) -> dict[str, list[Field]]:
    """Return the fields by section."""
    return {"main": await _main(form), **await folded_fields(form)}


async def folded_fields(form: Form) -> dict[str, list[Field]]:
    """Return the fields of the sections that fold."""
    return {
        "params": await _params(form),
        "queue": _queue(form),
        "more": await _more(form),
        "limits": template_limits.fields(form.row.get("limits") or {}, form.sent, form.errors),
    }


def _queue(form: Form) -> list[Field]:
    minutes = str(int(form.row.get("queue_limit") or 0) // 60)
    priority = str(int(form.row.get("priority") or 0))
    return [
        form.field("allow_parallel_tasks", _("Several tasks at once"), "tick",
                   help=_("Start a task while another one of this template still runs.")),
        form.field("concurrency_group", _("Concurrency group"), limits={"maxlength": 100}, placeholder="database",
                   help=_("Of all templates of this project that name the same group, one task runs at a time.")),
        form.field("priority", _("Priority"), "number", value=priority,
                   limits={"min": -MOST_PRIORITY, "max": MOST_PRIORITY},
                   help=_("When slots are short, a higher number goes first, in the whole hub. Usually 0.")),
        form.field("queue_limit", _("Longest wait in minutes"), "number", value=minutes, limits={"min": 0},
                   help=_("A task that has not begun by then ends as an error; 0 means without limit.")),
        form.field("runner_tag", _("Worker tag"), help=_("Only workers with this tag run it.")),
    ]  # fmt: skip


async def _main(form: Form) -> list[Field]:
    here, project_id = visit.visit(), form.project_id
    able = form.executor.capabilities if form.executor else None
    found_repositories = choices(await repositories.list_repositories(here.actor, project_id))
    groups = choices(await environments.list_environments(here.actor, project_id))
    only = {"value": found_repositories[0].value} if len(found_repositories) == 1 and not form.row else {}
    fields = [
        form.field("name", _("Name"), required=True, limits={"maxlength": 100}),
        form.field("description", _("Description")),
        form.field("repository_id", _("Repository"), "key", required=True, options=found_repositories, **only),
        form.field("git_branch", _("Branch"), help=_("Empty takes the repository's own.")),
        form.field("playbook", phrase(able.script_label) if able else _("Script"),
                   help=_("Path inside the repository."), required=not able or able.needs_script),
    ]  # fmt: skip
    if not able or able.needs_inventory or able.inventory_types:
        app = form.executor.name if form.executor else ""
        rows = choices(await inventories.list_inventories(here.hub, here.actor, project_id, app=app))
        alone = {"value": rows[0].value} if len(rows) == 1 and not form.row else {}
        fields.append(form.field("inventory_id", _("Inventory"), "key", options=rows,
                                 required=bool(able and able.needs_inventory), **alone))  # fmt: skip
    fields.append(form.field("environment_id", _("Variable group"), "key", options=groups))
    return fields


async def _params(form: Form) -> list[Field]:
    if form.executor is None:
        return []
    kind = form.executor.params_type
    values = read(kind, form.sent, prefix="params-")[0] if form.sent else dict(form.row.get("task_params") or {})
    errors = {name.removeprefix("params-"): text for name, text in form.errors.items()}
    return fields_of(kind, values, prefix="params-", keys=await known_keys(form.project_id), errors=errors)


async def _more(form: Form) -> list[Field]:
    here = visit.visit()
    known = await templates.list_templates(here.actor, form.project_id, Asked(filters={"type": "build,deploy"}))
    builds = choices(one for one in known if one["id"] != form.row.get("id"))
    purposes = [Option("build", _("Build: makes a version")), Option("deploy", _("Deploy: ships a build"))]
    minutes = str(int(form.row.get("time_limit") or 0) // 60)
    return [
        form.field("view_id", _("View"), "key", options=await view_choices(form.project_id),
                   help=_("The tab that shows it.")),
        form.field("type", _("Purpose"), "choice", placeholder=_("Just run it"), options=purposes),
        form.field("start_version", _("First version"), when="type=build", placeholder="1.0.0",
                   help=_("The number in it grows with each build.")),
        form.field("build_template_id", _("Build template"), "key", options=builds, when="type=deploy"),
        form.field("autorun", _("Deploy every successful build by itself"), "tick", when="type=deploy"),
        *_arguments(form),
        form.field("working_directory", _("Working directory"), help=_("Folder inside the repository to run in.")),
        form.field("allow_override_args_in_task", _("Ask for arguments before a run"), "tick"),
        form.field("allow_override_branch_in_task", _("Ask for the branch before a run"), "tick"),
        form.field("time_limit", _("Time limit in minutes"), "number", value=minutes, limits={"min": 0},
                   help=_("A task that takes longer is stopped; 0 means the hub's own limit.")),
        *_host_limit(form),
    ]  # fmt: skip


def _host_limit(form: Form) -> list[Field]:
    if form.executor is None or not form.executor.capabilities.needs_inventory:
        return []
    value = str(int(form.row.get("host_limit") or 0))
    text = _("A task that would touch more hosts does not begin; 0 means without limit.")
    return [form.field("host_limit", _("Most hosts"), "number", value=value, limits={"min": 0}, help=text)]


def _arguments(form: Form) -> list[Field]:
    stored = form.row.get("arguments") or "[]"
    try:
        words = json.loads(stored)
    except ValueError:
        words = stored
    if not isinstance(words, list) or "arguments_json" in form.sent:
        field = form.field("arguments_json", _("Arguments"), "code", value=stored, rows=4, editor="json",
                           help=_("JSON: a list, or an object of a list for each stage."))  # fmt: skip
        return [replace(field, error=field.error or form.errors.get("arguments", ""))]
    return [form.field("arguments", _("Arguments"), "words", value="\n".join(map(str, words)),
                       help=_("Each becomes one argument of the command line."))]  # fmt: skip


async def missing(form: Form) -> list[dict[str, str]]:
    """Return what must be made first, with the way there."""
    here, found = visit.visit(), []
    if not await repositories.list_repositories(here.actor, form.project_id):
        found.append(
            {"text": _("Add a repository"), "address": url_for("pages.repositories_new", project_id=form.project_id)}
        )
    able = form.executor.capabilities if form.executor else None
    if able and able.needs_inventory and not await inventories.list_inventories(here.hub, here.actor, form.project_id):
        found.append(
            {"text": _("Add an inventory"), "address": url_for("pages.inventory_new", project_id=form.project_id)}
        )
    return found


def survey_fields(variable: Row, number: int | str) -> list[Field]:
    """Return the fields of one survey variable's row."""

    def name(member: str) -> str:
        return f"survey-{number}-{member}"

    values = "\n".join(
        str(one["value"]) if one.get("name") in (None, "", one["value"]) else f"{one['value']} = {one['name']}"
        for one in variable.get("values") or ()
    )
    types = [Option(value or "string", title) for value, title in survey_types().items()]
    targets = [Option("", _("Variable")), Option("env", _("Environment variable"))]
    return [
        Field(name("title"), _("Question"), "line", variable.get("title", ""), placeholder=_("Which version?")),
        Field(name("name"), _("Variable"), "line", variable.get("name", ""), placeholder="version"),
        Field(name("type"), _("Type"), "choice", variable.get("type") or "string", options=types),
        Field(name("default"), _("Default"), "line", variable.get("default_value", ""), when="string int enum"),
        Field(name("values"), _("Choices"), "text", values, when="enum", placeholder="prod = Production",
              help=_("One a line: the value, or value = title.")),
        Field(name("description"), _("Hint"), "line", variable.get("description", "")),
        Field(name("target"), _("Given as"), "choice", variable.get("target", ""), options=targets),
        Field(name("required"), _("Must be answered"), "tick", bool(variable.get("required"))),
    ]  # fmt: skip
