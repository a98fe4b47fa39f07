"""The log store: whatever was written is read back, each line once, however it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.models import Task, TaskChunk
from hub.services import log
from hub.services.log import Piece, Tail
from hub.testing.carriers import MARIADB, SETUPS

from .task_steps import started

START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)

LINE = st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"]), max_size=12)
PIECES = st.lists(st.lists(LINE, min_size=1, max_size=6), min_size=1, max_size=12)
SLOW = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(params=[*SETUPS, MARIADB])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def task_id(scene) -> int:
    return await started(scene)


async def write(hub, task_id: int, pieces: list[list[str]]) -> list[str]:
    """Store the pieces as chunks of an empty log; return all lines."""
    await TaskChunk.filter(task_id=task_id).delete()
    await Task.filter(id=task_id).update(log_chunks=0, log_lines=0)
    written: list[str] = []
    for seq, lines in enumerate(pieces):
        at = START + timedelta(seconds=seq)
        times = [[0, 0], [len(lines) // 2, 250]] if len(lines) > 1 else [[0, 0]]
        piece = Piece("\n".join(lines), len(lines), at, times)
        await log.append(hub, 1, task_id, seq, len(written), piece)
        written += lines
    return written


async def tailed(tail: Tail) -> list[tuple[int, str]]:
    first = tail.line
    return [(number, text) async for chunk in tail.more() for number, _, text in chunk.numbered(first)]


@given(pieces=PIECES, data=st.data())
@SLOW
async def test_every_way_of_reading_gives_the_same_lines(scene, task_id, pieces, data):
    hub = scene.hub
    written = await write(hub, task_id, pieces)
    total = len(written)
    assert await log.position(task_id) == (len(pieces), total)

    whole = [line async for chunk in log.whole(task_id) for line in chunk.numbered()]
    assert [text for _, _, text in whole] == written
    assert [number for number, _, _ in whole] == list(range(total))
    times = [at for _, at, _ in whole]
    assert times == sorted(times)
    assert times[0] == START

    raw = b"".join([piece async for piece in log.raw(task_id)]).decode()
    assert raw == log.ANSI.sub(b"", "".join(line + "\n" for line in written).encode()).decode()

    first = data.draw(st.integers(0, total + 3))
    count = data.draw(st.integers(1, total + 3))
    start, said, found = await log.lines(task_id, first, count)
    assert (start, said) == (first, total)
    assert found == whole[first : first + count]

    back = data.draw(st.integers(1, total + 3))
    start, said, found = await log.lines(task_id, -back, count)
    assert (start, said) == (max(0, total - back), total)
    assert found == whole[max(0, total - back) :][:count]

    chunks = await log.chunks_from(task_id, first)
    if first < total:
        assert chunks[0].first_line <= first < chunks[0].first_line + chunks[0].lines
        assert [one for chunk in chunks for one in chunk.numbered(first)] == whole[first:]
    else:
        assert chunks == []
    assert await tailed(Tail(task_id, first)) == list(enumerate(written))[first:]


@given(pieces=PIECES, cuts=st.lists(st.integers(0, 12), max_size=4))
@SLOW
async def test_a_tail_gives_each_line_once_while_the_log_grows(scene, task_id, pieces, cuts):
    stops = sorted({min(cut, len(pieces)) for cut in cuts} | {len(pieces)})
    tail, read, done = Tail(task_id), [], 0
    written: list[str] = await write(scene.hub, task_id, pieces[: stops[0]])
    done = stops[0]
    read += await tailed(tail)
    for stop in stops[1:]:
        for seq in range(done, stop):
            piece = Piece("\n".join(pieces[seq]), len(pieces[seq]), START)
            await log.append(scene.hub, 1, task_id, seq, len(written), piece)
            written += pieces[seq]
        done = stop
        read += await tailed(tail)
    assert read == list(enumerate(written))
    assert tail.line == len(written)
    assert await tailed(tail) == []


async def test_more_chunks_than_are_read_at_once(scene, task_id):
    written = await write(scene.hub, task_id, [[f"line {number}", "more"] for number in range(50)])
    assert await tailed(Tail(task_id)) == list(enumerate(written))
    assert await tailed(Tail(task_id, 33)) == list(enumerate(written))[33:]
    assert [text for _, _, text in (await log.lines(task_id, 5, 90))[2]] == written[5:95]


async def test_a_log_without_lines_is_empty(scene, task_id):
    await TaskChunk.filter(task_id=task_id).delete()
    await Task.filter(id=task_id).update(log_chunks=0, log_lines=0)
    assert await log.lines(task_id, 0, 10) == (0, 0, [])
    assert await log.lines(task_id, -5, 10) == (0, 0, [])
    assert [piece async for piece in log.raw(task_id)] == []
    assert await tailed(Tail(task_id)) == []


async def test_times_within_a_chunk_are_those_of_its_lines(scene, task_id):
    piece = Piece("a\nb\nc\nd", 4, START, [[0, 0], [1, 20], [3, 1500]])
    await write(scene.hub, task_id, [["x"]])
    await log.append(scene.hub, 1, task_id, 1, 1, piece)
    _, _, found = await log.lines(task_id, 1, 4)
    assert [round((at - START).total_seconds() * 1000) for _, at, _ in found] == [0, 20, 20, 1500]


async def test_the_raw_log_leaves_colours_out(scene, task_id):
    await write(scene.hub, task_id, [["\x1b[31mred\x1b[0m and \x1b[?25l\x1b[38:5:82mgreen", "plain"]])
    assert b"".join([piece async for piece in log.raw(task_id)]) == b"red and green\nplain\n"


async def test_a_chunk_is_never_stored_twice(scene, task_id):
    piece = Piece("again", 1, START)
    await log.append(scene.hub, 1, task_id, 1, 1, piece)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await log.append(scene.hub, 1, task_id, 1, 1, piece)
    assert await log.position(task_id) == (2, 2)


async def test_a_megabyte_in_one_line_is_read_back(scene, task_id):
    line = "x" * (1 << 20)
    await write(scene.hub, task_id, [["before"], [line], ["after"]])
    assert [text for _, _, text in (await log.lines(task_id, 0, 10))[2]] == ["before", line, "after"]
