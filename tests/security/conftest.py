"""The whole web application and those who call it."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.testing.booted import administrator
from hub.testing.scene import Scene
from hub.web.app import make_app

from .people import Caller, People, Things, furnish


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def people(hub: Hub, app: Quart) -> People:
    return People(hub, app)


@pytest.fixture
async def admin(people: People) -> Caller:
    return await people.with_token(await administrator())


@pytest.fixture
async def mine(hub: Hub) -> Things:
    """The project that callers are members of."""
    return await furnish(hub, "mine")


@pytest.fixture
async def theirs(hub: Hub) -> Things:
    """A project of other people."""
    return await furnish(hub, "theirs")


@pytest.fixture
async def client(stage: Scene, app: Quart) -> Caller:
    """The administrator, in a hub that works."""
    return await People(stage.hub, app).with_token(stage.actor)
