"""Logs in the blob store: read as before, whatever is interrupted while they move there, and gone with their task."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.errors import Unavailable
from hub.models import Task, TaskChunk
from hub.plugin import NotReady
from hub.services import log, log_archive, retention_round
from hub.services.log import Tail
from hub.services.tasks import retention
from hub.services.tasks.stop import delete

from .kept_steps import LINES, line, old_task

CHUNKS = 70


@pytest.fixture
async def archiving(scene, monkeypatch):
    """A project in a hub that archives at once, in parts of few chunks."""
    monkeypatch.setattr(log_archive, "CHUNKS", 20)
    return replace(
        scene, hub=replace(scene.hub, settings=scene.hub.settings.model_copy(update={"archive_logs_after": 0}))
    )


def archiving_after(hub, days, **settings):
    """The same hub with other settings."""
    return replace(hub, settings=hub.settings.model_copy(update={"archive_logs_after": days, **settings}))


@pytest.fixture
async def number(archiving):
    return await old_task(archiving, await archiving.template("a.sh"), days=3, chunks=CHUNKS)


async def moved(archiving, task_id):
    await retention_round.run(archiving.hub)
    assert (await Task.get(id=task_id)).log_place == "archive"
    assert not await TaskChunk.filter(task_id=task_id).exists()


async def all_ways(task_id):
    """Everything that can be read of a log, in every way that there is."""
    total = CHUNKS * LINES
    ranges = [
        (0, 10),
        (799, 3),
        (800, 1),
        (1234, 500),
        (total - 1, 5),
        (total, 5),
        (total + 99, 5),
        (-7, 7),
        (-total, 1),
    ]
    first = (await log.chunks_from(task_id, 0))[0].time
    moments = [first + timedelta(seconds=one) for one in (-9, 0, 0.5, 19, 20, 33.3, 500)]
    tails = []
    for start in (0, 801, total):
        tail = Tail(task_id, start)
        tails.append([(one.seq, one.text) async for one in tail.more()])
        assert tail.line == total
    return {
        "lines": [await log.lines(task_id, *one) for one in ranges],
        "whole": [one async for one in log.whole(task_id)],
        "raw": b"".join([one async for one in log.raw(task_id)]),
        "moments": [await log.chunk_at(task_id, one) for one in moments],
        "tails": tails,
    }


async def test_an_archived_log_reads_in_every_way_as_before(archiving, number):
    before = await all_ways(number)
    assert before["lines"][3][2][0][2] == line(number, 1234)
    await moved(archiving, number)
    assert await all_ways(number) == before
    assert (await Task.get(id=number)).log_bytes > 0


@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_a_move_that_is_broken_off_loses_nothing_and_is_ended_later(archiving, number, steps, monkeypatch):
    monkeypatch.setattr(retention, "CHUNKS", 25)
    before = await all_ways(number)
    moving = retention.archive(archiving.hub, number)
    if steps == 0:  # everything was stored, and nobody said so

        async def refuse(*_: object) -> int:
            raise RuntimeError("the node was killed here")

        with monkeypatch.context() as killed:
            killed.setattr(retention, "execute", refuse)
            with pytest.raises(RuntimeError):
                await anext(moving)
    for _ in range(steps):
        await anext(moving)
    await moving.aclose()
    assert await TaskChunk.filter(task_id=number).exists()
    assert await all_ways(number) == before
    await moved(archiving, number)
    assert await all_ways(number) == before


async def test_readers_notice_nothing_while_a_log_moves(archiving, number):
    before = await all_ways(number)
    reading, streaming, tail = log.whole(number), log.raw(number), Tail(number, 5)
    seen, bytes_seen = [await anext(reading)], [await anext(streaming)]
    tailing = tail.more()
    told = [await anext(tailing)]
    await moved(archiving, number)
    seen += [one async for one in reading]
    bytes_seen += [one async for one in streaming]
    told += [one async for one in tailing]
    assert seen == before["whole"]
    assert b"".join(bytes_seen) == before["raw"]
    assert [one.seq for one in told] == list(range(CHUNKS))


async def test_a_store_that_is_away_keeps_logs_in_the_database(archiving, number, monkeypatch):
    async def away(*_: object) -> int:
        raise NotReady("The store is away.")

    store = archiving.hub.registry.blob_stores["disk"]
    with monkeypatch.context() as broken:
        broken.setattr(type(store), "put", away)
        await retention_round.run(archiving.hub)
    assert (await Task.get(id=number)).log_place == ""
    assert len(await archiving.lines(number)) == CHUNKS * LINES
    await moved(archiving, number)


async def test_a_store_that_gives_something_else_back_is_not_trusted(archiving, number, monkeypatch):
    async def other(*_: object):
        yield b"something else"

    monkeypatch.setattr(type(archiving.hub.registry.blob_stores["disk"]), "get", other)
    with pytest.raises(Unavailable, match="another log back"):
        await anext(retention.archive(archiving.hub, number))
    assert (await Task.get(id=number)).log_place == ""


async def test_a_log_whose_file_is_lost_says_so(archiving, number):
    await moved(archiving, number)
    for file in (archiving.hub.settings.data_dir / "blobs" / "logs").rglob("*-*"):
        file.write_bytes(b"torn")
    with pytest.raises(Unavailable, match="Check the blob store"):
        await log.lines(number, 0, 10)


async def test_archived_logs_go_with_their_task_and_by_age(archiving, number):
    other = await old_task(archiving, await archiving.template("b.sh"), days=3)
    await moved(archiving, number)
    folder = archiving.hub.settings.data_dir / "blobs"
    assert len(list(folder.rglob("*-*-*"))) == 5
    await delete(archiving.hub, archiving.actor, archiving.project.id, number)
    assert len(list(folder.rglob("*-*-*"))) == 1
    await retention_round.run(archiving_after(archiving.hub, 0, keep_log_days=1))
    assert list(folder.rglob("*-*-*")) == []
    assert (await Task.get(id=other)).log_place == "gone"


async def test_only_logs_that_are_old_enough_and_complete_are_archived(archiving):
    template = await archiving.template("a.sh")
    fresh, running, old = [
        await old_task(archiving, template, days=1),
        await old_task(archiving, template, days=9, status="running", end=None),
        await old_task(archiving, template, days=9),
    ]
    await retention_round.run(archiving_after(archiving.hub, 7))
    assert dict(await Task.all().values_list("id", "log_place")) == {fresh: "", running: "", old: "archive"}
