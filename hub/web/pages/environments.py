"""Variable groups of a project, with their secret variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.services import environments as service
from hub.services.environments import LONGEST_NAME, EnvironmentDraft
from hub.web.forms import Field, lenient_number, rows_of
from hub.web.i18n import N_
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.key_uses import templates_of
from hub.web.pages.resource import Filled, Kind, Row, Words, declare
from hub.web.pages.text_check import refuse

_WORDS = Words(
    title=N_("Variable groups"),
    about=N_("Variables that templates share."),
    new=N_("New variable group"),
    one=N_("the variable group"),
    empty=N_("No variable groups yet"),
    empty_text=N_("Put variables here that several templates need, secret ones too."),
    columns=(N_("Variables"),),
)
_MEMBERS: Final = {"name": "name", "json": "json", "env": "env"}
_PAIR = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.ASCII)


async def _rows(project_id: int) -> Sequence[Row]:
    return await service.list_environments(visit.visit().actor, project_id)


async def _nothing(project_id: int) -> None:
    return None


def _cells(row: Row, _extra: object) -> Sequence[str]:
    names = [*_object(row["json"]), *_object(row["env"])]
    return (", ".join(names[:6]) + (" …" if len(names) > 6 else "") or "—",)


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


async def _fields(project_id: int, form: Filled) -> list[Field]:
    stored = form.row.get("json") or ""
    variables = form.sent.get("json", "") if form.sent else _pretty(stored)
    env = form.sent.get("env", "") if form.sent else _as_lines(_object(form.row.get("env")))
    return [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name")),
        Field("json", _("Variables"), "code", variables, error=form.error("json"), rows=8, editor="json",
              placeholder='{\n  "release": "stable"\n}',
              help=_("A JSON object. Ansible gets them as extra variables, scripts as arguments or environment.")),
        Field("env", _("Environment variables"), "code", env, error=form.error("env"), rows=5,
              placeholder="LANG=C.UTF-8", help=_("One `NAME=value` a line, for every program of the task.")),
    ]  # fmt: skip


def _pretty(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""


def _as_lines(variables: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}={_plain(value)}" for name, value in variables.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read_env(text: str) -> str | None:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        pair = _PAIR.fullmatch(line)
        if pair is None:
            raise Invalid(_("Line %(n)s must look like NAME=value.", n=number), field="env")
        if pair[1] in found:
            raise Invalid(_("The name %(name)s is there twice.", name=pair[1]), field="env")
        found[pair[1]] = pair[2].strip()
    return json.dumps(found, ensure_ascii=False) if found else None


def _changes(row: Row, sent: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Return what the rows ask for: new secrets, renamed or replaced ones, and those that are gone."""
    known = {int(one["id"]) for one in row.get("secrets", ())}
    changes: list[dict[str, Any]] = []
    for one in rows_of(sent, "secret"):
        secret_id = lenient_number(one.get("id", ""))
        if not secret_id and not one.get("name", "").strip() and not one.get("value"):
            continue
        changes.append({
            "id": secret_id, "type": one.get("type", "var"), "name": one.get("name", "").strip(),
            "secret": one.get("value", ""), "operation": "update" if secret_id in known else "create",
        })  # fmt: skip
    kept = {change["id"] for change in changes}
    gone = [{"id": one, "type": "var", "name": "", "operation": "delete"} for one in sorted(known - kept)]
    return gone + changes


async def _save(project_id: int, item_id: int | None, row: Row, sent: MultiDict[str, str]) -> None:
    here = visit.visit()
    _refuse_doubles(sent)
    await refuse("json", sent.get("json", ""), field="json")
    env = _read_env(sent.get("env", ""))
    same = env is not None and _as_lines(_object(row.get("env"))) == _as_lines(_object(env))
    draft = EnvironmentDraft.read({
        "name": sent.get("name", "").strip(), "json": sent.get("json", "").strip() or "{}",
        "env": row["env"] if same else env, "password": row.get("password"), "secrets": _changes(row, sent),
    })  # fmt: skip
    if item_id is None:
        await service.create_environment(here.hub, here.actor, project_id, draft)
    else:
        await service.update_environment(here.hub, here.actor, project_id, item_id, draft)


def _refuse_doubles(sent: MultiDict[str, str]) -> None:
    """Refuse names that are there twice: of a JSON object the last would win, and nobody would know."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _value in pairs]
        for name in names:
            if names.count(name) > 1:
                raise Invalid(_("The name %(name)s is there twice.", name=name), field="json")
        return dict(pairs)

    with suppress(ValueError, RecursionError):  # what is no JSON at all is refused in the service's words
        json.loads(sent.get("json", "") or "{}", object_pairs_hook=once)
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(rows_of(sent, "secret")):
        name = (one.get("type", ""), one.get("name", "").strip())
        if not name[1] and (one.get("value") or one.get("id")):
            raise Invalid(_("Write a name."), field=f"secret-{number}")
        if len(name[1]) > LONGEST_NAME:
            raise Invalid(_("Write at most %(n)s characters.", n=LONGEST_NAME), field=f"secret-{number}")
        if name[1] and name in seen:
            raise Invalid(_("This name is there twice."), field=f"secret-{number}")
        seen.add(name)


def _fields_by_member(sent: MultiDict[str, str]) -> Mapping[str, str]:
    rows = {f"secret-{number}": f"secret-{number}" for number, _one in enumerate(rows_of(sent, "secret"))}
    return {**_MEMBERS, **rows}


async def _around(project_id: int, row: Row) -> Row:
    """The templates that use a group."""
    refs = await service.environment_refs(visit.visit().actor, project_id, row["id"])
    return {"uses": templates_of(project_id, refs)}


async def _get(project_id: int, item_id: int) -> Row:
    return await service.get_environment(visit.visit().actor, project_id, item_id)


async def _delete(project_id: int, item_id: int) -> None:
    here = visit.visit()
    await service.delete_environment(here.hub, here.actor, project_id, item_id)


declare(
    Kind("environment", "variable", _WORDS, _rows, _cells, _nothing, _fields, _get, _save, _delete,
         _fields_by_member, template="environment_form.html", around=_around)
)  # fmt: skip
