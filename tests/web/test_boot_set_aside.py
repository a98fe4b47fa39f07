"""What boot made stays until the end, so the garbage collector does not look it through while people wait."""

from __future__ import annotations

import gc
from contextlib import asynccontextmanager

from hub.cli import server, working


async def test_a_hub_that_serves_and_a_worker_have_set_aside_what_boot_made(hub, monkeypatch):
    seen = []

    @asynccontextmanager
    async def opened(*_args, **_options):
        yield hub

    async def beside(main, _loops):
        main.close()
        seen.append(gc.get_freeze_count())

    for module in (server, working):
        monkeypatch.setattr(module, "open_hub", opened)
        monkeypatch.setattr(module, "run_beside", beside)
    before = gc.get_threshold()
    for run in (server.serve, working.serve_worker):
        gc.unfreeze()
        try:
            await run(hub.settings)
        finally:
            gc.unfreeze()
            gc.set_threshold(*before)
    assert min(seen) > 10_000
