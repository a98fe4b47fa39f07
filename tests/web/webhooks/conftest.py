"""A project that requests from outside come to."""

from __future__ import annotations

import pytest

from .sender import Hooks


@pytest.fixture
async def hooks(scene, app) -> Hooks:
    return Hooks(scene, app, await scene.template("environment.sh"))
