"""Days of time zones: where they begin, and how far from UTC their clocks were."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.services import zone_days

TODAY = date(2026, 11, 22)


def test_a_day_begins_when_clocks_of_its_zone_say_so() -> None:
    assert zone_days.begin(date(2026, 7, 1), "Europe/Berlin") == datetime(2026, 6, 30, 22, tzinfo=UTC)
    late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
    assert zone_days.today("Europe/Berlin", late) == date(2026, 7, 1)
    assert zone_days.today("America/New_York", late) == date(2026, 6, 30)


def test_changes_of_clocks_are_found_to_the_minute_newest_first() -> None:
    newest, before, *_older = zone_days.shifts("Europe/Berlin", TODAY)
    assert (newest.since, newest.minutes) == (datetime(2026, 10, 25, 1, tzinfo=UTC), 60)
    assert (before.since, before.minutes) == (datetime(2026, 3, 29, 1, tzinfo=UTC), 120)
    assert [one.minutes for one in zone_days.shifts("Asia/Kathmandu", TODAY)] == [345]


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "Australia/Lord_Howe"]
)
def test_a_database_counts_the_days_that_clocks_of_the_zone_tell(zone: str) -> None:
    moments = [datetime(2024, 11, 1, tzinfo=UTC) + timedelta(hours=5 * n, minutes=7 * n) for n in range(3400)]
    told = zone_days.day_of("created", "sqlite", zone_days.shifts(zone, TODAY))
    rows = sqlite3.connect(":memory:")
    try:
        rows.execute("CREATE TABLE task (created TEXT)")
        rows.executemany("INSERT INTO task VALUES (?)", [(str(one),) for one in moments])
        found = [day for (day,) in rows.execute(f"SELECT {told} FROM task ORDER BY rowid")]
    finally:
        rows.close()
    assert found == [one.astimezone(ZoneInfo(zone)).date().isoformat() for one in moments]
