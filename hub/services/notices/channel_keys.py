"""Which keys of the key store a channel names."""

from __future__ import annotations

from hub.context import Hub
from hub.models import Channel
from hub.services.params import key_members


def keys_of(hub: Hub, channel: Channel) -> dict[str, int]:
    """Return their ids by param; of a channel whose notifier is not installed, every number that could be one."""
    notifier = hub.registry.notifiers.get(channel.notifier)
    given = channel.params.get("given", {})
    members = key_members(notifier.params_type) if notifier else list(given)
    return {
        name: given[name] for name in members if isinstance(given.get(name), int) and not isinstance(given[name], bool)
    }
