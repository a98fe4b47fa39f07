"""What is secret in a project: read to be locked into its document, and opened again to be stored elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.models import Channel, Key, Schedule
from hub.services.backup import locked
from hub.services.backup.document import Document
from hub.services.backup.picture import SECRET_TYPES, Picture
from hub.services.keys import read_secret
from hub.services.notices import channel_params
from hub.services.schedule_params import open_secret


@dataclass(slots=True)
class Opened:
    """Secrets by the names of what they belong to."""

    keys: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    environments: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """By group, then by type and name: `var/TOKEN`."""
    secret_storages: dict[str, str] = field(default_factory=dict, repr=False)
    schedules: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Secret answers, by the place of the schedule in its list."""
    channels: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Secrets that channels hold themselves, by the place of the channel in its list."""

    def text(self) -> str:
        """Return it as JSON."""
        members = ("keys", "environments", "secret_storages", "schedules", "channels")
        return json.dumps({name: getattr(self, name) for name in members})

    @classmethod
    def parse(cls, text: str) -> Opened:
        """Read what `text` wrote."""
        try:
            stored = json.loads(text)
            return cls(**{name: dict(value) for name, value in stored.items()})
        except (ValueError, TypeError, AttributeError):
            raise Invalid("The secrets of this backup are not as this hub writes them.", field="secrets") from None


async def read(hub: Hub, picture: Picture) -> Opened:
    """Read every secret that the hub itself keeps for a project."""
    found = Opened()
    own = {"project_id": picture.project.id}
    names = {row_id: name for name, row_id in picture.ids("keys").items()}
    groups = {row_id: name for name, row_id in picture.ids("environments").items()}
    storages = {row_id: name for name, row_id in picture.ids("secret_storages").items()}
    for key in await Key.filter(source_storage_type=None, secret__isnull=False, **own):
        members = await read_secret(hub, key)
        if key.id in names:
            found.keys[names[key.id]] = members
        elif key.environment_id in groups:
            one = f"{SECRET_TYPES.get(key.owner, 'var')}/{key.name}"
            found.environments.setdefault(groups[key.environment_id], {})[one] = str(members.get("string", ""))
        elif key.storage_id in storages:
            found.secret_storages[storages[key.storage_id]] = str(members.get("string", ""))
    places = {row_id: str(number) for number, (_, row_id) in enumerate(picture.things["schedules"])}
    for schedule in await Schedule.filter(secret__isnull=False, **own):
        found.schedules[places[schedule.id]] = open_secret(hub, schedule)
    places = {row_id: str(number) for number, (_, row_id) in enumerate(picture.things["channels"])}
    for channel in await Channel.filter(**own):
        secrets = channel_params.opened(hub, channel).secrets
        if filled := {name: value for name, value in secrets.items() if value}:
            found.channels[places[channel.id]] = filled
    return found


async def lock(document: Document, opened: Opened, passphrase: str) -> None:
    """Put the secrets into their document."""
    document.secrets = await locked.lock(opened.text(), passphrase, _bound(document.shape()))


async def unlock(document: Document, raw: Mapping[str, Any], passphrase: str) -> Opened:
    """Open the secrets of a document; nothing when no passphrase is given. Raises `Invalid`."""
    if not passphrase:
        return Opened()
    if document.secrets is None:
        raise Invalid("There are no secrets in this backup; leave the passphrase away.", field="passphrase")
    return Opened.parse(await locked.unlock(document.secrets, passphrase, _bound(raw)))


def _bound(raw: Mapping[str, Any]) -> bytes:
    """Digest of all the rest, so that secrets go nowhere but where they were: a changed address would get them."""
    rest = {name: value for name, value in raw.items() if name != "secrets"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return b"hub project backup " + hashlib.sha256(text.encode()).digest()
