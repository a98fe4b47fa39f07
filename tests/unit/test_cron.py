"""Cron texts mean what the wire means by them."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, takewhile

import pytest

from hub.errors import Invalid
from hub.services import cron

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def moments(text: str, zone: str = "", *, after: datetime = NEW_YEAR, count: int = 3) -> list[str]:
    return [one.strftime("%m-%d %H:%M:%S") for one in islice(cron.parse(text, zone).after(after), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 * * * *", ["01-01 00:20:00", "01-01 00:40:00", "01-01 01:00:00"]),
        ("5/25 3 * * *", ["01-01 03:05:00", "01-01 03:30:00", "01-01 03:55:00"]),
        ("0 9 * feb mon-FRI", ["02-02 09:00:00", "02-03 09:00:00", "02-04 09:00:00"]),
        ("0 0 ? * ?", ["01-02 00:00:00", "01-03 00:00:00", "01-04 00:00:00"]),
        ("@hourly", ["01-01 01:00:00", "01-01 02:00:00", "01-01 03:00:00"]),
        ("@daily", ["01-02 00:00:00", "01-03 00:00:00", "01-04 00:00:00"]),
        ("@weekly", ["01-04 00:00:00", "01-11 00:00:00", "01-18 00:00:00"]),
        ("@monthly", ["02-01 00:00:00", "03-01 00:00:00", "04-01 00:00:00"]),
        ("@every 1h30m", ["01-01 01:30:00", "01-01 03:00:00", "01-01 04:30:00"]),
        ("@every 1.5s", ["01-01 00:00:01", "01-01 00:00:02", "01-01 00:00:03"]),
        ("CRON_TZ=Asia/Tokyo 0 9 * * *", ["01-02 00:00:00", "01-03 00:00:00", "01-04 00:00:00"]),
        ("TZ=Asia/Tokyo @daily", ["01-01 15:00:00", "01-02 15:00:00", "01-03 15:00:00"]),
    ],
)
def test_every_way_of_writing_names_its_moments(text, expected):
    assert moments(text) == expected


def test_days_match_by_either_field_unless_one_is_a_bare_star():
    assert moments("0 0 2 * 0") == ["01-02 00:00:00", "01-04 00:00:00", "01-11 00:00:00"]
    assert moments("0 0 2 * *") == ["01-02 00:00:00", "02-02 00:00:00", "03-02 00:00:00"]
    assert moments("0 0 */30 * 0") == ["01-04 00:00:00", "01-11 00:00:00", "01-18 00:00:00"]
    assert moments("0 0 */30 * 0", count=5)[-1] == "01-31 00:00:00"


def test_the_zone_in_the_text_counts_before_the_zone_of_the_schedule():
    assert moments("0 9 * * *", "Asia/Tokyo", count=1) == ["01-02 00:00:00"]
    assert moments("TZ=UTC 0 9 * * *", "Asia/Tokyo", count=1) == ["01-01 09:00:00"]


def test_a_time_that_the_clock_leaves_out_runs_once_and_one_that_comes_twice_runs_once():
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert moments("30 2 * * *", "Europe/Berlin", after=spring, count=2) == ["03-29 01:00:00", "03-30 00:30:00"]
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert moments("30 2 * * *", "Europe/Berlin", after=autumn, count=2) == ["10-25 00:30:00", "10-26 01:30:00"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Cron: empty spec string"),
        ("  ", "Cron: empty spec string"),
        ("bad", "Cron: expected exactly 5 fields, found 1: [bad]"),
        ("* * * * * *", "Cron: expected exactly 5 fields, found 6: [* * * * * *]"),
        ("60 * * * *", "Cron: end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "Cron: beginning of range (0) below minimum (1): 0"),
        ("9-5 * * * *", "Cron: beginning of range (9) beyond end of range (5): 9-5"),
        ("*/0 * * * *", "Cron: step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "Cron: too many hyphens: 1-2-3"),
        ("*/2/3 * * * *", "Cron: too many slashes: */2/3"),
        ("x * * * *", "Cron: failed to parse int from x: invalid syntax"),
        ("1, * * * *", "Cron: failed to parse int from : invalid syntax"),
        ("* * * * 7", "Cron: end of range (7) above maximum (6): 7"),
        ("* * L * *", "Cron: failed to parse int from L: invalid syntax"),
        ("@often", "Cron: unrecognized descriptor: @often"),
        ("@every", "Cron: unrecognized descriptor: @every"),
        ("@every soon", "Cron: failed to parse duration @every soon: time: invalid duration 'soon'"),
        ("@every -1h", "Cron: failed to parse duration @every -1h: time: invalid duration '-1h'"),
        ("TZ=Mars/One 0 0 * * *", "Cron: provided bad location Mars/One: unknown time zone Mars/One"),
        ("TZ=../../etc/passwd @daily",
         "Cron: provided bad location ../../etc/passwd: unknown time zone ../../etc/passwd"),
        ("TZ=UTC", "Cron: empty spec string"),
        ("0 0 30 2 *", "Cron: no day fits this text; it would never run"),
        ("*" * 251, "Cron: the text is longer than 250 characters"),
    ],
)  # fmt: skip
def test_what_is_no_cron_text_is_refused_in_the_words_of_the_wire(text, error):
    with pytest.raises(Invalid) as caught:
        cron.parse(text)
    assert caught.value.sentence == error


def test_endless_texts_are_refused_at_once():
    for text in ("1," * 100 + "1 * * * *", "@every " + "1h" * 100, "0-59/" + "9" * 40 + " * * * *"):
        with pytest.raises(Invalid):
            list(islice(cron.parse(text, "Nowhere").after(NEW_YEAR), 1))


@pytest.mark.parametrize("text", ["*/7 * * * *", "30 2 * * *", "@every 90s", "0 9 * * mon-fri", "15 14 1 * *"])
@pytest.mark.parametrize("most", [1, 3, 50])
def test_the_last_moments_are_the_end_of_all_of_them(text, most):
    found = cron.parse(text, "Europe/Berlin")
    after, until = datetime(2026, 3, 28, 11, 58, 30, tzinfo=UTC), datetime(2026, 3, 30, 9, 0, tzinfo=UTC)
    every = list(takewhile(lambda one: one <= until, found.after(after)))
    assert found.latest(after, until, most) == every[-most:]
