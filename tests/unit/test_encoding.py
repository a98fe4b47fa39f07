"""Times as the wire writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from hub.web.encoding import dumps, wire_time

BERLIN = ZoneInfo("Europe/Berlin")
TWICE = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN)
"""A time of the night in which clocks go back."""


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05Z"),  # noqa: DTZ001 - a naive one counts as UTC
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 120000, tzinfo=UTC), "2026-01-02T03:04:05.12Z"),
        (datetime(2026, 1, 2, 3, 4, 5, 7, tzinfo=UTC), "2026-01-02T03:04:05.000007Z"),
        (datetime(2026, 1, 2, 0, 0, 0, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T22:00:00Z"),
        (datetime(987, 1, 2, tzinfo=UTC), "0987-01-02T00:00:00Z"),
    ],
)
def test_times_are_written_in_utc_with_as_many_digits_as_they_need(moment, text):
    assert wire_time(moment) == text
    assert dumps({"at": moment}) == b'{"at":"%s"}\n' % text.encode()


def test_the_hour_that_comes_twice_is_two_moments():
    assert TWICE.replace(fold=1) == TWICE
    assert [wire_time(TWICE.replace(fold=fold)) for fold in (0, 1)] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
