"""What a channel keeps: params that anybody who manages it may read, and secrets that nobody reads again.

A secret is either the id of an entry of the project's key store, or was written into the channel itself and is sealed
there. Channels of the whole hub, which has no key store, know the second way only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from hub.context import Hub
from hub.errors import Invalid, Unavailable
from hub.models import Channel, Key
from hub.plugin import Notifier, Params
from hub.services.keys import read_secret
from hub.services.params import key_members
from hub.vault import place

SEALED: Final = "sealed"
_STANDS_IN: Final = 0
"""Where params name a key, for a secret that is sealed in the channel."""
_KINDS: Final = ("string", "login_password")
LONGEST: Final = 4000


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored in `Channel.params`, opened."""

    given: Mapping[str, Any]
    version: int = 1
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def opened(hub: Hub, channel: Channel) -> Kept:
    """Open what a channel keeps. Raises `Unavailable`."""
    stored = channel.params
    sealed = stored.get(SEALED)
    secrets = json.loads(hub.vault.open(sealed, place("channel", "params", channel.id))) if sealed else {}
    return Kept(stored.get("given", {}), stored.get("version", 1), secrets)


def stored(hub: Hub, channel_id: int, kept: Kept) -> dict[str, Any]:
    """Return what is stored; secrets are sealed for this very channel."""
    found: dict[str, Any] = {"given": dict(kept.given), "version": kept.version}
    if kept.secrets:
        found[SEALED] = hub.vault.seal(json.dumps(dict(kept.secrets)), place("channel", "params", channel_id))
    return found


def notifier_of(hub: Hub, name: str) -> Notifier[Any]:
    """Return a notifier. Raises `Invalid`."""
    found = hub.registry.notifiers.get(name)
    if found is None:
        names = ", ".join(sorted(hub.registry.notifiers)) or "none is installed"
        raise Invalid(f"There is no notifier {name or '(empty)'}; choose one of: {names}.", field="notifier")
    return found


async def checked(
    hub: Hub, notifier: Notifier[Any], given: Mapping[str, Any], written: Mapping[str, str | None], *,
    project_id: int | None, before: Kept | None = None,
) -> Kept:  # fmt: skip
    """Check what was sent and return what is kept. Secrets that were not sent stay as they were. Raises `Invalid`."""
    members = key_members(notifier.params_type)
    for name in written:
        if name not in members:
            raise Invalid(f"{notifier.title} has no secret {name}.", field=f"secrets.{name}")
    plain = {name: value for name, value in given.items() if value is not None}
    secrets = {name: value for name, value in (before.secrets if before else {}).items() if name in members}
    for name, value in written.items():
        secrets.pop(name, None)
        if value:
            if len(value) > LONGEST:
                raise Invalid(f"A secret has {LONGEST:,} characters at most.", field=f"secrets.{name}")
            secrets[name] = value
    for name in members:
        if plain.get(name) is not None:
            await _check_key(project_id, name, plain[name])
            secrets.pop(name, None)
    _parsed(notifier, plain, secrets)
    return Kept(plain, notifier.params_version, secrets)


async def _check_key(project_id: int | None, name: str, ref: Any) -> None:
    field = f"params.{name}"
    if project_id is None:
        raise Invalid("A channel of the whole hub holds its secrets itself; write it down here.", field=field)
    known = isinstance(ref, int) and not isinstance(ref, bool) and 0 < ref < 2**31
    row = await Key.get_or_none(id=ref, project_id=project_id, owner="") if known else None
    if row is None:
        raise Invalid("There is no such key in this project.", field=field)
    if row.type not in _KINDS:
        raise Invalid(f"The key {row.name} is of a type that does not fit here.", field=field)


def _parsed(notifier: Notifier[Any], plain: Mapping[str, Any], secrets: Mapping[str, str]) -> Params:
    """Make typed params; where a secret is sealed, a number stands in for the id of a key."""
    try:
        return notifier.params_type.model_validate({**plain, **dict.fromkeys(secrets, _STANDS_IN)})
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        text = fault["msg"].removeprefix("Value error, ")
        if not name:
            raise Invalid(f"{text[:1].upper()}{text[1:]}.", field="params") from None
        raise Invalid(f"The parameter {name} is wrong: {text}.", field=f"params.{name}") from None


async def for_sending(hub: Hub, channel: Channel) -> tuple[Notifier[Any], Params, dict[str, str]]:
    """Return what sends over a channel, its params, and the values of its secrets. Raises `Invalid`, `Unavailable`."""
    notifier = notifier_of(hub, channel.notifier)
    kept = opened(hub, channel)
    given = kept.given
    if kept.version < notifier.params_version:
        given = notifier.upgrade(given, kept.version)
    params = _parsed(notifier, given, kept.secrets)
    secrets = dict(kept.secrets)
    for name in key_members(notifier.params_type):
        if name not in secrets and given.get(name):
            secrets[name] = await _from_store(hub, channel, int(given[name]))
    return notifier, params, secrets


async def _from_store(hub: Hub, channel: Channel, key_id: int) -> str:
    key = await Key.get_or_none(id=key_id, project_id=channel.project_id)
    if key is None:
        raise Unavailable("A key that this channel needs is gone. Choose another one.")
    members = await read_secret(hub, key)
    return str(members.get("string") or members.get("password") or "")
