"""The clock of the machine jumps while a task runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.context import Hub
from hub.models import Task
from hub.services.tasks import leases
from hub.testing.aftermath import NOTE, aftermath
from hub.testing.booted import working
from hub.testing.scene import make_scene
from hub.worker import main


class Clock:
    """The time, and how wrong it is."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.wrong


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(hours=-3)])
async def test_a_clock_that_jumps_ends_no_task_and_repeats_none(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    """Who sweeps sees the jump, and first gives workers the time to be heard; they renew by the new clock."""
    monkeypatch.setattr(main, "POLL", 0.02)
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.5)
    swept = asyncio.Condition()
    sweeps = 0
    sweep = leases.sweep

    async def counted(hub: Hub, **given: Any) -> None:
        nonlocal sweeps
        await sweep(hub, **given)
        async with swept:
            sweeps += 1
            swept.notify_all()

    monkeypatch.setattr(leases, "sweep", counted)
    clock, gate, starts = Clock(), tmp_path / "gate", tmp_path / "starts"
    hub = replace(hub, clock=clock)
    script = f"{NOTE.format(starts)}echo begun; until [ -e {gate} ]; do sleep 0.05; done; echo done\n"
    scene = await make_scene(hub, {"wait.sh": script, "hello.sh": "echo hello\n"})

    async def until(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), swept:
            await swept.wait_for(condition)

    async with working(hub):
        number = await scene.launch(await scene.template("wait.sh"))
        await scene.until_line(number, "begun")
        clock.wrong = jump
        seen = sweeps
        await until(lambda: sweeps >= seen + 5)
        async with asyncio.timeout(60):  # until the worker has renewed by the new clock, with sweeps all the while
            while not timedelta(0) < (await Task.get(id=number)).lease_until - clock() <= leases.LEASE:
                seen = sweeps
                await until(lambda seen=seen: sweeps > seen)
        gate.touch()
        task = await scene.until(number)
        way = "forward" if jump > timedelta(0) else "back"
        after = await aftermath(scene, starts, [number])
        after.check({number: ["begun", "done"]}, tells=f"^The clock of {hub.node} jumped {way} by 10800 s; no task")
    assert task["status"] == "success"
    assert task["start"] <= task["end"] or jump < timedelta(0)
