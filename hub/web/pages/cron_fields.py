"""A cron text as people fill it in: how often and when; taken apart again for editing, and said in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.web.forms import Field, Option
from hub.web.i18n import N_, ngettext
from hub.web.i18n import gettext as _

CUSTOM: Final = "custom"
DAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_EVERY: Final = {
    "minutes": N_("Every few minutes"),
    "hourly": N_("Every hour"),
    "daily": N_("Every day"),
    "weekly": N_("On days of the week"),
    "monthly": N_("Every month"),
    CUSTOM: N_("As a cron text says"),
}
_USUAL: Final[Mapping[str, Any]] = {
    "every": "daily", "minutes": "15", "minute": "0", "at": "03:00", "days": ["1"], "day": "1", "cron_format": "",
}  # fmt: skip
_NAMED: Final = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}  # fmt: skip
_AT = r"(?P<m>[0-5]?\d) (?P<h>[01]?\d|2[0-3])"
_FORMS: Final = (
    ("minutes", re.compile(r"\*/(?P<minutes>[1-5]?\d) \* \* \* \*", re.ASCII)),
    ("hourly", re.compile(r"(?P<minute>[0-5]?\d) \* \* \* \*", re.ASCII)),
    ("daily", re.compile(rf"{_AT} \* \* \*", re.ASCII)),
    ("weekly", re.compile(rf"{_AT} \* \* (?P<days>[0-6](?:,[0-6])*)", re.ASCII)),
    ("monthly", re.compile(rf"{_AT} (?P<day>[12]?\d|3[01]) \* \*", re.ASCII)),
)


def compose(sent: MultiDict[str, str]) -> str:
    """Return the cron text that a form means. Raises `Invalid` with the field to correct."""
    every = sent.get("every", "")
    if every == CUSTOM or every not in _EVERY:
        return sent.get("cron_format", "").strip()
    if every == "minutes":
        return f"*/{_number(sent, 'minutes', (1, 59))} * * * *"
    if every == "hourly":
        return f"{_number(sent, 'minute', (0, 59))} * * * *"
    clock = re.fullmatch(r"(\d\d):(\d\d)(?::\d\d)?", sent.get("at", "").strip(), re.ASCII)
    if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
        raise Invalid(_("Write a time of day such as 03:00."), field="at")
    at = f"{int(clock[2])} {int(clock[1])}"
    if every == "daily":
        return f"{at} * * *"
    if every == "monthly":
        return f"{at} {_number(sent, 'day', (1, 31))} * *"
    days = sorted({one for one in sent.getlist("days") if re.fullmatch("[0-6]", one, re.ASCII)})
    if not days:
        raise Invalid(_("Choose at least one day of the week."), field="days")
    return f"{at} * * {','.join(days)}"


def take_apart(text: str) -> dict[str, Any]:
    """Return what the fields of the form hold for a cron text; those it does not use hold something usual."""
    if not text:
        return dict(_USUAL)
    plain = _NAMED.get(text, text)
    for every, form in _FORMS:
        if found := form.fullmatch(plain):
            parts = found.groupdict()
            at = {"at": f"{int(parts.pop('h')):02}:{int(parts.pop('m')):02}"} if "h" in parts else {}
            if "days" in parts:
                parts["days"] = parts["days"].split(",")
            return {**_USUAL, **parts, **at, "every": every, "cron_format": text}
    return {**_USUAL, "every": CUSTOM, "cron_format": text}


def spoken(text: str) -> str:
    """Say a cron text in words; one that is like none of the usual ones is shown as it is."""
    found = take_apart(text)
    if found["every"] == "minutes":
        number = int(found["minutes"])
        return ngettext("Every minute", "Every %(n)s minutes", number)
    if found["every"] == "hourly":
        return _("Every hour at minute %(minute)s", minute=found["minute"])
    if found["every"] == "daily":
        return _("Every day at %(at)s", at=found["at"])
    if found["every"] == "weekly":
        days = sorted((int(one) - 1) % 7 for one in found["days"])
        return _("%(days)s at %(at)s", days=", ".join(_(DAYS[one]) for one in days), at=found["at"])
    if found["every"] == "monthly":
        return _("On day %(day)s of each month at %(at)s", day=found["day"], at=found["at"])
    return text


def fields(values: Mapping[str, Any], errors: Mapping[str, str], *, when: str) -> list[Field]:
    """Return the fields of a form, filled with what `take_apart` gives or with what was sent."""

    def shown(*every: str) -> str:
        return f"{when}&every={','.join(every)}"

    return [
        Field("every", _("How often"), "choice", values["every"], required=True, when=when,
              options=[Option(name, _(text)) for name, text in _EVERY.items()]),
        Field("minutes", _("Minutes from one to the next"), "number", values["minutes"], required=True,
              limits={"min": 1, "max": 59}, when=shown("minutes"), error=errors.get("minutes", "")),
        Field("minute", _("Minute of the hour"), "number", values["minute"], required=True,
              limits={"min": 0, "max": 59}, when=shown("hourly"), error=errors.get("minute", "")),
        Field("days", _("Days"), "ticks", values["days"], required=True, when=shown("weekly"),
              options=[Option(str((number + 1) % 7), _(name)) for number, name in enumerate(DAYS)],
              error=errors.get("days", "")),
        Field("day", _("Day of the month"), "number", values["day"], required=True,
              limits={"min": 1, "max": 31}, when=shown("monthly"), error=errors.get("day", ""),
              help=_("Months that have no such day are left out.")),
        Field("at", _("Time of day"), "time", values["at"], required=True, when=shown("daily", "weekly", "monthly"),
              error=errors.get("at", "")),
        Field("cron_format", _("Cron text"), "line", values["cron_format"], required=True, when=shown(CUSTOM),
              placeholder="0 3 * * mon-fri", error=errors.get("cron_format", ""), limits={"maxlength": 250},
              help=_("Minute, hour, day, month and day of the week; or `@daily`, `@every 90m` and the like.")),
    ]  # fmt: skip


def sent_values(sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was sent for the fields."""
    return {name: sent.getlist(name) if name == "days" else sent.get(name, usual) for name, usual in _USUAL.items()}


def _number(sent: MultiDict[str, str], name: str, span: tuple[int, int]) -> int:
    text = sent.get(name, "").strip()
    if not re.fullmatch(r"\d{1,2}", text, re.ASCII) or not span[0] <= int(text) <= span[1]:
        raise Invalid(_("Write a number from %(least)s to %(most)s.", least=span[0], most=span[1]), field=name)
    return int(text)
