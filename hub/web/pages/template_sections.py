"""Sections of a template's form: folded away until somebody needs them, with what is set in them on their heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.web.forms import Field, grouped
from hub.web.i18n import gettext as _
from hub.web.pages import template_fields
from hub.web.pages.drawing import app_title
from hub.web.pages.template_fields import Form
from hub.web.pages.template_sent import survey_of, vaults_of

_NAMED: Final = 6
"""Settings that a head names; the rest is counted."""

_LONGEST: Final = 60
"""Letters of a value on a head."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the form."""

    title: str
    note: str
    told: str
    """What is set in it, in a line; empty while all is as usual."""
    fields: Sequence[Field] = ()
    refused: bool = False
    """Something in it was refused, so it is shown open."""


async def sections(form: Form, fields: Mapping[str, Sequence[Field]] | None = None) -> dict[str, Section]:
    """Return the sections that fold, in their order; `fields` where they are known already."""
    known = fields or await template_fields.folded_fields(form)
    survey, vaults = _rows_of(form)
    found = {
        "survey": Section(
            _("Questions before a run"), _("Each answer becomes a variable of the task."),
            _listed(str(one.get("title") or one.get("name") or "") for one in survey),
            refused="survey_vars" in form.errors,
        ),
    }  # fmt: skip
    if form.has_vaults:
        found["vaults"] = Section(
            _("Vaults"), _("Passwords that open encrypted files of the repository."),
            _listed(str(one.get("name") or "default") for one in vaults), refused="vaults" in form.errors,
        )  # fmt: skip
    if known["params"]:
        title = _("Options of %(app)s", app=await app_title(form.executor.name if form.executor else None))
        found["params"] = _of_fields(title, _contents(known["params"]), known["params"])
    more = _("View, builds and deployments, arguments, what may be asked, and the longest time.")
    found["more"] = _of_fields(_("More"), more, known["more"])
    found["queue"] = _of_fields(_("Queue"), _("When its tasks begin, beside those of others."), known["queue"])
    limits = _("What the programs of a task may use. The hub may set narrower ones.")
    found["limits"] = _of_fields(_("Limits"), limits, known["limits"])
    return found


def summary_of(fields: Sequence[Field]) -> str:
    """Say in a line what is set in these fields."""
    values = {one.name: str(one.value) for one in fields}
    return _listed(_said(one) for one in fields if _is_set(one) and _applies(one.when, values))


def _of_fields(title: str, note: str, fields: Sequence[Field]) -> Section:
    return Section(title, note, summary_of(fields), fields, refused=any(one.error for one in fields))


def _rows_of(form: Form) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    if form.sent:
        return survey_of(form.sent), vaults_of(form.sent)
    return form.row.get("survey_vars") or (), form.row.get("vaults") or ()


def _contents(fields: Sequence[Field]) -> str:
    """Name what an executor's options are about: their headings, else the first of them."""
    headings = [heading for heading, _members in grouped(fields) if heading]
    return ", ".join(headings or [one.label for one in fields[:_NAMED]])


def _is_set(one: Field) -> bool:
    if one.usual is not None:
        return bool(one.value != one.usual)
    return one.value not in ("", "0", 0, False, None)


def _applies(when: str, values: Mapping[str, str]) -> bool:
    """Tell whether a field that depends on others is shown at all; of fields elsewhere nothing is known."""
    for condition in when.split("&") if when else ():
        name, _equals, wanted = condition.partition("=")
        if name in values and values[name] not in wanted.split(","):
            return False
    return True


def _said(one: Field) -> str:
    if one.widget == "tick":
        return one.label if one.value else _("%(name)s: no", name=one.label)
    if one.widget == "secret":
        return one.label
    titles = {option.value: option.title for option in one.options}
    value = ", ".join(titles.get(str(one.value), str(one.value)).split("\n"))
    return f"{one.label}: {value if len(value) <= _LONGEST else value[: _LONGEST - 1] + '…'}"


def _listed(said: Iterable[str]) -> str:
    every = list(said)
    more = len(every) - _NAMED
    named = " · ".join(every[:_NAMED])
    return _("%(named)s and %(n)s more", named=named, n=more) if more > 0 else named
