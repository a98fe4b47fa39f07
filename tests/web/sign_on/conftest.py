"""A hub whose people may come through the gatehouse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.context import Hub
from hub.testing.booted import booted

from .gatehouse import Browser, Gatehouse, office, registry, told


@pytest.fixture
def gate() -> Gatehouse:
    return Gatehouse()


@pytest.fixture
async def hub(gate: Gatehouse) -> AsyncIterator[Hub]:
    async with booted(plugins=registry(gate)) as one:
        yield told(one, sign_on=office())


@pytest.fixture
def browser(hub: Hub) -> Browser:
    return Browser(hub)
