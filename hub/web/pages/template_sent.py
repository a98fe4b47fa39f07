"""What the form of a template sends, read into the wire's body."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.datastructures import MultiDict

from hub.plugin import Executor
from hub.web.forms import check, lenient_number, lines, read, rows_of, whole_number
from hub.web.pages import template_limits

Row = dict[str, Any]
_TICKS = ("autorun", "allow_override_args_in_task", "allow_override_branch_in_task", "allow_parallel_tasks")
MEMBERS = {
    name: name
    for name in (
        "name", "playbook", "repository_id", "inventory_id", "environment_id", "view_id", "git_branch", "arguments",
        "start_version", "build_template_id", "working_directory", "runner_tag", "time_limit", "description", "type",
        "host_limit", "queue_limit", "priority", "concurrency_group", "survey_vars", "vaults",
    )
}  # fmt: skip
"""Fields of the form by wire member, for sentences beside them."""


def body_of(
    row: Row, app: str, executor: Executor | None, sent: MultiDict[str, str], errors: dict[str, str]
) -> Row:  # fmt: skip
    """Read a sent form into the wire's body of a template; `errors` takes what no draft could say."""
    body: Row = {"app": app, "survey_vars": survey_of(sent), "vaults": vaults_of(sent)}
    for name in ("name", "playbook", "working_directory", "type", "start_version", "concurrency_group"):
        body[name] = sent.get(name, "").strip()
    for name in ("description", "git_branch", "runner_tag"):
        body[name] = sent.get(name, "").strip() or None
    for name in ("repository_id", "inventory_id", "environment_id", "view_id", "build_template_id"):
        body[name] = lenient_number(sent.get(name, "")) or None
    if "inventory_id" not in sent:  # the form offers none for this executor; what the API has set stays
        body["inventory_id"] = row.get("inventory_id")
    body |= {name: name in sent for name in _TICKS}
    body["suppress_success_alerts"] = bool(row.get("suppress_success_alerts"))
    body["arguments"] = _arguments(sent)
    for name, unit in (("time_limit", 60), ("queue_limit", 60), ("host_limit", 1), ("priority", 1)):
        try:
            if name in sent:
                number, stored = whole_number(sent[name]), int(row.get(name) or 0)
                body[name] = stored if number == stored // unit else number * unit  # what a minute hides stays
        except ValueError as error:
            errors[name] = str(error)
    if "limits-memory_mib" in sent:
        body["limits"] = template_limits.read(sent, errors)
    body["task_params"] = _params(row, executor, sent, errors)
    return body


def _arguments(sent: MultiDict[str, str]) -> str | None:
    if "arguments_json" in sent:  # lists by stage, which chips cannot show
        return sent["arguments_json"].strip() or None
    words = lines(sent.get("arguments", ""))
    return json.dumps(words, ensure_ascii=False) if words else None


def _params(
    row: Row, executor: Executor | None, sent: MultiDict[str, str], errors: dict[str, str]
) -> Row | None:  # fmt: skip
    """Return the executor's options; members that it does not know stay as they are."""
    kept = dict(row.get("task_params") or {})
    if executor is None:
        return kept or None
    values, _wrong = read(executor.params_type, sent, prefix="params-")
    fresh = {name: value for name, value in kept.items() if name not in executor.params_type.model_fields} | values
    known = {name: value for name, value in fresh.items() if name in executor.params_type.model_fields}
    errors |= {f"params-{name}": text for name, text in check(executor.params_type, known).items()}
    return fresh or None


def survey_of(sent: MultiDict[str, str]) -> list[Row]:
    """Return the questions of a form."""
    found: list[Row] = []
    for one in rows_of(sent, "survey"):
        name, kind = one.get("name", "").strip(), one.get("type", "").removeprefix("string")
        if not name and not one.get("title", "").strip():
            continue
        variable: Row = {
            "name": name, "title": one.get("title", "").strip() or name, "type": kind, "required": "required" in one,
            "description": one.get("description", "").strip(), "target": one.get("target", ""),
            "default_value": "" if kind == "secret" else one.get("default", "").strip(),
        }  # fmt: skip
        if kind == "enum":
            variable["values"] = [_choice(line) for line in lines(one.get("values", ""))]
        found.append(variable)
    return found


def _choice(line: str) -> Row:
    value, _equals, title = (part.strip() for part in line.partition("="))
    return {"value": value, "name": title or value}


def vaults_of(sent: MultiDict[str, str]) -> list[Row]:
    """Return the vaults of a form."""
    found: list[Row] = []
    for one in rows_of(sent, "vault"):
        key, script = lenient_number(one.get("key", "")), one.get("script", "").strip()
        kind = "script" if one.get("type") == "script" else "password"
        if key or script:
            found.append({
                "id": lenient_number(one.get("id", "")), "name": one.get("name", "").strip() or None, "type": kind,
                "vault_key_id": key or None if kind == "password" else None,
                "script": script if kind == "script" else None,
            })  # fmt: skip
    return found
