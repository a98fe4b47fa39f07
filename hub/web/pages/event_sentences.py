"""Events as sentences in the reader's language, with links to what they are about; the wire keeps its own wording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from markupsafe import Markup, escape

from hub.services.event_subjects import Subjects, names_of
from hub.web.event_words import KINDS, SENTENCES
from hub.web.i18n import N_, phrase, raw_gettext
from hub.web.i18n import gettext as _
from hub.web.pages import visit

_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    "task": ("task", "task_id"), "template": ("template", "template_id"), "user": ("user_edit", "user_id"),
    "key": ("keys_edit", "item_id"), "repository": ("repositories_edit", "item_id"),
    "inventory": ("inventory_edit", "item_id"), "environment": ("environment_edit", "item_id"),
    "schedule": ("schedule_edit", "item_id"), "integration": ("integration", "integration_id"),
    "freeze": ("freezes_edit", "item_id"), "channel": ("channel_edit", "channel_id"),
}  # fmt: skip
"""Pages of things, by what events call them."""
_VALUE: Final = re.compile(r"%\((\w+)\)s")
_STORAGE: Final = "Secret storage "
"""Such events carry the kind of another thing, as on the wire."""
_SAID: Final = frozenset({"reason"})
"""Values that are sentences themselves; the others are names, which nobody translates."""


async def told(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the events with `said`, a sentence, and `by`, who did it."""
    rows = [{**one} for one in events]
    doers = [_doer(row) for row in rows]
    names = await names_of([*rows, *filter(None, doers)])
    for row, doer in zip(rows, doers, strict=True):
        row["said"], row["by"] = _sentence(row, names), _by(row, doer, names)
    return rows


def kind_title(kind: str) -> str:
    """Return what a kind of thing is called."""
    return _(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")


_DOER: Final = re.compile(r"(schedule|integration|runner) (\d{1,9})")
_DOERS: Final[Mapping[str, str]] = {
    "schedule": N_("Schedule %(it)s"), "integration": N_("Integration %(it)s"), "runner": N_("Runner %(it)s"),
}  # fmt: skip
"""What does things by itself, as records name it."""


def _doer(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what did it as if an event were about that; None for people and the hub itself."""
    found = _DOER.fullmatch(row["actor"] or "")
    if found is None:
        return None
    return {"object_type": found[1], "object_id": int(found[2]), "project_id": row["project_id"], "description": ""}


def _by(row: Mapping[str, Any], doer: Mapping[str, Any] | None, names: Subjects) -> Markup:
    label = row["actor"] or row.get("username") or ""
    if doer is None:
        return escape(_("The hub") if label == "system" else label)
    name = names.get((doer["object_type"], doer["object_id"])) or _numbered(doer, {})
    return _filled(_DOERS[doer["object_type"]], {"it": _link(name, _place(doer, names))})


def _filled(sentence: str, values: Mapping[str, Any]) -> Markup:
    """Return a sentence in the reader's language, with the values in it; a value that is no markup is escaped."""
    text = str(escape(raw_gettext(sentence)))
    return Markup(_VALUE.sub(lambda one: str(escape(values[one[1]])), text))  # noqa: S704 - each part was escaped


def _place(row: Mapping[str, Any], names: Subjects) -> str:
    """Return the address of the subject's page; empty where there is none, or none for this reader."""
    kind, subject, project_id = row["object_type"], row["object_id"], row["project_id"]
    if kind not in _PLACES or not subject or str(row["description"]).startswith(_STORAGE):
        return ""
    if kind != "task" and (kind, subject) not in names:
        return ""  # gone since
    if kind == "task" and str(row["description"]).endswith(" deleted"):
        return ""
    endpoint, name = _PLACES[kind]
    if kind == "user":
        if visit.visit().project:
            return visit.address("team", project_id=visit.visit().project_id)
        return visit.address(endpoint, **{name: subject})
    if project_id is None:
        return visit.address("hub_channel_edit", channel_id=subject) if kind == "channel" else ""
    return visit.address(endpoint, project_id=project_id, **{name: subject})


def _sentence(row: Mapping[str, Any], names: Subjects) -> Markup:
    text = str(row["description"] or "")
    found = _understood(text)
    if found is None:
        return escape(phrase(text) or "—")
    ours, values = found
    values["it"] = values.get("it") or names.get((row["object_type"], row["object_id"])) or _numbered(row, values)
    if row["object_type"] == "task":
        values["it"] = f"#{row['object_id']} {values['it']}"

    said = {name: phrase(text) if name in _SAID else text for name, text in values.items()}
    return _filled(ours, said | {"it": _link(values["it"], _place(row, names))})


def _numbered(row: Mapping[str, Any], values: Mapping[str, str]) -> str:
    return _("no. %(id)s", id=values.get("id") or row["object_id"] or "—")


def _link(label: str, place: str) -> Markup:
    if place:
        return Markup('<a href="{}">{}</a>').format(place, label)
    return Markup("<strong>{}</strong>").format(label)


def _understood(text: str) -> tuple[str, dict[str, str]] | None:
    """Return our sentence for a description of the wire, and the values in it."""
    for pattern, ours in _patterns():
        if match := pattern.fullmatch(text):
            return ours, match.groupdict()
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what descriptions look like; those that say the most themselves come first."""
    ordered = sorted(SENTENCES.items(), key=lambda pair: -len(_VALUE.sub("", pair[0])))
    return tuple((re.compile(_pattern(wire), re.DOTALL), ours) for wire, ours in ordered)


def _pattern(wire: str) -> str:
    pieces = _VALUE.split(wire)
    found = [re.escape(pieces[0])]
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        found.append(rf"(?P<{name}>\d+)" if name == "id" else rf"(?P<{name}>.*)")
        found.append(re.escape(after))
    return "".join(found)
