"""The blob store that the settings name: where artifacts and other large things of all machines are kept."""

from __future__ import annotations

from pydantic import ValidationError

from hub.errors import Unavailable
from hub.plugin import BlobStore, Params
from hub.registry import Registry
from hub.settings import Settings

DISK = "disk"


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
