"""A line that a program has not ended yet: seen while it stands, masked, stored once, and nothing is left of it."""

from __future__ import annotations

import asyncio

import pytest

from hub.models import TaskChunk
from hub.services import log_now
from hub.services.log_now import Unfinished
from hub.services.tasks import leases
from hub.testing.carriers import SETUPS
from hub.worker import unfinished
from hub.worker.journal import Journal
from hub.worker.mask import Masker


@pytest.fixture
async def journal(scene, number, monkeypatch):
    monkeypatch.setattr(unfinished, "PAUSE", 0.02)
    made = Journal(scene.hub, scene.project.id, number, Masker(["hunter2"]))
    made.open(1, 1)
    yield made
    await made.abandon()


async def until(scene, number: int, wanted: Unfinished) -> None:
    """Listen until this is shown."""
    async with scene.hub.bell.listen(log_now.topic(number)) as ears, asyncio.timeout(60):
        while await log_now.look(number) != wanted:
            await ears.wait(2)


@pytest.mark.parametrize("setup", SETUPS)
async def test_a_prompt_is_seen_and_then_stored_once(scene, number, journal):
    await journal.feed(b"one\nContinue? ")
    await until(scene, number, Unfinished(2, "Continue? "))
    assert await scene.lines(number) == ["first", "one"]
    await journal.feed(b"yes\n")
    await journal.close()
    assert await scene.lines(number) == ["first", "one", "Continue? yes"]
    assert await log_now.look(number) is None


async def test_a_progress_bar_moves_and_its_last_picture_is_stored(scene, number, journal):
    for step in (b"10%", b"\r50%", b"\r100% done"):
        await journal.feed(step)
        await until(scene, number, Unfinished(1, step.decode().strip("\r")))
    assert await TaskChunk.filter(task_id=number).count() == 2
    await journal.line("said by the hub")
    await journal.close()
    assert await scene.lines(number) == ["first", "100% done", "said by the hub"]
    assert await TaskChunk.filter(task_id=number, seq__lt=0).count() == 0


async def test_secrets_are_hidden_in_an_unfinished_line_wherever_it_is_cut_w51(scene, number, journal):
    steps = {
        b"the password is h": "the password is ",
        b"unte": "the password is ",
        b"r2": "the password is ***",
        b"\rso hunt": "so  password is ***",
    }
    for piece, shown in steps.items():
        await journal.feed(piece)
        await until(scene, number, Unfinished(1, shown))
    await journal.close()
    assert await scene.lines(number) == ["first", "so huntsword is ***"]


async def test_lines_of_a_quick_program_are_never_shown_unfinished(scene, number, journal, monkeypatch):
    told: list[Unfinished] = []

    async def show(_hub: object, _task: int, now: Unfinished) -> None:
        told.append(now)

    monkeypatch.setattr(log_now, "show", show)
    ticks = iter(range(10**6))
    for _ in range(50):
        await journal.feed(b"".join(b"line %d\n" % next(ticks) for _ in range(100)) + b"cut here")
        await journal.feed(b" and ended\n")
        await asyncio.sleep(0)
    await journal.close()
    assert told == []
    assert len(await scene.lines(number)) == 1 + 50 * 101


async def test_a_lost_lease_shows_nothing_more(scene, number, journal):
    await leases.recover(scene.hub, [scene.hub.node])
    await journal.feed(b"Continue? ")
    showing = journal._showing._running
    assert showing is not None
    await asyncio.wait_for(showing, 60)
    assert await log_now.look(number) is None


async def test_the_hubs_own_lines_are_not_in_colours_that_a_program_left_on(scene, number, journal):
    await journal.feed(b"\x1b[31mred\n")
    await journal.line("said by the hub")
    await journal.feed(b"\x1b[31mred\x1b[0m\n")
    await journal.line("again")
    await journal.close()
    assert await scene.lines(number) == [
        "first",
        "\x1b[31mred",
        "\x1b[0msaid by the hub",
        "\x1b[31mred\x1b[0m",
        "again",
    ]
