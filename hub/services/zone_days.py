"""Days as clocks of a time zone tell them: for databases to count by, none of which needs to know zones itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

REACH: Final = timedelta(days=3700)
"""How far back the clock's changes are followed; what is older counts by the oldest known distance from UTC."""

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """From a moment on, how many minutes clocks are ahead of UTC."""

    since: datetime
    minutes: int


def today(zone: str, now: datetime) -> date:
    """Return the day that it is in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def begin(day: date, zone: str) -> datetime:
    """Return the first moment of a day in a zone, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@lru_cache(maxsize=256)
def shifts(zone: str, day: date) -> tuple[Shift, ...]:
    """Return how far from UTC clocks of a zone were until a day ends, newest first; the last counts for before."""
    clocks = ZoneInfo(zone)
    last = datetime.combine(day, time(), UTC) + timedelta(days=2)
    at = last - REACH
    found = [Shift(at, _ahead(clocks, at))]
    while at < last:
        later = at + timedelta(days=1)
        if _ahead(clocks, later) != found[-1].minutes:
            found.append(_change(clocks, at, later))
        at = later
    return tuple(reversed(found))


def _change(clocks: ZoneInfo, before: datetime, after: datetime) -> Shift:
    """Find by halving when clocks were changed."""
    known = _ahead(clocks, before)
    while after - before > _MINUTE:
        middle = before + (after - before) // (2 * _MINUTE) * _MINUTE
        if _ahead(clocks, middle) == known:
            before = middle
        else:
            after = middle
    return Shift(after, _ahead(clocks, after))


def _ahead(clocks: ZoneInfo, at: datetime) -> int:
    return (at.astimezone(clocks).utcoffset() or timedelta()) // _MINUTE


def day_of(column: str, dialect: str, changes: tuple[Shift, ...]) -> str:
    """Return the expression that gives the day of a column's moment, as text."""
    if all(one.minutes == 0 for one in changes):
        return _DAY[dialect].format(column=column)
    *newer, oldest = (_MINUTES[dialect].format(n=one.minutes) for one in changes)
    cases = " ".join(
        f'WHEN "{column}" >= {_MOMENT[dialect].format(at=f"{one.since:%Y-%m-%d %H:%M:%S}")} THEN {minutes}'
        for one, minutes in zip(changes, newer, strict=False)
    )
    distance = f"(CASE {cases} ELSE {oldest} END)" if cases else oldest
    return _SHIFTED[dialect].format(column=column, distance=distance)


_DAY: Final = {
    "sqlite": 'substr("{column}", 1, 10)',
    "postgres": """to_char("{column}" AT TIME ZONE 'UTC', 'YYYY-MM-DD')""",
    "mysql": """DATE_FORMAT("{column}", '%Y-%m-%d')""",
}
_SHIFTED: Final = {
    "sqlite": 'date("{column}", {distance})',
    "postgres": """to_char("{column}" AT TIME ZONE 'UTC' + {distance}, 'YYYY-MM-DD')""",
    "mysql": """DATE_FORMAT("{column}" + INTERVAL {distance} MINUTE, '%Y-%m-%d')""",
}
_MINUTES: Final = {"sqlite": "'{n:+d} minutes'", "postgres": "INTERVAL '{n} minutes'", "mysql": "{n}"}
_MOMENT: Final = {"sqlite": "'{at}'", "postgres": "TIMESTAMPTZ '{at}+00'", "mysql": "'{at}'"}
