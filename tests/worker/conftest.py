"""Surroundings that tests of several subjects need."""

from __future__ import annotations

import pytest

from hub.worker.git import mirror


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is tried again at once, and no proxy stands between the servers of a test and those who ask them."""
    monkeypatch.setattr(mirror, "PAUSES", (0.0, 0.0))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
