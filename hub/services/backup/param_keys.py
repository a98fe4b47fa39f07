"""Keys that templates name in their params: in documents by name, as `{"key": name}`, where rows hold their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.context import Hub
from hub.models import Channel
from hub.services import apps
from hub.services.backup.entries import ChannelEntry, TemplateEntry
from hub.services.backup.picture import Picture
from hub.services.backup.site import Site
from hub.services.notices import channel_params
from hub.services.notices.channel_keys import keys_of
from hub.services.params import key_members


async def name_keys(hub: Hub, picture: Picture) -> Picture:
    """Put names in the place of ids; a key that is gone is left out."""
    names = {row_id: entry.key for entry, row_id in picture.things["keys"]}
    members: dict[str, Sequence[str]] = {}
    for number, (entry, row_id) in enumerate(picture.things["templates"]):
        assert isinstance(entry, TemplateEntry)
        params = dict(entry.task_params)
        if entry.app not in members:
            members[entry.app] = await _members(hub, entry)
        for member in members[entry.app]:
            if isinstance(given := params.get(member), int):
                name = names.get(given)
                params = {**params, member: {"key": name}} if name else {n: v for n, v in params.items() if n != member}
        picture.things["templates"][number] = (entry.model_copy(update={"task_params": params}), row_id)
    for number, (channel, row_id) in enumerate(picture.things["channels"]):
        assert isinstance(channel, ChannelEntry)
        row = await Channel.get(id=row_id)
        refs = keys_of(hub, row)
        keys = {member: names[ref] for member, ref in refs.items() if ref in names}
        params = {member: value for member, value in channel.params.items() if member not in refs}
        secrets = sorted(channel_params.opened(hub, row).secrets)
        entry = channel.model_copy(update={"params": params, "keys": keys, "secrets": secrets})
        picture.things["channels"][number] = (entry, row_id)
    return picture


async def with_ids(site: Site, entry: TemplateEntry) -> dict[str, Any]:
    """Return an entry's params with the ids of its keys in this project; ids in a document are none of ours."""
    params = dict(entry.task_params)
    named = entry.named_keys()
    for member in await _members(site.hub, entry):
        if member in params:
            params[member] = site.id("keys", named.get(member))
    return params


async def _members(hub: Hub, entry: TemplateEntry) -> Sequence[str]:
    executor = await apps.find(hub, entry.app)
    return key_members(executor.params_type) if executor else ()
