"""Storing channels of a document; see `put` for the manner.

A secret that the document does not open has to be entered: a new channel that lacks one is there, with an empty one.
"""

from __future__ import annotations

from typing import Any

from hub.models import Channel
from hub.services import channels
from hub.services.backup.entries import ChannelEntry, Entry
from hub.services.backup.site import Site
from hub.services.notices import channel_params
from hub.services.notices.channel_params import Kept

_UNKNOWN = "-"
"""Stands in until nothing is stored in its place."""
_PLACES = ("server", "host", "port")


async def channel(site: Site, entry: Entry, row_id: int | None, *, same: bool) -> int:
    """A channel."""
    assert isinstance(entry, ChannelEntry)
    given = site.opened.channels.get(str(site.number), {})
    if row_id is not None and same and not given:
        return row_id
    held = await _held(site, entry, row_id)
    lacking = [name for name in entry.secrets if name not in given and name not in held]
    params: dict[str, Any] = dict(entry.params)
    params |= {member: site.id("keys", name) for member, name in entry.keys.items()}
    wanted = None if entry.templates is None else [site.id("templates", name) for name in entry.templates]
    draft = channels.ChannelDraft.read({
        "name": entry.name, "notifier": entry.notifier, "params": params, "events": entry.events,
        "secrets": {**dict.fromkeys(lacking, _UNKNOWN), **given}, "template_ids": wanted,
        "active": entry.active,
    })  # fmt: skip
    if row_id is None:
        row_id = int((await channels.create_channel(*site.at, draft))["id"])
    else:
        site.refreshed = bool(given)
        await channels.update_channel(*site.at, row_id, draft)
    for name in lacking:
        site.lacks(f"channels/{entry.name}/{name}")
    if lacking:
        await _forget(site, row_id, lacking)
    return row_id


async def _held(site: Site, entry: ChannelEntry, row_id: int | None) -> set[str]:
    """Secrets that the channel here keeps, since the document leads it to the same place."""
    if row_id is None:
        return set()
    found = await Channel.get(id=row_id)
    kept = channel_params.opened(site.hub, found)
    same = all(entry.params.get(name) == kept.given.get(name) for name in _PLACES)
    held = {name for name, value in kept.secrets.items() if value}
    return held if same and found.notifier == entry.notifier else set()


async def _forget(site: Site, channel_id: int, names: list[str]) -> None:
    found = await Channel.get(id=channel_id)
    kept = channel_params.opened(site.hub, found)
    rest = {**kept.secrets, **dict.fromkeys(names, "")}
    stored = channel_params.stored(site.hub, channel_id, Kept(kept.given, kept.version, rest))
    await Channel.filter(id=channel_id).update(params=stored)
