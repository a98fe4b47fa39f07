"""Surroundings that tests of several subjects need."""

from __future__ import annotations

import pytest

from hub.services.log import Piece
from hub.services.tasks import dispatch, leases
from hub.worker.git import mirror


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git is tried again at once, and no proxy stands between the servers of a test and those who ask them."""
    monkeypatch.setattr(mirror, "PAUSES", (0.0, 0.0))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def number(scene) -> int:
    """A task that is claimed; its log has no line yet but the first."""
    number = await scene.launch(await scene.template("hello.sh"))
    await dispatch.admit(scene.hub)
    await leases.claim(scene.hub, number, lambda claimed: Piece("first", 1, claimed.created))
    return number
