"""A hub that lives by a test's clock, and the administrator's browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from quart import Quart

from hub.context import Hub
from hub.web.api import load_routes
from hub.web.api.mount import mount
from hub.web.encoding import WireJSON

from .browsing import Browser, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ticking(hub: Hub, clock: Clock) -> Hub:
    """The hub, living by the test's clock."""
    return replace(hub, clock=clock)


@pytest.fixture
def application(ticking: Hub) -> Quart:
    app = Quart("hub.tests")
    app.json = WireJSON(app)
    load_routes()
    mount(app, ticking)
    return app


@pytest.fixture
async def browser(application: Quart) -> Browser:
    """A browser in which the administrator, person 1, is signed in."""
    one = Browser(application)
    assert (await one.sign_in()).status == 204
    return one
