"""What people wish, over the wire."""

from __future__ import annotations

import pytest

from hub.models import UserOption
from hub.services import user_options
from hub.web import i18n
from hub.web.pages import visit


async def test_wishes_are_kept_for_their_owner_alone(guest, stranger):
    assert await guest.read("/user/options") == {}
    reply = await guest.post("/user/options", {"key": "language", "value": "ru"})
    assert (reply.status, reply.json) == (200, {"key": "language", "value": "ru"})
    await guest.post("/user/options", {"key": "time_zone", "value": "Europe/Berlin"})
    await guest.post("/user/options", {"key": "language", "value": "en"})
    assert await guest.read("/user/options") == {"language": "en", "time_zone": "Europe/Berlin"}
    assert await stranger.read("/user/options") == {}


async def test_an_empty_value_forgets_a_wish(guest):
    await guest.post("/user/options", {"key": "theme", "value": "dark"})
    await guest.post("/user/options", {"key": "theme", "value": ""})
    assert await guest.read("/user/options") == {}
    assert await UserOption.all().count() == 0


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [("admin", "true", "key"), ("", "x", "key"), ("Language", "en", "key"), ("language", "tlh", "value"),
     ("theme", "<script>", "value"), ("start_page", "https://evil.example", "value"),
     ("time_zone", "../../etc/passwd", "value"), ("time_zone", "Mars/Olympus", "value")],
)  # fmt: skip
async def test_unknown_keys_and_wrong_values_are_refused(guest, key, value, field):
    reply = await guest.post("/user/options", {"key": key, "value": value})
    assert (reply.status, reply.json["field"]) == (400, field)
    assert await guest.read("/user/options") == {}


def test_what_can_be_wished_is_what_pages_have():
    assert set(user_options.LANGUAGES) == set(i18n.LANGUAGES)
    assert user_options.THEMES == visit.THEMES
