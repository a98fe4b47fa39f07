"""What a person wishes: a small table of keys and texts under keys that are known, with values that are checked."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import cache
from typing import Final

from tortoise.exceptions import IntegrityError

from hub.db import unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import UserOption
from hub.services.actor import Actor
from hub.services.draft import Draft

LANGUAGES: Final = ("en", "ru")
THEMES: Final = ("auto", "light", "dark")
SHORTCUTS: Final = ("on", "off")
START_PAGES: Final = ("last_project", "projects")


def is_zone(text: str) -> bool:
    """Tell whether a text names a time zone."""
    return bool(text) and text in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


_KEYS: Final[dict[str, tuple[Callable[[str], bool], str]]] = {
    "language": (LANGUAGES.__contains__, f"one of: {', '.join(LANGUAGES)}"),
    "theme": (THEMES.__contains__, f"one of: {', '.join(THEMES)}"),
    "shortcuts": (SHORTCUTS.__contains__, f"one of: {', '.join(SHORTCUTS)}"),
    "start_page": (START_PAGES.__contains__, f"one of: {', '.join(START_PAGES)}"),
    "time_zone": (is_zone, "the name of a time zone, such as Europe/Berlin"),
}
"""Known keys: what is a value of theirs, in code and in words."""


class UserOptionDraft(Draft):
    """The body of `POST /user/options`; an empty value forgets the wish."""

    key: str = ""
    value: str = ""


async def list_user_options(actor: Actor) -> dict[str, str]:
    """Every wish that the actor has stated."""
    rows = await UserOption.filter(user_id=actor.user_id).order_by("key").values_list("key", "value")
    return {str(key): str(value) for key, value in rows if key in _KEYS}


async def set_user_option(actor: Actor, draft: UserOptionDraft) -> dict[str, str]:
    """Keep one wish, and return it."""
    if actor.user_id is None:
        raise NotFound("There is no user behind this request.")
    if draft.key not in _KEYS:
        raise Invalid(f"There is no option {draft.key or '(empty)'}; there are: {', '.join(_KEYS)}.", field="key")
    fits, words = _KEYS[draft.key]
    if draft.value and not fits(draft.value):
        raise Invalid(f"The option {draft.key} must be {words}; leave it empty to forget it.", field="value")

    async def work() -> None:
        query = UserOption.filter(user_id=actor.user_id, key=draft.key)
        if not draft.value:
            await query.delete()
        elif await query.exists():
            await query.update(value=draft.value)
        else:
            await UserOption.create(user_id=actor.user_id, key=draft.key, value=draft.value)

    try:
        await unit(work)
    except IntegrityError:
        raise Conflict("This option was set elsewhere at the same moment; try again.") from None
    return {"key": draft.key, "value": draft.value}
