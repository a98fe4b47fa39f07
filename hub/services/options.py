"""Options: the wire's flat table of keys and texts, for administrators."""

from __future__ import annotations

import re

from pydantic import Field

from hub.context import Hub
from hub.db import column, unit
from hub.errors import Invalid
from hub.models import Option
from hub.services import changes
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.draft import Draft
from hub.services.events import record

_KEY = re.compile(r"[A-Za-z0-9_.]{1,255}", re.ASCII)
_OURS = "vault."
"""Keys below this belong to the hub itself; a wrong value there would keep it from starting."""


class OptionDraft(Draft):
    """The wire's body of `POST /options`."""

    key: str = ""
    value: str = Field(default="", max_length=1000)


async def list_options(actor: Actor) -> dict[str, str]:
    """Every option."""
    require_admin(actor)
    rows = await Option.all().order_by("key").values_list("key", "value")
    return {str(key): str(value) for key, value in rows if not str(key).startswith(_OURS)}


async def set_option(hub: Hub, actor: Actor, draft: OptionDraft) -> dict[str, str]:
    """Set one option and return it."""
    require_admin(actor)
    if not _KEY.fullmatch(draft.key):
        raise Invalid("An option's key is made of letters, digits, dots and underscores.", field="key")
    if draft.key.lower().startswith(_OURS):
        raise Invalid(f"Options that begin with {_OURS} belong to the hub itself.", field="key")

    async def work() -> None:
        before = await column(Option.filter(key=draft.key), "value")
        changes.note("value", before[0] if before else None, draft.value)
        await Option.update_or_create(defaults={"value": draft.value}, key=draft.key)
        await record(hub, actor, "option", None, f"Option {draft.key} set", project_id=None)

    await unit(work)
    return {"key": draft.key, "value": draft.value}
