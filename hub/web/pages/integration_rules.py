"""Conditions and values of an integration, with a sample request to try them on before anything is saved."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from quart import Response, request
from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.services import deliveries, webhooks
from hub.services import integration_rules as service
from hub.services.integration_rules import RulesDraft
from hub.services.webhooks import SampleDraft
from hub.web.beside import beside
from hub.web.forms import lenient_number, rows_of
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.failures import FORM_ERRORS, faults
from hub.web.pages.integration_form import ONE
from hub.web.pages.integrations import shared_values
from hub.web.pages.resource import NOTHING
from hub.web.pages.routing import FORM, Who, page
from hub.web.pages.versions import Held

Row = dict[str, Any]

_HEADER: Final = re.compile(r"\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:(.*)", re.ASCII)
_FAULT: Final = re.compile(r"(matchers|values)\.(\d+)\.(\w+)", re.ASCII)
_SHORT: Final = 255
"""Characters of a name that a rule is given."""
_SOURCES: Final = {
    "json": N_("Body, read as JSON"), "string": N_("Body, as plain text"), "header": N_("Header"),
}  # fmt: skip
_METHODS: Final = {"equals": N_("is"), "unequals": N_("is not"), "contains": N_("contains")}
_USES: Final = {"": N_("a variable"), "task": N_("a setting of the task")}

_PUSH: Final = {
    "ref": "refs/heads/main", "after": "3f1c9a2be74d5f60718293a4b5c6d7e8f9012345",
    "repository": {"full_name": "example/site"}, "pusher": {"name": "anna"},
    "head_commit": {"id": "3f1c9a2be74d5f60718293a4b5c6d7e8f9012345", "message": "Mend the menu"},
}  # fmt: skip
_SAMPLES: Final[Mapping[str, tuple[str, Row]]] = {
    "github": ("X-GitHub-Event: push", {**_PUSH, "sender": {"login": "anna"}}),
    "gitlab": ("X-Gitlab-Event: Push Hook", {
        "object_kind": "push", "ref": "refs/heads/main", "checkout_sha": _PUSH["after"], "user_username": "anna",
        "project": {"path_with_namespace": "example/site"},
    }),
    "bitbucket": ("X-Event-Key: repo:push", {
        "actor": {"nickname": "anna"}, "repository": {"full_name": "example/site"},
        "push": {"changes": [{"new": {"type": "branch", "name": "main", "target": {"hash": _PUSH["after"]}}}]},
    }),
}  # fmt: skip
"""What a push looks like, by the way of the sender: something to try rules on before the first one came."""


@page(f"{ONE}/rules", Who.MEMBER, methods=FORM)
async def integration_rules(project_id: int, integration_id: int) -> Response:
    """What a request must hold, what is taken out of it, and what a sample would do."""
    values = await shared_values(project_id, integration_id, "rules")
    sent: MultiDict[str, str] = await request.form if request.method == "POST" else NOTHING
    stored = await service.get_rules(visit.visit().actor, project_id, integration_id)
    values["held"] = Held({**stored, "id": integration_id}, sent)
    if not sent:
        rules = stored
        sample = await _sample(project_id, values["row"])
        return await _show(values, _shown(rules), sample)
    rules = {"matchers": _matchers(sent), "values": _values(sent)}
    sample = {"headers": sent.get("headers", ""), "body": sent.get("body", "")}
    if sent.get("do") == "try":
        return await _try(values, rules, sample)
    return await _save(values, rules, sample)


async def _save(values: Row, rules: Row, sample: Row) -> Response:
    here, row = visit.visit(), values["row"]
    try:
        draft = RulesDraft.read(rules)
        at = row["project_id"], row["id"]
        await values["held"].saving(
            lambda: _stored(*at), lambda: service.put_rules(here.hub, here.actor, *at, draft)
        )  # fmt: skip
    except FORM_ERRORS as fault:
        return await _show(values, _shown(rules), sample, fault=fault)
    return visit.go("integration_rules", project_id=row["project_id"], integration_id=row["id"], say=_("Saved."))


async def _stored(project_id: int, integration_id: int) -> Row:
    rules = await service.get_rules(visit.visit().actor, project_id, integration_id)
    return {**rules, "id": integration_id}


async def _try(values: Row, rules: Row, sample: Row) -> Response:
    """Say what the rules of the form make of the sample; nothing is stored, and nothing starts."""
    here, row = visit.visit(), values["row"]
    try:
        body = {"headers": _headers(sample["headers"]), "body": sample["body"], **rules}
        said = await webhooks.rehearse(here.hub, here.actor, row["project_id"], row["id"], SampleDraft.read(body))
    except FORM_ERRORS as fault:
        return await _show(values, _shown(rules), sample, fault=fault)
    return await _show(values, _shown(rules), sample, said=said)


async def _show(
    values: Row, rules: Row, sample: Row, *, fault: Exception | None = None, said: Row | None = None
) -> Response:  # fmt: skip
    error, errors = "", dict[str, str]()
    await values["held"].described("integration", [], {})
    if fault is not None:
        named = _FAULT.fullmatch(fault.field or "") if isinstance(fault, Invalid) else None
        error, errors = faults(fault, {"headers": "headers", "body": "body"})
        if named:
            part = "matcher" if named[1] == "matchers" else "value"
            error, errors = "", {f"{part}-{named[2]}": beside(str(fault))}
    return await visit.show(
        "integration_rules.html", status=400 if fault else 200, **values, error=error, errors=errors, rules=rules,
        sample=sample, said=said, variables=_json(said, "environment"), settings=_json(said, "params"),
        sources=_spoken(_SOURCES), uses=_spoken(_USES), methods=_spoken(_METHODS),
        read_only=not visit.visit().may_manage,
    )  # fmt: skip


def _spoken(titles: Mapping[str, str]) -> dict[str, str]:
    return {name: _(text) for name, text in titles.items()}


def _json(said: Row | None, member: str) -> str:
    return json.dumps(said[member], indent=2, ensure_ascii=False) if said else ""


async def _sample(project_id: int, row: Row) -> Row:
    """Return the delivery that was asked for, as something to try rules on; else what a push looks like."""
    here, wanted = visit.visit(), visit.query_number("delivery")
    if wanted is not None and here.may_manage:
        one = await deliveries.get_delivery(here.actor, project_id, row["id"], wanted)
        headers = "\n".join(f"{name}: {value}" for name, value in sorted(one["headers"].items()))
        return {"headers": headers, "body": one["body"]}
    headers, body = _SAMPLES.get(row["auth_method"], ("Content-Type: application/json", _PUSH))
    return {"headers": headers, "body": json.dumps(body, indent=2)}


def _headers(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        pair = _HEADER.fullmatch(line)
        if pair is None:
            raise Invalid(_("Line %(n)s must look like Name: value.", n=number), field="headers")
        found[pair[1]] = pair[2].strip()
    return found


def _matchers(sent: MultiDict[str, str]) -> list[Row]:
    return [
        {"id": lenient_number(one.get("id", "")), **_where(one, "match_type"), "method": one.get("method", ""),
         "value": one.get("value", ""), "name": one.get("name", "").strip() or _called(one)[:_SHORT]}
        for one in rows_of(sent, "matcher")
    ]  # fmt: skip


def _values(sent: MultiDict[str, str]) -> list[Row]:
    found = []
    for one in rows_of(sent, "value"):
        row = {"id": lenient_number(one.get("id", "")), **_where(one, "value_source"),
               "variable": one.get("variable", "").strip(), "variable_type": one.get("use", "")}  # fmt: skip
        row["variable_type"] = row["variable_type"] or "environment"
        found.append({**row, "name": one.get("name", "").strip() or (row["variable"] or _called(one))[:_SHORT]})
    return found


def _where(one: Mapping[str, str], member: str) -> Row:
    """Return the wire's two members for where to look, which the form asks for in one question."""
    source = one.get("source", "json")
    data_type = "" if source == "header" else source
    key = one.get("key", "").strip() or ("body" if source == "string" else "")
    return {member: "header" if source == "header" else "body", "body_data_type": data_type, "key": key}


def _called(one: Mapping[str, str]) -> str:
    """Name of a row that nobody named."""
    return (one.get("key", "").strip() or one.get("source", ""))[:255]


def _shown(rules: Row) -> Row:
    def source(one: Row, member: str) -> str:
        return "header" if one[member] == "header" else one["body_data_type"] or "json"

    return {
        "matchers": [{**one, "source": source(one, "match_type")} for one in rules["matchers"]],
        "values": [
            {**one, "source": source(one, "value_source"), "use": "task" if one["variable_type"] == "task" else ""}
            for one in rules["values"]
        ],
    }  # fmt: skip
