"""The form of a channel: what its notifier needs to know, which events it tells, of which templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.plugin import Notifier
from hub.services import keys, templates
from hub.services.channels import ChannelDraft
from hub.services.notices import names
from hub.services.params import key_members
from hub.web.forms import Field, Option, fields_of, lenient_number, lines, read
from hub.web.i18n import N_, phrase
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.resource import Filled

FEW: Final = 60
"""Templates that are offered as boxes to tick; names of more are written down."""
_KINDS: Final = ("string", "login_password")
_FLAT: Final = "params_"
EVENTS: Final = {
    names.FAILED: N_("A task failed"),
    names.WAITS: N_("A task needs a decision"),
    names.RECOVERED: N_("A task succeeded after a failure"),
    names.SUCCESS: N_("A task succeeded"),
    names.STARTED: N_("A task started"),
    names.STOPPED: N_("A task was stopped"),
    names.DRIFT_OPENED: N_("Something differs from its description"),
    names.DRIFT_CLOSED: N_("Everything is as described again"),
    names.SCHEDULE_FAILED: N_("A schedule started nothing"),
    names.WORKER_LOST: N_("A worker is gone"),
    names.KEY_EXPIRING: N_("A key will expire soon"),
    names.TEST: N_("Test"),
}


def event_title(name: str) -> str:
    """Return what people read for an event."""
    return _(EVENTS[name]) if name in EVENTS else name


def notifiers() -> list[Notifier[Any]]:
    """Return the ways to tell people, in the order in which plugins bring them."""
    return list(visit.the_hub().registry.notifiers.values())


def chosen_of(form: Filled) -> str:
    """Return the name of the notifier that the form is about."""
    known = [one.name for one in notifiers()]
    wanted = str(form.value("notifier"))
    return wanted if wanted in known or not known else known[0]


async def fields(project_id: int | None, form: Filled) -> list[Field]:
    """Return the fields of the form."""
    chosen = chosen_of(form)
    offered = [Option(one.name, phrase(one.title)) for one in notifiers()]
    if chosen and chosen not in {one.value for one in offered}:
        offered.append(Option(chosen, chosen))
    ticked = form.sent.getlist("events") if form.sent else form.row.get("events", list(names.USUAL))
    found = [
        Field("name", _("Name"), "line", form.value("name"), required=True, error=form.error("name"),
              limits={"maxlength": 255}, placeholder=_("Operations")),
        Field("notifier", _("Tells people by"), "choice", chosen, required=True, options=offered,
              error=form.error("notifier")),
    ]  # fmt: skip
    for notifier in notifiers():
        found += await _of_notifier(project_id, form, notifier, chosen)
    events = [Option(name, _(title)) for name, title in EVENTS.items() if name != names.TEST]
    found.append(Field("events", _("It tells when"), "ticks", ticked, options=events, error=form.error("events")))
    if project_id is not None:
        found += await _of_templates(project_id, form)
    active = "active" in form.sent if form.sent else bool(form.row.get("active", True))
    return [*found, Field("active", _("Switched on"), "tick", active)]


async def _of_notifier(project_id: int | None, form: Filled, notifier: Notifier[Any], chosen: str) -> list[Field]:
    """Return the fields of a notifier's params; each secret is written here, or is a key of the project."""
    prefix, when = f"{notifier.name}-", f"notifier={notifier.name}"
    mine = notifier.name == chosen
    values: Mapping[str, Any] = form.row.get("params", {}) if mine and not form.sent else {}
    if form.sent:
        values = _plain(notifier, form.sent)
    errors = {one.removeprefix(prefix): text for one, text in form.errors.items() if one.startswith(prefix)}
    stored = set(form.row.get("secrets", ())) if mine and form.row.get("notifier") == notifier.name else set()
    secret = set(key_members(notifier.params_type))
    found: list[Field] = []
    for drawn in fields_of(notifier.params_type, values, prefix=prefix, errors=errors, when=when):
        one = replace(drawn, group="")  # a heading would stand there for the others, too
        name = one.name.removeprefix(prefix)
        found += await _of_secret(project_id, form, one, held=name in stored) if name in secret else [one]
    return found


async def _of_secret(project_id: int | None, form: Filled, one: Field, *, held: bool) -> list[Field]:
    key = form.sent.get(f"{one.name}-key", "") if form.sent else str(one.value or "")
    written = replace(
        one, widget="secret", value="", required=one.required and not held, unmarked=held,
        placeholder=_("Unchanged") if held else "",
    )  # fmt: skip
    found = [written]
    if project_id is not None:
        options = await _keys(project_id)
        if options or key:
            found[0] = replace(written, when=f"{one.when}&{one.name}-key=")
            chosen = Field(
                f"{one.name}-key", _("%(secret)s, taken from", secret=one.label), "key", key, options=options,
                when=one.when, unmarked=True, placeholder=_("Written down here"),
            )  # fmt: skip
            found.insert(0, chosen)
    if held and not one.required:
        found.append(Field(f"{one.name}-drop", _("Forget what is stored for: %(secret)s", secret=one.label), "tick",
                           f"{one.name}-drop" in form.sent, when=one.when))  # fmt: skip
    return found


async def _keys(project_id: int) -> list[Option]:
    rows = await keys.list_keys(visit.visit().actor, project_id)
    return [Option(str(row["id"]), str(row["name"])) for row in rows if row["type"] in _KINDS]


async def _of_templates(project_id: int, form: Filled) -> list[Field]:
    known = await _templates(project_id)
    wanted = form.row.get("template_ids")
    some = form.sent.get("some", "") if form.sent else ("" if wanted is None else "some")
    error = form.error("templates")
    which = Field("some", _("Templates"), "choice", some, required=True, error="" if some else error,
                  options=[Option("", _("All of them")), Option("some", _("Only some"))])  # fmt: skip
    if len(known) <= FEW:
        ticked = form.sent.getlist("templates") if form.sent else [str(one) for one in wanted or ()]
        boxes = [Option(str(number), name) for number, name in known.items()]
        return [which, Field("templates", _("These templates"), "ticks", ticked, options=boxes, when="some=some",
                             error=error)]  # fmt: skip
    text = form.sent.get("templates", "") if form.sent else "\n".join(known.get(one, "") for one in wanted or ())
    return [which, Field("templates", _("These templates"), "words", text, when="some=some", error=error,
                         help=_("Their names, one on each line."))]  # fmt: skip


async def _templates(project_id: int) -> dict[int, str]:
    found = await templates.list_names(visit.visit().actor, project_id)
    return {int(row["id"]): str(row["name"]) for row in found}


async def draft_of(project_id: int | None, sent: MultiDict[str, str]) -> ChannelDraft:
    """Read the form. Raises `Invalid`."""
    notifier = visit.the_hub().registry.notifiers.get(sent.get("notifier", ""))
    params: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    if notifier is not None:
        params = _plain(notifier, sent)
        for name in key_members(notifier.params_type):
            field = f"{notifier.name}-{name}"
            if key := lenient_number(sent.get(f"{field}-key", "")) if project_id is not None else 0:
                params[name] = key
            elif text := sent.get(field, "").strip():
                secrets[name] = text
            elif f"{field}-drop" in sent:
                secrets[name] = ""
    return ChannelDraft.read({
        "name": sent.get("name", "").strip(), "notifier": sent.get("notifier", ""), "params": params,
        "secrets": secrets, "events": sent.getlist("events"), "active": "active" in sent,
        "template_ids": await _wanted(project_id, sent),
    })  # fmt: skip


def _plain(notifier: Notifier[Any], sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was sent of a notifier's params but for its secrets; empty fields have their defaults."""
    secret = set(key_members(notifier.params_type))
    values = read(notifier.params_type, sent, prefix=f"{notifier.name}-")[0]
    return {name: value for name, value in values.items() if name not in secret and value != ""}


async def _wanted(project_id: int | None, sent: MultiDict[str, str]) -> list[int] | None:
    if project_id is None or sent.get("some") != "some":
        return None
    known = await _templates(project_id)
    if len(known) <= FEW:
        return [number for one in sent.getlist("templates") if (number := lenient_number(one))]
    numbers = {name: number for number, name in known.items()}
    missing = [name for name in lines(sent.get("templates", "")) if name not in numbers]
    if missing:
        raise Invalid(_("There is no template “%(name)s” in this project.", name=missing[0]), field="template_ids")
    return [numbers[name] for name in lines(sent.get("templates", ""))]


def members(sent: MultiDict[str, str]) -> dict[str, str]:
    """Return the fields of the form by wire member."""
    found = {"name": "name", "notifier": "notifier", "events": "events", "template_ids": "templates"}
    notifier = visit.the_hub().registry.notifiers.get(sent.get("notifier", ""))
    if notifier is not None:
        for name in notifier.params_type.model_fields:
            found |= {f"params.{name}": f"{notifier.name}-{name}", f"secrets.{name}": f"{notifier.name}-{name}"}
            found[f"{_FLAT}{name}"] = f"{notifier.name}-{name}"
    return found


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a channel with its params as members of their own, so that a reader can be told which one has changed."""
    beside = {name: value for name, value in row.items() if name != "params"}
    return beside | {f"{_FLAT}{name}": value for name, value in row.get("params", {}).items()}


def summary(row: Mapping[str, Any]) -> Sequence[str]:
    """Return the titles of the events that a channel tells."""
    return [event_title(name) for name in row["events"]]
