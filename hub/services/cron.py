"""Cron texts: five fields, descriptors, `@every`, and a time zone in front; with every moment that they name.

The rules are those of the wire's parser (robfig/cron): no seconds, Sunday is 0, names of months and days, and days
match by either field unless one of them is a bare star. When the clock jumps, times of day behave as in Debian's cron.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from hub.errors import Invalid

_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "
_PREFIX = re.compile(r"(?:CRON_TZ|TZ)=(\S*)(?:\s+|$)", re.ASCII)
_ZONE = re.compile(r"[A-Za-z0-9_+\-]+(?:/[A-Za-z0-9_+\-]+)*", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_DURATION = re.compile(r"\+?(?:(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:ns|us|µs|ms|s|m|h))+", re.ASCII)
_PART = re.compile(r"(\d*\.?\d*)(ns|us|µs|ms|s|m|h)", re.ASCII)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_MOST = 250
_LONGEST = timedelta(days=366 * 10)


@dataclass(frozen=True, slots=True)
class _Field:
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (_Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, _MONTHS), _Field(0, 6, _DAYS))
_DAY_FIELDS = (2, 4)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron text that was understood."""

    zone: ZoneInfo
    fields: str = ""
    every: timedelta | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield what follows `moment`, in UTC; without an end unless the text names no further moment."""
        if self.every is not None:
            step = moment.astimezone(UTC).replace(microsecond=0)
            while True:
                step += self.every
                yield step
        for found in CronSim(self.fields, moment.astimezone(self.zone)):
            yield found.astimezone(UTC)

    def latest(self, after: datetime, until: datetime, most: int) -> list[datetime]:
        """Return the last moments after one and up to another, `most` of them or fewer; the earliest first."""
        if self.every is not None:
            begin = after.astimezone(UTC).replace(microsecond=0)
            last = (until - begin) // self.every
            return [begin + self.every * number for number in range(max(1, last - most + 1), last + 1)]
        backwards = CronSim(self.fields, until.astimezone(self.zone) + timedelta(minutes=1), reverse=True)
        fitting = (found.astimezone(UTC) for found in backwards)
        found = takewhile(lambda one: one > after, (one for one in fitting if one <= until))
        return sorted(islice(found, most))


@lru_cache(maxsize=2048)  # a calendar reads the texts of all schedules of a project, each several times
def parse(text: str, time_zone: str = "") -> Cron:
    """Understand a cron text; a zone in the text counts before `time_zone`, which is UTC when empty.

    Raises `Invalid` with the wire's words.
    """
    if len(text) > _MOST:
        raise _wrong(f"the text is longer than {_MOST} characters")
    prefix = _PREFIX.match(text)
    zone = zone_of(prefix.group(1), field="cron_format") if prefix else zone_of(time_zone or "UTC")
    spec = (text[prefix.end() :] if prefix else text).strip()
    if not spec:
        raise _wrong("empty spec string")
    if spec.startswith("@"):
        return _described(spec, zone)
    parts = spec.split()
    if len(parts) != len(_FIELDS):
        raise _wrong(f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]")
    return _checked(" ".join(_field(part, place) for place, part in enumerate(parts)), zone)


def zone_of(name: str, *, field: str = "time_zone") -> ZoneInfo:
    """Return a time zone by its IANA name. Raises `Invalid` for `field`."""
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        pass
    raise _wrong(f"provided bad location {name[:64]}: unknown time zone {name[:64]}", field)


def _described(spec: str, zone: ZoneInfo) -> Cron:
    if spec in _DESCRIPTORS:
        return _checked(_DESCRIPTORS[spec], zone)
    if spec.startswith(_EVERY):
        return Cron(zone, every=_duration(spec))
    raise _wrong(f"unrecognized descriptor: {spec}")


def _duration(spec: str) -> timedelta:
    """Read what follows `@every`: whole seconds, at least one, as the wire rounds it."""
    text = spec.removeprefix(_EVERY).strip()
    if text != "0" and not _DURATION.fullmatch(text):
        raise _wrong(f"failed to parse duration {spec}: time: invalid duration {text!r}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    if seconds > _LONGEST.total_seconds():
        raise _wrong(f"failed to parse duration {spec}: it is longer than ten years")
    return timedelta(seconds=max(1, int(seconds)))


def _checked(fields: str, zone: ZoneInfo) -> Cron:
    """Refuse what never comes, such as 30 February."""
    try:
        next(CronSim(fields, datetime.now(UTC)))
    except (CronSimError, StopIteration):
        raise _wrong("no day fits this text; it would never run") from None
    return Cron(zone, fields)


def _field(text: str, place: int) -> str:
    """Check one field as the wire does, and write it so that the days mean what the wire means."""
    values: set[int] = set()
    star = False
    for one in text.split(","):
        found, bare = _range(one, _FIELDS[place])
        values |= found
        star = star or bare
    if place not in _DAY_FIELDS:
        return text.replace("?", "*")
    return "*" if star else ",".join(str(value) for value in sorted(values))


def _range(text: str, kind: _Field) -> tuple[set[int], bool]:
    """Return the values of `2`, `2-5`, `*`, `*/3`, `2-5/3` or `2/3`, and whether it is a bare star."""
    span, *steps = text.split("/")
    start_text, *ends = span.split("-")
    if len(steps) > 1:
        raise _wrong(f"too many slashes: {text}")
    if len(ends) > 1:
        raise _wrong(f"too many hyphens: {text}")
    star = start_text in {"*", "?"}
    if star:
        start, end = kind.least, kind.most
    else:
        start = _value(start_text, kind)
        end = _value(ends[0], kind) if ends else start
    step = _number(steps[0]) if steps else 1
    if steps and not ends:
        end = kind.most
    _check_range(text, (start, end, step), kind)
    return set(range(start, end + 1, step)), star and step == 1


def _check_range(text: str, span: tuple[int, int, int], kind: _Field) -> None:
    start, end, step = span
    if start < kind.least:
        raise _wrong(f"beginning of range ({start}) below minimum ({kind.least}): {text}")
    if end > kind.most:
        raise _wrong(f"end of range ({end}) above maximum ({kind.most}): {text}")
    if start > end:
        raise _wrong(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise _wrong(f"step of range should be a positive number: {text}")


def _value(text: str, kind: _Field) -> int:
    name = text.lower()
    return kind.names.index(name) + kind.least if name in kind.names else _number(text)


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _wrong(f"failed to parse int from {text}: invalid syntax")
    return int(text)


def _wrong(text: str, field: str = "cron_format") -> Invalid:
    return Invalid(f"Cron: {text}", field=field)
