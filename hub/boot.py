"""The composition root: the only place that wires seams, plugins and settings into a hub."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from hub import __version__, builtin, db, registry, traces
from hub.bell import Bell
from hub.bell.memory import MemoryBell
from hub.context import Hub
from hub.errors import SettingsError
from hub.queue import Queue
from hub.queue.memory import MemoryQueue
from hub.registry import Registry
from hub.services import events, first, log_archive, upgrades, vaulting
from hub.settings import Settings
from hub.tally import Tally
from hub.tally.memory import MemoryTally
from hub.vault import Vault, parse_ring, read_ring, ring_file, with_new_key, write_ring

logger = logging.getLogger(__name__)


@asynccontextmanager
async def open_hub(settings: Settings, *, migrate: bool = True, plugins: Registry | None = None) -> AsyncIterator[Hub]:
    """Open everything, in order; close it in reverse. Raises `SettingsError` with what to do.

    `migrate` upgrades an embedded database; a shared one that is behind is refused. `plugins` spares tests the search.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with AsyncExitStack() as stack:
        if traces.wanted(settings.traces):
            stack.enter_context(traces.exported("hub", __version__))
        applied = await _prepare(settings) if migrate else ()
        await stack.enter_async_context(db.database(settings.database))
        vault = await _open_vault(settings)
        queue, bell, tally = _carriers(settings)
        stack.push_async_callback(tally.aclose)
        stack.push_async_callback(bell.aclose)
        stack.push_async_callback(queue.aclose)
        found = plugins or registry.load(off=settings.plugins_off, builtin=builtin.MODULES)
        hub = Hub(
            settings=settings, registry=found, queue=queue, bell=bell, vault=vault, node=_node_name(), tally=tally
        )
        stack.enter_context(log_archive.opened(hub))
        await vaulting.check_canary(hub)
        await first.make_first_administrator(hub)
        await upgrades.tell(hub, applied)
        host = HostView(settings)
        found.startup(host)
        stack.callback(found.shutdown, host)
        stack.push_async_callback(events.settle)
        yield hub


async def _prepare(settings: Settings) -> tuple[str, ...]:
    from hub.db import schema  # noqa: PLC0415 - tools of the history are heavy, and only needed here

    return await schema.prepare(settings.database, embedded=settings.embedded_database)


class HostView:
    """What plugins see of the hub they run in; satisfies `hub.plugin.Host`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def version(self) -> str:
        """Version of the hub."""
        return __version__

    @property
    def public_url(self) -> str:
        """Address under which people reach the hub."""
        return self._settings.address

    def folder(self, plugin: str) -> Path:
        """Private folder of a plugin."""
        folder = self._settings.data_dir / "plugins" / Path(plugin).name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def setting(self, name: str) -> str | None:
        """A variable of the environment that begins with HUB_, or a key below `[plugins]`."""
        if name.startswith("HUB_"):
            return os.environ.get(name)
        value = self._settings.plugins.get(name)
        return None if value is None else str(value)


def _carriers(settings: Settings) -> tuple[Queue, Bell, Tally]:
    if not settings.redis_url:
        return MemoryQueue(), MemoryBell(), MemoryTally()
    from hub.bell.redis import RedisBell  # noqa: PLC0415 - an embedded hub never pays for the Redis client
    from hub.queue.arq import ArqQueue  # noqa: PLC0415 - an embedded hub never pays for arq
    from hub.tally.redis import RedisTally  # noqa: PLC0415 - an embedded hub never pays for the Redis client

    return ArqQueue(settings.redis_url), RedisBell(settings.redis_url), RedisTally(settings.redis_url)


async def _open_vault(settings: Settings) -> Vault:
    if settings.vault_keys:
        return parse_ring(settings.vault_keys)
    vault = read_ring(settings.data_dir)
    if vault is not None:
        return vault
    if await vaulting.has_secrets():
        raise SettingsError(
            f"The database holds secrets, but its key ring is missing: restore {ring_file(settings.data_dir)} "
            "from your backup, or set HUB_VAULT_KEYS."
        )
    vault = with_new_key(None)
    write_ring(settings.data_dir, vault)
    logger.warning("A new key ring was made: %s. Back it up; without it no secret can be read.",
                   ring_file(settings.data_dir))  # fmt: skip
    return vault


def _node_name() -> str:
    host = "".join(letter for letter in socket.gethostname() if letter.isalnum())[:20] or "node"
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
