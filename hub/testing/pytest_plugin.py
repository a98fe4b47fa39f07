"""Fixtures for tests of plugins, found by pytest by itself once the hub is installed.

Imports of the hub are inside the fixtures: pytest loads this file before coverage starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hub.testing.recording import RecordingIO


@pytest.fixture
def hub_io(tmp_path: Path) -> RecordingIO:
    """A recording `io` with a private folder, a checkout, a cache and a store of artifacts of its own."""
    from hub.testing.recording import RecordingIO  # noqa: PLC0415 - see the module's docstring

    return RecordingIO(tmp_path / "hub_io")
