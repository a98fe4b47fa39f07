"""The journal of a task: every line once and in order, whatever the store and its readers do meanwhile. W-33, W-34."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.models import TaskChunk
from hub.services import log
from hub.services.log import Tail
from hub.services.tasks import leases
from hub.services.tasks.moves import LeaseLost, topic
from hub.testing.carriers import SETUPS
from hub.testing.scene import commit_files
from hub.worker import patience
from hub.worker.journal import Journal
from hub.worker.mask import Masker


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def journal(scene, number):
    made = Journal(scene.hub, scene.project.id, number, Masker(["hunter2"]))
    made.open(1, 1)
    yield made
    await made.abandon()


async def follow(scene: Any, number: int, until: str) -> list[str]:
    """Read a growing log by ear until a line comes; the first line is left out."""
    found: list[str] = []
    tail = Tail(number, 1)
    async with scene.hub.bell.listen(topic(scene.project.id, number)) as ears, asyncio.timeout(60):
        while until not in found:
            first = tail.line
            found += [text async for chunk in tail.more() for _, _, text in chunk.numbered(first)]
            if until not in found:
                await ears.wait(2)
    return found


async def test_readers_who_follow_see_each_line_once_and_in_order(scene, number, journal):
    wanted = [f"line {index}" for index in range(5000)] + ["end"]
    readers = [asyncio.create_task(follow(scene, number, "end")) for _ in range(3)]
    for start in range(0, len(wanted), 7):
        await journal.feed("".join(line + "\n" for line in wanted[start : start + 7]).encode())
        if start % 350 == 0:
            await asyncio.sleep(0.005)
    await journal.close()
    for reader in readers:
        assert await reader == wanted


async def test_readers_follow_a_real_program(stage):
    commit_files(stage.folder, {"fast.sh": "seq 1 20000; echo end\n"}, "fast")
    number = await stage.launch(await stage.template("fast.sh"))
    found = await follow(stage, number, "end")
    assert found[-20001:] == [*map(str, range(1, 20001)), "end"]
    assert (await stage.until(number))["status"] == "success"


async def test_a_store_that_fails_for_a_while_loses_nothing(scene, number, journal, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01,) * 5)
    real, tries = log.append, []

    async def fails_at_first(*given: Any) -> None:
        tries.append(1)
        if len(tries) < 4:
            raise Unavailable("The database is away.")
        await real(*given)

    monkeypatch.setattr(log, "append", fails_at_first)
    await journal.feed(b"one\ntwo\n")
    await journal.feed(b"three\n")
    await journal.close()
    assert await scene.lines(number) == ["first", "one", "two", "three"]


async def test_a_commit_whose_answer_was_lost_is_not_stored_twice(scene, number, journal, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01,) * 5)
    real, tries = log.append, []

    async def answers_are_lost(*given: Any) -> None:
        tries.append(1)
        await real(*given)
        if len(tries) == 1:
            raise ConnectionResetError

    monkeypatch.setattr(log, "append", answers_are_lost)
    await journal.feed(b"one\n")
    await asyncio.sleep(0)
    await journal.close()
    await asyncio.sleep(0)
    assert await scene.lines(number) == ["first", "one"]
    assert await log.position(number) == (2, 2)


async def test_a_store_that_stays_away_stops_the_program_with_a_sentence(number, journal, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01,))

    async def fails(*_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(log, "append", fails)
    with pytest.raises(Unavailable, match="could not be stored"):  # noqa: PT012 - the first to notice is not fixed
        await journal.feed(b"one\n")
        await journal.close()


async def test_a_lost_lease_stops_the_program_at_once(scene, number, journal):
    await leases.recover(scene.hub, [scene.hub.node])
    with pytest.raises(LeaseLost):  # noqa: PT012 - the first to notice is not fixed
        for _ in range(1000):
            await journal.feed(b"one\n")
            await asyncio.sleep(0.01)
    assert await scene.lines(number) == ["first"]


async def test_a_program_that_writes_faster_than_the_store_is_held_back(number, journal, monkeypatch):
    real, gate = log.append, asyncio.Event()

    async def slow(*given: Any) -> None:
        await gate.wait()
        await real(*given)

    monkeypatch.setattr(log, "append", slow)
    fed = 0

    async def feed() -> None:
        nonlocal fed
        for _ in range(64):
            await journal.feed(b"x" * 16383 + b"\n")
            fed += 1

    feeding = asyncio.create_task(feed())
    await asyncio.sleep(0.3)
    assert fed < 40
    gate.set()
    await feeding
    await journal.close()
    assert await log.position(number) == ((await TaskChunk.filter(task_id=number).count()), 65)


async def test_secrets_are_hidden_before_anything_is_stored_w51(scene, number, journal):
    await journal.feed(b"the password is hun")
    await journal.feed(b"ter2, really\nand aHVudGVyMg== in base64\n")
    await journal.line("said by the hub: hunter2")
    await journal.close()
    text = await scene.text(number)
    assert "hunter2" not in text
    assert "aHVudGVyMg" not in text
    assert "the password is ***, really" in text
    assert "said by the hub: ***" in text


async def test_times_never_run_backwards_when_the_clock_does(scene, number):
    back = iter(range(1000, 0, -1))
    hub = replace(scene.hub, clock=lambda: scene.hub.clock() + timedelta(seconds=next(back)))
    journal = Journal(hub, scene.project.id, number, Masker())
    journal.open(1, 1)
    for index in range(50):
        await journal.feed(f"{index}\n".encode())
    await journal.close()
    _, _, found = await log.lines(number, 1, 100)
    times = [at for _, at, _ in found]
    assert len(times) == 50
    assert times == sorted(times)


async def test_the_hubs_own_lines_and_a_programs_keep_their_order(scene, number, journal):
    await journal.line("before")
    await journal.feed(b"program\nunfinished")
    await journal.line("between\nof two lines")
    await journal.feed(b"more\0\n")
    await journal.line("with \0 in it")
    await journal.close()
    assert await scene.lines(number) == [
        "first", "before", "program", "unfinished", "between", "of two lines", "more", "with  in it",
    ]  # fmt: skip


async def test_an_unfinished_last_line_is_kept(scene, number, journal):
    await journal.feed(b"no newline")
    await journal.close()
    assert await scene.lines(number) == ["first", "no newline"]


async def test_the_first_line_after_a_silence_is_stored_without_waiting_for_more(scene, number, journal):
    async with scene.hub.bell.listen(topic(scene.project.id, number)) as ears:
        await journal.feed(b"prompt\n")
        assert await ears.wait(5)
    assert await scene.lines(number) == ["first", "prompt"]
