"""Where the hub keeps what is too large for the database: the blob store, and what goes with a deleted task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from hub.context import Hub
from hub.plugin import BlobStore, Params

ARTIFACTS: Final = "tasks/"
LOGS: Final = "logs/"
_SHELF: Final = 1000  # logs of one folder, so that looking for one does not read through the names of all


def store_of(hub: Hub) -> tuple[BlobStore, Params]:
    """Return the store with its params."""
    store = hub.registry.blob_stores["disk"]
    return store, store.params_type.model_validate({"folder": str(hub.settings.data_dir / "blobs")})


def log_folder(task_id: int) -> str:
    """Return the beginning of the names of a task's archived log."""
    return f"{LOGS}{task_id // _SHELF}/{task_id}/"


def artifact_folder(task_id: int) -> str:
    """Return the beginning of the names of a task's artifacts."""
    return f"{ARTIFACTS}{task_id}/"


def task_of(name: str) -> int | None:
    """Return the task that a blob belongs to; None for a blob of something else."""
    parts = name.split("/")
    at = {ARTIFACTS: 1, LOGS: 2}.get(f"{parts[0]}/")
    return int(parts[at]) if at is not None and len(parts) > at + 1 and parts[at].isdecimal() else None


async def clear(hub: Hub, folders: Iterable[str]) -> None:
    """Delete everything in these folders. Raises `PluginError` when the store is away."""
    store, params = store_of(hub)
    for folder in folders:
        for name in [name async for name in store.list(params, folder)]:
            await store.delete(params, name)
