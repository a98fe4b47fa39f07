"""Two people at one form: whoever saves second is told what changed and by whom, and nothing is lost silently.

A form of a stored thing takes part like this (`hub/web/pages/resource.py` does it for all of its kinds):

    held = Held(row, sent)            # row: what the service gives; sent: the form, empty at first
    await held.saving(read, save)     # instead of `await save()`; raises `Changed`, which is one of FORM_ERRORS
    await show(…, held=await held.described("inventory", fields, members))     # members: wire member → field's name

and in its template, inside of the `<form>`: `{{ m.held(held) }}`. The hidden field `version` then tells which state was
read. The page that answers a refusal keeps all that was typed and carries the new version, so that sending it again
takes over knowingly. Forms without the field, those of scripts, are saved as they are. `fields` may hold notes that the
form does not show, for members that need a name which people know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from quart import request

from hub.db import exclusive, unit
from hub.errors import Changed
from hub.services import events
from hub.web.api.versions import still
from hub.web.encoding import dumps
from hub.web.forms import Field
from hub.web.i18n import gettext as _
from hub.web.pages import visit

Row = Mapping[str, Any]
_LONGEST = 200
_BESIDE = frozenset({"uses", "about"})
"""Members that pages put beside a thing; they are not of it."""
_EMPTY: Final[tuple[Any, ...]] = ("", "{}", "[]", {}, [])
Said = Mapping[str, Callable[[Any], str]]
"""How members are told to people, where their values say nothing to them, by name."""
_NOTHING: Final[Said] = {}


@dataclass(frozen=True, slots=True)
class Change:
    """One member that is not any more what the form was drawn from."""

    label: str
    theirs: str
    """What it is now, as a form would show it; empty where there is nothing short to show."""


@dataclass(slots=True)
class Held:
    """The state of a thing that a form was drawn from."""

    row: Row
    sent: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    now: Row | None = None
    """What somebody else made of it meanwhile."""
    changes: Sequence[Change] = ()
    who: str = ""
    when: Any = None
    place: str = ""
    """Where the thing is read, if not at the address that the form is sent to."""
    _members: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.version = self.sent.get("version", "") if self.sent else _version(self.row)

    async def saving(self, read: Callable[[], Awaitable[Row]], save: Callable[[], Awaitable[Any]]) -> Any:
        """Save, unless the thing has changed since the form was drawn. Raises `Changed`."""
        if not self.version or not self.row:
            return await save()

        async def work() -> Any:
            self.now = None  # a unit may be begun anew
            await exclusive(f"version of {request.path}")
            return None if self._overtaken(await read()) else await save()

        saved = await unit(work)
        self._refuse()
        return saved

    def refuse_changed(self, now: Row) -> None:
        """Refuse to save over what is `now` there, unless it is what the form was drawn from. Raises `Changed`."""
        if self.version and self.row:
            self._overtaken(now)
            self._refuse()

    def _overtaken(self, now: Row) -> bool:
        gone = _differing(self.version, now)
        if gone:
            self.now, self._members = now, gone
        return bool(gone)

    def _refuse(self) -> None:
        if self.now is not None:
            self.version = _version(self.now)
            raise Changed(_("Somebody else changed this while you were at it. What you wrote is still here."))

    async def described(
        self, kind: str, fields: Sequence[Field], members: Mapping[str, str], said: Said = _NOTHING
    ) -> Held:
        """Put what has changed into words, where something has."""
        if self.now is not None:
            by_name = {one.name: one for one in fields}
            named = {name: by_name.get(members.get(name, name)) for name in self._members}
            values = {name: said[name](self.now.get(name)) if name in said else self.now.get(name) for name in named}
            self.changes = [_change(name, one, values[name]) for name, one in named.items()]
            here = visit.visit()
            of = here.project_id if here.project else None
            number = self.now.get("id")
            if isinstance(number, int):  # an app has a name instead
                last = await events.last_of(here.actor, of, kind, number, self._members)
                self.who, self.when = last or ("", None)
        return self


def _version(row: Row) -> str:
    return ".".join(f"{name}:{digest}" for name, digest in _digests(row).items())


def _digests(row: Row) -> dict[str, str]:
    return {name: _digest(value) for name, value in still(row).items() if name not in _BESIDE}


def _digest(value: Any) -> str:
    # A form that is saved untouched may write another kind of nothing than what had been stored.
    empty = value is None or value in _EMPTY
    return hashlib.sha256(dumps(None if empty else value)).hexdigest()[:16]


def _differing(version: str, row: Row) -> list[str]:
    """Return the members that are not as the version says."""
    then = dict(part.partition(":")[::2] for part in version.split("."))
    now = _digests(row)
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def _change(name: str, shown: Field | None, value: Any) -> Change:
    label = shown.label if shown else (name[:1].upper() + name[1:].replace("_", " "))
    titles = {one.value: one.title for one in shown.options} if shown else {}
    if isinstance(value, list) and titles:
        value = ", ".join(titles.get(str(one), str(one)) for one in value) or "—"
    if isinstance(value, bool):
        return Change(label, _("yes") if value else _("no"))
    if isinstance(value, datetime):
        return Change(label, f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    if value is None or isinstance(value, dict | list):
        return Change(label, "")
    if not titles and isinstance(value, int) and name.endswith("_id"):
        return Change(label, "")
    text = titles.get(str(value), str(value))
    return Change(label, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
