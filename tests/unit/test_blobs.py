"""Which blob store the settings name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub import builtin, registry
from hub.builtin.disk_store import DiskParams
from hub.errors import SettingsError, Unavailable
from hub.registry import Registry
from hub.services import blobs
from hub.settings import Settings, read_settings


@pytest.fixture(scope="module")
def own() -> Registry:
    return registry.load(builtin=builtin.MODULES)


def folder(own: Registry, settings: Settings) -> Path:
    _, params = blobs.chosen(own, settings)
    assert isinstance(params, DiskParams)
    return params.folder


def test_without_a_setting_files_lie_in_the_data_folder(own: Registry, tmp_path: Path) -> None:
    assert folder(own, read_settings({}, data_dir=tmp_path)) == tmp_path / "blobs"


def test_machines_share_a_folder_that_the_settings_name(own: Registry, tmp_path: Path) -> None:
    shared = {"HUB_BLOB_STORE_PARAMS": json.dumps({"folder": "/mnt/shared"})}
    assert folder(own, read_settings(shared, data_dir=tmp_path)) == Path("/mnt/shared")
    (tmp_path / "hub.toml").write_text('[blob_store_params]\nfolder = "/mnt/other"\n')
    assert folder(own, read_settings({}, config=tmp_path / "hub.toml", data_dir=tmp_path)) == Path("/mnt/other")
    (tmp_path / "params").write_text(shared["HUB_BLOB_STORE_PARAMS"])
    read = read_settings({"HUB_BLOB_STORE_PARAMS_FILE": str(tmp_path / "params")}, data_dir=tmp_path)
    assert folder(own, read) == Path("/mnt/shared")


def test_a_store_that_is_not_there_and_wrong_params_are_named(own: Registry, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="names attic, which no plugin brings"):
        blobs.chosen(own, read_settings({"HUB_BLOB_STORE": "attic"}, data_dir=tmp_path))
    with pytest.raises(Unavailable, match="wrong at folder: Name the folder by an absolute path"):
        blobs.chosen(own, Settings(data_dir=tmp_path, blob_store_params={"folder": "blobs"}))
    with pytest.raises(SettingsError, match="write a JSON object") as told:
        read_settings({"HUB_BLOB_STORE_PARAMS": "s3cret"}, data_dir=tmp_path)
    assert "s3cret" not in str(told.value)
