"""What a plugin may know about the hub it runs in."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Host(Protocol):
    """Handed to `hub_startup`, `hub_shutdown` and `hub_blueprints`."""

    @property
    def version(self) -> str:
        """Version of the hub."""
        ...

    @property
    def public_url(self) -> str:
        """Address under which people reach the hub, without a trailing slash."""
        ...

    def folder(self, plugin: str) -> Path:
        """Return a private folder (0700) in the data directory for that plugin's own files."""
        ...

    def setting(self, name: str) -> str | None:
        """Return the text of a `HUB_…` environment variable or of a key below `[plugins]` in `hub.toml`."""
        ...
