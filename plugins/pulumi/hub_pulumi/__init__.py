"""Previews and applies infrastructure with Pulumi."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, hookimpl
from hub_pulumi.executor import PulumiExecutor

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring the executor of Pulumi."""
    return [PulumiExecutor()]
