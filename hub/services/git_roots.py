"""Where repositories may be local paths: one place for services and workers."""

from __future__ import annotations

from pathlib import Path

from hub.settings import Settings

DEMO = "demo"
"""Folder of the data folder that holds the demo project's repository."""


def local_roots(settings: Settings) -> tuple[Path, ...]:
    """Return what the administrator allows, and the folder of the demo repository, which the hub itself wrote.

    Nobody but the hub's own user can write there, so a task learns nothing from it that it was not meant to see.
    """
    return (*settings.local_repository_roots, settings.data_dir / DEMO)
