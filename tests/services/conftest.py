"""What the tests of schedules share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.testing.scene import Scene

from .schedule_steps import MONDAY, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(MONDAY)


@pytest.fixture
def timed(scene: Scene, clock: Clock) -> Scene:
    """A project in a hub whose clock stands still."""
    return replace(scene, hub=replace(scene.hub, clock=clock))
