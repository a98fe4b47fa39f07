"""Where the hub keeps what is too large for the database: the blob store that the settings name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError

from hub.context import Hub
from hub.errors import Unavailable
from hub.plugin import BlobStore, Params
from hub.registry import Registry
from hub.settings import Settings

DISK: Final = "disk"
ARTIFACTS: Final = "tasks/"
LOGS: Final = "logs/"
_SHELF: Final = 1000  # logs of one folder, so that looking for one does not read through the names of all


def store_of(hub: Hub) -> tuple[BlobStore, Params]:
    """Return the store of a hub with its params. Raises what `chosen` does."""
    return chosen(hub.registry, hub.settings)


def chosen(registry: Registry, settings: Settings) -> tuple[BlobStore, Params]:
    """Return the store and its params. Raises `Unavailable` when no plugin brings it, or its params are wrong."""
    store = registry.blob_stores.get(settings.blob_store)
    if store is None:
        known = ", ".join(sorted(registry.blob_stores)) or "none"
        raise Unavailable(
            f"The setting blob_store (HUB_BLOB_STORE) names {settings.blob_store}, which no plugin brings; there is: "
            f"{known}."
        )
    given = dict(settings.blob_store_params)
    if settings.blob_store == DISK:
        given.setdefault("folder", str(settings.data_dir / "blobs"))
    try:
        return store, store.params_type.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        raise Unavailable(
            f"The setting blob_store_params (HUB_BLOB_STORE_PARAMS) is wrong at {name or 'its top'}: "
            f"{fault['msg'].removeprefix('Value error, ')}."
        ) from None


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
