"""A cron text as people fill it in: how often and when; taken apart again for editing, and said in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.web.forms import Field, Option
from hub.web.i18n import N_, ngettext
from hub.web.i18n import gettext as _

CUSTOM: Final = "custom"
DAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
MONTHS: Final = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"),
    N_("Nov"), N_("Dec"),
)  # fmt: skip
SPANS: Final = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
"""Minutes that go into an hour: a cron text begins anew at each, so that others would not lie evenly."""
_EVERY: Final = {
    "minutes": N_("Every few minutes"),
    "hourly": N_("Every hour"),
    "daily": N_("Every day"),
    "weekly": N_("On days of the week"),
    "monthly": N_("Every month"),
    "yearly": N_("In some months of the year"),
    CUSTOM: N_("As a cron text says"),
}
_USUAL: Final[Mapping[str, Any]] = {
    "every": "daily", "minutes": "15", "minute": "0", "at": "03:00", "days": ["1"], "day": "1", "months": ["1"],
    "cron_format": "",
}  # fmt: skip
_NAMED: Final = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}  # fmt: skip
_HOUR = r"(?:[01]?\d|2[0-3])"
_AT = rf"(?P<m>[0-5]?\d) (?P<h>{_HOUR}(?:,{_HOUR})*)"
_DAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = f"(?:[0-6]|{'|'.join(_DAY_NAMES)})"
_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = f"(?:[1-9]|1[0-2]|{'|'.join(_MONTH_NAMES)})"
_NUMBERS: Final = {
    **{str(number): number for number in range(13)},
    **{name: number for number, name in enumerate(_DAY_NAMES)},
    **{name: number for number, name in enumerate(_MONTH_NAMES, 1)},
}
_FORMS: Final = (
    ("minutes", re.compile(rf"\*(?:/(?P<minutes>{'|'.join(map(str, SPANS))}))? \* \* \* \*", re.ASCII)),
    ("hourly", re.compile(r"(?P<minute>[0-5]?\d) \* \* \* \*", re.ASCII)),
    ("daily", re.compile(rf"{_AT} \* \* \*", re.ASCII)),
    ("weekly", re.compile(rf"{_AT} \* \* (?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)", re.ASCII)),
    ("monthly", re.compile(rf"{_AT} (?P<day>0?[1-9]|[12]\d|3[01]) \* \*", re.ASCII)),
    ("yearly", re.compile(
        rf"{_AT} (?P<day>0?[1-9]|[12]\d|3[01]) (?P<months>{_MONTH}(?:-{_MONTH})?(?:,{_MONTH}(?:-{_MONTH})?)*) \*",
        re.ASCII,
    )),
)  # fmt: skip


def compose(sent: MultiDict[str, str]) -> str:
    """Return the cron text that a form means. Raises `Invalid` with the field to correct."""
    every = sent.get("every", "")
    if every == CUSTOM or every not in _EVERY:
        return sent.get("cron_format", "").strip()
    if every == "minutes":
        return f"*/{_span(sent)} * * * *"
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
    if every == "yearly":
        return f"{at} {_number(sent, 'day', (1, 31))} {_months(sent)} *"
    days = sorted({one for one in sent.getlist("days") if re.fullmatch("[0-6]", one, re.ASCII)})
    if not days:
        raise Invalid(_("Choose at least one day of the week."), field="days")
    return f"{at} * * {','.join(days)}"


def take_apart(text: str) -> dict[str, Any]:
    """Return what the fields of the form hold for a cron text; those it does not use hold something usual."""
    if not text:
        return dict(_USUAL)
    found = _read(text)
    if found is None or len(found.get("times", ())) > 1:
        return {**_USUAL, "every": CUSTOM, "cron_format": text}
    times = found.pop("times", None)
    return {**_USUAL, **found, **({"at": times[0]} if times else {}), "cron_format": text}


def _read(text: str) -> dict[str, Any] | None:
    """Return the parts of a cron text that is like one of the usual ones; its times of day are a list."""
    plain = " ".join(_NAMED.get(text, text).lower().split())
    for every, form in _FORMS:
        if found := form.fullmatch(plain):
            parts: dict[str, Any] = found.groupdict()
            if "h" in parts:
                hours = sorted({int(one) for one in parts.pop("h").split(",")})
                minute = int(parts.pop("m"))
                parts["times"] = [f"{hour:02}:{minute:02}" for hour in hours]
            for name in parts.keys() & {"days", "months"}:
                if (numbers := _listed(parts[name])) is None:
                    return None
                parts[name] = numbers
            if every == "minutes":
                parts["minutes"] = parts["minutes"] or "1"
            return {**parts, "every": every}
    return None


def _listed(text: str) -> list[str] | None:
    """Return the numbers of a list with spans and names; None for a span that runs backwards."""
    found: set[int] = set()
    for part in text.split(","):
        first, _dash, last = part.partition("-")
        begin, end = _NUMBERS[first], _NUMBERS[last or first]
        if end < begin:
            return None
        found.update(range(begin, end + 1))
    return [str(one) for one in sorted(found)]


def spoken(text: str) -> str:
    """Say a cron text in words; one that is like none of the usual ones is shown as it is."""
    found = _read(text)
    if found is None:
        return text
    at = ", ".join(found.get("times", ()))
    if found["every"] == "minutes":
        number = int(found["minutes"])
        return ngettext("Every minute", "Every %(n)s minutes", number)
    if found["every"] == "hourly":
        return _("Every hour at minute %(minute)s", minute=found["minute"])
    if found["every"] == "daily":
        return _("Every day at %(at)s", at=at)
    if found["every"] == "weekly":
        days = sorted((int(one) - 1) % 7 for one in found["days"])
        return _("%(days)s at %(at)s", days=_spans([_(one) for one in DAYS], days), at=at)
    if found["every"] == "monthly":
        return _("On day %(day)s of each month at %(at)s", day=int(found["day"]), at=at)
    months = _spans([_(one) for one in MONTHS], [int(one) - 1 for one in found["months"]])
    return _("On day %(day)s of %(months)s at %(at)s", day=int(found["day"]), months=months, at=at)


def _spans(names: Sequence[str], chosen: Sequence[int]) -> str:
    """Name what was chosen; three or more in a row as a span."""
    rows: list[list[int]] = []
    for one in chosen:
        if rows and rows[-1][-1] == one - 1:
            rows[-1].append(one)
        else:
            rows.append([one])
    return ", ".join(
        f"{names[row[0]]}–{names[row[-1]]}" if len(row) > 2 else ", ".join(names[one] for one in row) for row in rows
    )


def fields(values: Mapping[str, Any], errors: Mapping[str, str], *, when: str) -> list[Field]:
    """Return the fields of a form, filled with what `take_apart` gives or with what was sent."""

    def shown(*every: str) -> str:
        return f"{when}&every={','.join(every)}"

    return [
        Field("every", _("How often"), "choice", values["every"], required=True, when=when,
              options=[Option(name, _(text)) for name, text in _EVERY.items()]),
        Field("minutes", _("Minutes from one to the next"), "choice", values["minutes"], required=True,
              options=[Option(str(one), str(one)) for one in SPANS], when=shown("minutes"),
              error=errors.get("minutes", "")),
        Field("minute", _("Minute of the hour"), "number", values["minute"], required=True,
              limits={"min": 0, "max": 59}, when=shown("hourly"), error=errors.get("minute", "")),
        Field("days", _("Days"), "ticks", values["days"], required=True, when=shown("weekly"),
              options=[Option(str((number + 1) % 7), _(name)) for number, name in enumerate(DAYS)],
              error=errors.get("days", "")),
        Field("months", _("Months"), "ticks", values["months"], required=True, when=shown("yearly"),
              options=[Option(str(number), _(name)) for number, name in enumerate(MONTHS, 1)],
              error=errors.get("months", "")),
        Field("day", _("Day of the month"), "number", values["day"], required=True,
              limits={"min": 1, "max": 31}, when=shown("monthly", "yearly"), error=errors.get("day", ""),
              help=_("Months that have no such day are left out.")),
        Field("at", _("Time of day"), "time", values["at"], required=True,
              when=shown("daily", "weekly", "monthly", "yearly"), error=errors.get("at", "")),
        Field("cron_format", _("Cron text"), "line", values["cron_format"], required=True, when=shown(CUSTOM),
              placeholder="0 3 * * mon-fri", error=errors.get("cron_format", ""), limits={"maxlength": 250},
              help=_("Minute, hour, day, month and day of the week; or `@daily`, `@every 90m` and the like.")),
    ]  # fmt: skip


def sent_values(sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return what was sent for the fields."""
    return {
        name: sent.getlist(name) if name in {"days", "months"} else sent.get(name, usual)
        for name, usual in _USUAL.items()
    }


def _span(sent: MultiDict[str, str]) -> int:
    text = sent.get("minutes", "").strip()
    if text not in map(str, SPANS):
        raise Invalid(
            _("Choose from %(spans)s: these go into an hour.", spans=", ".join(map(str, SPANS))), field="minutes"
        )
    return int(text)


def _months(sent: MultiDict[str, str]) -> str:
    months = sorted({int(one) for one in sent.getlist("months") if re.fullmatch("[1-9]|1[0-2]", one, re.ASCII)})
    if not months:
        raise Invalid(_("Choose at least one month."), field="months")
    return ",".join(map(str, months))


def _number(sent: MultiDict[str, str], name: str, span: tuple[int, int]) -> int:
    text = sent.get(name, "").strip()
    if not re.fullmatch(r"\d{1,2}", text, re.ASCII) or not span[0] <= int(text) <= span[1]:
        raise Invalid(_("Write a number from %(least)s to %(most)s.", least=span[0], most=span[1]), field=name)
    return int(text)
