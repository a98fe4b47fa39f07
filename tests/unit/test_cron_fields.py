"""Cron texts as fields of a form, and in words."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from hub.errors import Invalid
from hub.web.pages import cron_fields


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*/15 * * * *", "Every 15 minutes"),
        ("5 * * * *", "Every hour at minute 5"),
        ("0 3 * * *", "Every day at 03:00"),
        ("30 22 * * 0,1,6", "Mon, Sat, Sun at 22:30"),
        ("15 4 31 * *", "On day 31 of each month at 04:15"),
        ("0 9 * * 1,2,3,4,5", "Mon–Fri at 09:00"),
        ("0 0 28 3,6,9,12 *", "On day 28 of Mar, Jun, Sep, Dec at 00:00"),
        ("0 9,17 * * 1", "Mon at 09:00, 17:00"),
        ("@every 90m", "@every 90m"),
        ("*/75 * * * *", "*/75 * * * *"),
        ("*/45 * * * *", "*/45 * * * *"),  # at 0 and 45, then at 0 again
        ("0 3 1 1 2", "0 3 1 1 2"),
        ("0 3 * * 5-1", "0 3 * * 5-1"),
    ],
)
def test_a_text_is_said_in_words_and_its_fields_mean_the_same_text(text, words):
    assert cron_fields.spoken(text) == words
    fields = cron_fields.take_apart(text)
    sent = MultiDict([(name, one) for name, value in fields.items()
                      for one in (value if isinstance(value, list) else [value])])  # fmt: skip
    assert cron_fields.compose(sent) == text


@pytest.mark.parametrize(("named", "words"), [
    ("@daily", "Every day at 00:00"), ("@weekly", "Sun at 00:00"), ("0 3 * * mon-fri", "Mon–Fri at 03:00"),
    ("* * * * *", "Every minute"), ("0 3  1 jan-mar *", "On day 1 of Jan–Mar at 03:00"),
])  # fmt: skip
def test_another_way_to_write_a_usual_text_is_said_like_that_text(named, words):
    assert cron_fields.spoken(named) == words


@pytest.mark.parametrize(
    "sent",
    [
        {"every": "daily", "at": "24:00"},
        {"every": "daily", "at": "3"},
        {"every": "hourly", "minute": "60"},
        {"every": "minutes", "minutes": "0"},
        {"every": "minutes", "minutes": "45"},
        {"every": "yearly", "at": "03:00", "day": "1", "months": "13"},
        {"every": "monthly", "at": "03:00", "day": "32"},
        {"every": "weekly", "at": "03:00", "days": "7"},
    ],
)
def test_what_no_clock_shows_is_refused(sent):
    with pytest.raises(Invalid):
        cron_fields.compose(MultiDict(sent))
