"""The form that starts a task: the template's questions, and the prompts that it allows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.plugin import Executor
from hub.services import apps, inventories, templates
from hub.services.listing import Asked
from hub.services.tasks import matrix
from hub.services.tasks.again import HOSTS, can_narrow, last_of
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.read import list_tasks, task_with_template
from hub.web.forms import Field, Option, allowed, fields_of, lenient_number, lines, read
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.names import choices
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, Who, page

_MEMBERS: Final = ("message", "git_branch", "commit_hash", "inventory_id", "arguments", "build_task_id")
BUILDS: Final = 30  # of the builds that a deployment may choose from
Row = Mapping[str, Any]

_OF_THAT_RUN: Final = frozenset({"commit_hash", "commit_message", "message"})
"""What an earlier run had for itself alone, where only its answers are wanted."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A run form: the template, where its answers come from, and what was wrong with them."""

    project_id: int
    template: Row
    executor: Executor | None
    sent: MultiDict[str, str]
    again: Row
    """The task that is run again; empty otherwise."""
    errors: Mapping[str, str]
    failed: Sequence[str] = ()
    """Hosts on which the task failed that is run again, where only these were asked for."""
    by_itself: bool = False
    """Whether nobody will be there when it starts: a schedule or an integration starts it."""

    def value(self, field: str, default: Any) -> Any:
        """Return what was sent, else the default."""
        return self.sent.get(field, "") if self.sent else ("" if default is None else default)

    def error(self, field: str) -> str:
        """Return the sentence for a field."""
        return self.errors.get(field, "")


@page("/project/<int:project_id>/templates/<int:template_id>/run", Who.MEMBER, methods=FORM)
async def run(project_id: int, template_id: int) -> Response:
    """Ask, then start a task and show its log."""
    here = visit.visit()
    template = await templates.get_template(here.actor, project_id, template_id)
    executor = await apps.find(here.hub, template.get("app", ""))
    task_id = visit.query_number("task")
    last = await last_of(here.actor, project_id, template_id)
    again: Row = await task_with_template(here.actor, project_id, task_id) if task_id is not None else {}
    if last and "last" in request.args and not again:
        again = {name: value for name, value in last.items() if name not in _OF_THAT_RUN}
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    error, errors = "", dict[str, str]()
    if request.method == "POST":
        try:
            made = await launch(here.hub, here.actor, project_id, draft_of(template, executor, sent))
            return visit.go("task", project_id=project_id, task_id=made["id"])
        except FORM_ERRORS as fault:
            error, errors = faults(fault, members_of(template, executor))
    failed: Sequence[str] = ()
    if again and "failed" in request.args and can_narrow(executor):
        failed = (await matrix.load(here.actor, project_id, again["id"])).bad()
    ask = Ask(project_id, template, executor, sent, again, errors, failed)
    prompts = [*await prompts_of(ask), *options_of(ask)]
    return await visit.show(
        "run.html", status=400 if sent else 200, template=template, error=error, again=again or None,
        tells_hosts=executor is not None and executor.capabilities.tells_hosts, last=last,
        mine=last is not None and last.get("user_id") == here.actor.user_id,
        keep_commit=not sent or "commit_hash" in sent, commit_fault=errors.get("commit_hash", ""),
        fields={"survey": questions(ask), "prompts": prompts},
    )  # fmt: skip


def questions(ask: Ask) -> list[Field]:
    """Return the questions of the template's survey."""
    earlier = _answers(ask.again)
    return [_question(ask, variable, earlier) for variable in ask.template.get("survey_vars") or ()]


def _question(ask: Ask, variable: Row, earlier: Row) -> Field:
    name, kind = f"survey-{variable['name']}", variable.get("type") or ""
    widget = {"int": "number", "enum": "choice", "secret": "secret"}.get(kind, "line")
    options = [Option(str(one["value"]), one.get("name") or str(one["value"])) for one in variable.get("values") or ()]
    default = earlier.get(variable["name"], variable.get("default_value", ""))
    return Field(
        name, variable.get("title") or variable["name"], widget, ask.value(name, default), options=options,
        required=bool(variable.get("required")), help=variable.get("description", ""), error=ask.error(name),
    )  # fmt: skip


def _answers(task: Row) -> dict[str, Any]:
    try:
        found = json.loads(task.get("environment") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def prompts_of(ask: Ask) -> list[Field]:
    """Return what every kind of template may ask; only what this one allows."""
    template, again = ask.template, ask.again
    found = []
    if template.get("type") == "deploy" and template.get("build_template_id"):
        found.append(_newest_build() if ask.by_itself else await _build_choice(ask))
    found.append(Field("message", _("Message"), "line", ask.value("message", again.get("message", "")),
                       limits={"maxlength": 250}, help=_("Why it runs; shown in the history."),
                       error=ask.error("message")))  # fmt: skip
    if template.get("allow_override_branch_in_task"):
        branch = again.get("git_branch") or template.get("git_branch")
        found.append(Field("git_branch", _("Branch"), "line", ask.value("git_branch", branch),
                           error=ask.error("git_branch"), help=_("Empty takes the repository's own."),
                           limits={"maxlength": 255}))  # fmt: skip
    if (template.get("task_params") or {}).get("allow_override_inventory"):
        here = visit.visit()
        rows = await inventories.list_inventories(here.hub, here.actor, ask.project_id, app=template.get("app", ""))
        chosen = again.get("inventory_id") or template.get("inventory_id")
        found.append(Field("inventory_id", _("Inventory"), "key", ask.value("inventory_id", chosen),
                           options=choices(rows), error=ask.error("inventory_id")))  # fmt: skip
    if template.get("allow_override_args_in_task"):
        found.append(Field("arguments", _("Arguments"), "words",
                           ask.value("arguments", _argument_lines(again.get("arguments"))),
                           error=ask.error("arguments"),
                           help=_("Each becomes one argument of the command line.")))  # fmt: skip
    return found


def _newest_build() -> Field:
    return Field("newest_build", "", "note", _("It deploys the newest successful build of that moment."))


async def _build_choice(ask: Ask) -> Field:
    successful = Asked(filters={"status": "success"}, limit=BUILDS)
    builds = await list_tasks(
        visit.visit().actor, ask.project_id, successful, template_id=ask.template["build_template_id"]
    )
    options = [
        Option(str(one["id"]), " · ".join(part for part in (one.get("version") or f"#{one['id']}",
                                                            one.get("message") or one.get("commit_message")) if part))
        for one in builds
    ]  # fmt: skip
    chosen = ask.again.get("build_task_id") or (options[0].value if options else "")
    note = "" if options else _("There is no successful build yet; run the build template first.")
    return Field("build_task_id", _("Build to deploy"), "key", ask.value("build_task_id", chosen), options=options,
                 required=True, error=ask.error("build_task_id"), help=note)  # fmt: skip


def options_of(ask: Ask) -> list[Field]:
    """Return the executor's own prompts, filled with what the template or the earlier task has."""
    if ask.executor is None:
        return []
    kind, own = ask.executor.task_params_type, ask.template.get("task_params") or {}
    names = allowed(kind, own)
    if ask.sent:
        values: dict[str, Any] = read(kind, ask.sent, prefix="params-", only=names)[0]
    else:
        defaults = {name: own[name] for name in names if name in own and kind.model_fields[name].default is None}
        values = {**defaults, **(ask.again.get("params") or {})} | ({HOSTS: ask.failed} if ask.failed else {})
    errors = {name.removeprefix("params-"): text for name, text in ask.errors.items()}
    fields = fields_of(kind, values, prefix="params-", errors=errors)
    return [field for field in fields if field.name.removeprefix("params-") in names]


def draft_of(template: Row, executor: Executor | None, sent: MultiDict[str, str]) -> TaskDraft:
    """Read a sent form. Raises `Invalid`."""
    plain, secret = dict[str, Any](), dict[str, str]()
    for variable in template.get("survey_vars") or ():
        given = sent.get(f"survey-{variable['name']}", "")
        if given == "":
            continue  # an optional answer that was left out is no answer, not an empty text
        if variable.get("type") == "secret":
            secret[variable["name"]] = given
        else:
            plain[variable["name"]] = given
    body: dict[str, Any] = {
        "template_id": template["id"], "message": sent.get("message", "").strip(),
        "environment": json.dumps(plain, ensure_ascii=False), "secret": json.dumps(secret, ensure_ascii=False),
    }  # fmt: skip
    if executor is not None:
        names = allowed(executor.task_params_type, template.get("task_params") or {})
        body["params"] = read(executor.task_params_type, sent, prefix="params-", only=names)[0]
    for name in ("git_branch", "commit_hash"):
        if sent.get(name, "").strip():
            body[name] = sent[name].strip()
    for name in ("inventory_id", "build_task_id"):
        body[name] = lenient_number(sent.get(name, "")) or None
    if "build_task_id" in sent and not body["build_task_id"]:
        raise Invalid(_("Choose the build to deploy."), field="build_task_id")
    words = lines(sent.get("arguments", ""))
    if words:
        body["arguments"] = json.dumps(words, ensure_ascii=False)
    return TaskDraft.read(body)


def members_of(template: Row, executor: Executor | None) -> dict[str, str]:
    """Return the fields of the form by wire member, for sentences beside them."""
    found = {name: name for name in _MEMBERS}
    if executor is not None:
        found |= {f"params.{name}": f"params-{name}" for name in executor.task_params_type.model_fields}
    return found | {one["name"]: f"survey-{one['name']}" for one in template.get("survey_vars") or ()}


def _argument_lines(text: str | None) -> str:
    try:
        words = json.loads(text or "[]")
    except ValueError:
        return ""
    return "\n".join(map(str, words)) if isinstance(words, list) else ""
