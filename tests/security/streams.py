"""Following a task's log as somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from quart import Quart

from .people import Caller, Things


@asynccontextmanager
async def streaming(app: Quart, caller: Caller, things: Things, task_id: int) -> AsyncIterator[Any]:
    """A stream of the task that is open as long as the block lasts."""
    path = f"/api/project/{things.project}/tasks/{task_id}/stream"
    async with app.test_client(use_cookies=False).request(path, headers=caller.headers()) as connection:
        await connection.send_complete()
        yield connection
