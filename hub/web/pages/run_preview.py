"""What the run form as it stands would do: the command line, what stands against it, and the same as a call."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quart import Response, request

from hub.plugin import Executor
from hub.services import apps, templates
from hub.services.tasks import preview
from hub.services.tasks.launch import TaskDraft
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults, sentence
from hub.web.pages.routing import SEND, Who, page
from hub.web.pages.run import draft_of

_SAYABLE: Final = frozenset({"template_id", "environment", "secret", "message", "git_branch", "arguments"})
"""Members that `hub template run` has options for; `params` with nothing but a limit is one, too."""

_OF_TEMPLATE: Final = ("git_branch", "inventory_id")
"""Members of a task that the template has, too."""


@dataclass(frozen=True, slots=True)
class Calls:
    """The same run, started by other programs. Secret answers are placeholders."""

    curl: str
    command: str
    """Empty where the command line of the hub cannot say it."""


@page("/project/<int:project_id>/templates/<int:template_id>/run/preview", Who.MEMBER, methods=SEND)
async def run_preview(project_id: int, template_id: int) -> Response:
    """A part of the page; nothing here holds up a run."""
    here, sent = visit.visit(), await request.form
    template = await templates.get_template(here.actor, project_id, template_id)
    executor = await apps.find(here.hub, template.get("app", ""))
    found: Mapping[str, Any] = {}
    error, calls = "", None
    try:
        draft = draft_of(template, executor, sent)
        found = await preview.of_task(here.hub, here.actor, project_id, template_id, draft)
        project = here.grant.project_name if here.grant else ""
        calls = calls_of(project_id, template["name"], project, said_of(template, executor, draft))
    except FORM_ERRORS as fault:
        error = next(iter([faults(fault)[0] or sentence(fault)]))
    problems = [sentence(ValueError(one["sentence"])) for one in found.get("problems", ())]
    return await visit.show("parts/run_preview.html", found=found, error=error, calls=calls, problems=problems)


def said_of(template: Mapping[str, Any], executor: Executor | None, draft: TaskDraft) -> dict[str, Any]:
    """Return what the draft says beyond what a run of the template has anyway."""
    body = draft.model_dump(exclude_unset=True)
    if executor is not None and body.get("params"):
        known = executor.task_params_type.model_fields
        usual = {name: one.get_default(call_default_factory=True) for name, one in known.items()}
        body["params"] = {name: value for name, value in body["params"].items() if _differs(value, usual.get(name))}
    same = {name for name in _OF_TEMPLATE if body.get(name) == template.get(name)}
    nothing = {"environment", "secret"}
    return {
        name: value for name, value in body.items()
        if name not in same and value not in (None, "", {}) and not (name in nothing and value == "{}")
    }  # fmt: skip


def _differs(value: Any, usual: Any) -> bool:
    return bool(value != (list(usual) if isinstance(usual, tuple) else usual))


def calls_of(project_id: int, template: str, project: str, said: Mapping[str, Any]) -> Calls:
    """Return the run as a call of the API and of the command line; the token comes from the environment."""
    body = dict(said)
    if "secret" in body:
        body["secret"] = json.dumps({name: f"<{name}>" for name in json.loads(body["secret"])}, ensure_ascii=False)
    address = f"{visit.the_hub().settings.public_url or request.host_url.rstrip('/') + request.root_path}"
    written = json.dumps(body, indent=2, ensure_ascii=False)
    curl = (
        f"curl --fail-with-body {shlex.quote(f'{address}/api/project/{project_id}/tasks')} \\\n"
        '  -H "Authorization: Bearer $HUB_TOKEN" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(written)}"
    )
    return Calls(curl, _command(address, template, project, body))


def _command(address: str, template: str, project: str, body: Mapping[str, Any]) -> str:
    params = body.get("params") or {}
    told = {name for name, value in params.items() if value not in (None, "", [], False)}
    limit = params.get("limit")
    if body.keys() - _SAYABLE - {"params"} or told - {"limit"} or not isinstance(limit or [], list):
        return ""
    words = ["hub", "--server", address, "template", "run", "--project", project]
    for name, value in json.loads(body.get("environment", "{}")).items():
        words += ["--var", f"{name}={value}"]
    options = (("--message", "message"), ("--branch", "git_branch"), ("--arguments", "arguments"))
    for option, name in options:
        if body.get(name):
            words += [option, body[name]]
    if limit:
        words += ["--limit", ",".join(limit)]
    if "secret" in body:
        words.append("--secrets-stdin")
    line = shlex.join([*words, "--", template] if template.startswith("-") else [*words, template])
    return f"printf %s {shlex.quote(body['secret'])} | {line}" if "secret" in body else line
