"""Health of what the hub stands on: database, queue, places for files, plugins, and this very process."""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from typing import Any, Final

from hub import __version__
from hub.context import Hub
from hub.db import current, rows
from hub.services import blobs
from hub.services.health_part import BAD, OK, WARN, Part
from hub.services.readiness import Readiness

SLOW: Final = 250.0
"""Milliseconds after which an answer of the database or of Redis is slow."""
_GIB: Final = 1 << 30
_TIGHT: Final = (2 * _GIB, 0.10)
"""Bytes or share of the disk under which it gets tight."""
_FULL: Final = (_GIB // 4, 0.03)
_PROBE: Final = "health/"

_SIZES: Final = {
    "postgres": 'SELECT pg_database_size(current_database()) AS "size"',
    "mysql": 'SELECT SUM("data_length" + "index_length") AS "size" FROM "information_schema"."tables" '
             'WHERE "table_schema" = DATABASE()',
}  # fmt: skip
_VERSIONS: Final = {
    "sqlite": 'SELECT sqlite_version() AS "version"', "postgres": 'SELECT version() AS "version"',
    "mysql": 'SELECT VERSION() AS "version"',
}  # fmt: skip


async def database(hub: Hub) -> Part:
    """Kind, version, size, time of an answer, and whether its tables fit this hub."""
    began = time.perf_counter()
    await rows("SELECT 1 AS one")
    took = (time.perf_counter() - began) * 1000
    dialect = current().dialect
    (told,) = await rows(_VERSIONS[dialect])
    tables = (await Readiness(hub).look())["migrations"]
    facts = {"kind": dialect, "version": " ".join(str(told["version"]).split()[:2]), "bytes": await _size(),
             "milliseconds": round(took, 1), "tables": tables}  # fmt: skip
    if tables != "ok":
        return Part("database", BAD, "tables", facts)
    return Part("database", WARN if took > SLOW else OK, "slow" if took > SLOW else "", facts)


async def _size() -> int:
    """Return the bytes that the database takes; 0 for one in memory."""
    opened = current()
    if opened.dialect == "sqlite":
        path = opened.address.path
        files = [path.with_name(path.name + ending) for ending in ("", "-wal")] if path else []
        return await asyncio.to_thread(lambda: sum(one.stat().st_size for one in files if one.exists()))
    (found,) = await rows(_SIZES[opened.dialect])
    return int(found["size"] or 0)


async def queue(hub: Hub) -> Part:
    """What carries tasks to workers, and how quickly it answers."""
    kind = "redis" if hub.settings.redis_url else "embedded"
    began = time.perf_counter()
    try:
        await hub.queue.ping()
    except Exception:  # noqa: BLE001 - whatever it is, the carrier does not answer
        return Part("queue", BAD, "away", {"kind": kind})
    took = round((time.perf_counter() - began) * 1000, 1)
    slow = took > SLOW
    return Part("queue", WARN if slow else OK, "slow" if slow else "", {"kind": kind, "milliseconds": took})


async def storage(hub: Hub) -> Part:
    """The disk of the data folder of this node, and whether the place for files answers."""
    usage = await asyncio.to_thread(shutil.disk_usage, hub.settings.data_dir)
    facts: dict[str, Any] = {"kind": hub.settings.blob_store, "free_bytes": usage.free, "total_bytes": usage.total}
    try:
        store, params = blobs.store_of(hub)
        names = store.list(params, _PROBE)
        await anext(names, None)  # one name is enough: the place has answered
    except Exception:  # noqa: BLE001 - whatever it is, files cannot be kept or read
        return Part("storage", BAD, "away", facts)
    for state, (least, share) in ((BAD, _FULL), (WARN, _TIGHT)):
        if usage.free < least or usage.free < share * usage.total:
            return Part("storage", state, "disk", facts)
    return Part("storage", OK, "", facts)


async def plugins(hub: Hub) -> Part:
    """Whether every plugin works."""
    found = len(hub.registry.problems)
    facts = {"plugins": len(hub.registry.plugins), "problems": found}
    return Part("plugins", WARN if found else OK, "problems" if found else "", facts)


def node(hub: Hub, uptime: float) -> dict[str, Any]:
    """Return what answers: this process, its version, and for how long it has been running."""
    return {
        "name": hub.node, "version": __version__, "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}", "uptime_seconds": int(uptime),
    }  # fmt: skip
