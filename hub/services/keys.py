"""The key store: sealed secrets, of types that plugins bring."""

from __future__ import annotations

import json
from typing import Any

from hub.context import Hub
from hub.errors import Unavailable
from hub.models import Key
from hub.vault import place


async def read_secret(hub: Hub, key: Key) -> dict[str, Any]:
    """Return the secret members of a key; empty when nothing is stored. Raises `Unavailable`."""
    if key.source_storage_type:
        return await _from_backend(hub, key)
    if not key.secret:
        return {}
    opened = json.loads(hub.vault.open(key.secret, place("key", "secret", key.id)))
    return dict(opened)


async def write_secret(hub: Hub, key_id: int, members: dict[str, Any]) -> None:
    """Seal the secret members of a key for its row, in the unit under way; empty ones are stored as nothing."""
    filled = {name: value for name, value in members.items() if value not in ("", None)}
    sealed = hub.vault.seal(json.dumps(filled), place("key", "secret", key_id)) if filled else None
    await Key.filter(id=key_id).update(secret=sealed)


async def _from_backend(hub: Hub, key: Key) -> dict[str, Any]:
    backend = hub.registry.secret_backends.get(str(key.source_storage_type))
    if backend is None:
        raise Unavailable(f"The key {key.name} is kept in {key.source_storage_type}, and no plugin knows that place.")
    text = await backend.read(backend.params_type(), key.source_storage_key or "")
    if key.type == "string":
        return {"string": text}
    try:
        return dict(json.loads(text))
    except ValueError:
        raise Unavailable(f"What is stored for the key {key.name} is not a JSON object.") from None
