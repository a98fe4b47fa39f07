"""Parts of logs: of a host, a stage, a level; down, up, in pages, together with a search."""

from __future__ import annotations

import pytest

from hub.errors import Invalid
from hub.models import TaskResult
from hub.services import log_sieve
from hub.services.log_search import Wanted, search
from hub.services.log_sieve import Part, lines_of
from hub.testing.scene import Scene

from .written_logs import write_log

PLAY = [
    "starting",
    "PLAY [all] ******",
    "",
    "TASK [Gathering Facts] ****",
    "ok: [web1]",
    "ok: [web10]",
    "",
    "TASK [Install] ****",
    "\x1b[0;33mchanged: [web1]\x1b[0m",
    "ok: [web10]",
    "[WARNING]: old module",
    "",
    "TASK [Start] ****",
    "ok: [web1 -> other]",
    "\x1b[0;31mfatal: [web10]: FAILED! => {}\x1b[0m",
    "",
    "PLAY RECAP ****",
    "web1  : ok=3",
    "web10 : ok=2",
]


async def logged(scene: Scene, lines: list[str], *, per_chunk: int = 4) -> int:
    task_id = await scene.launch(await scene.template("hello.sh"))
    await write_log(scene, task_id, lines, per_chunk=per_chunk)
    return task_id


async def numbers(task_id: int, part: Part, *, start: int | None = None, up: bool = False) -> list[int]:
    return [number for number, _, _ in (await lines_of(task_id, part, start=start, up=up, limit=100)).lines]


@pytest.mark.parametrize("up", [False, True])
async def test_lines_of_a_host_come_with_the_headings_above_them(scene: Scene, up: bool) -> None:
    task_id = await logged(scene, PLAY)
    assert await numbers(task_id, Part(host="web1"), up=up) == [3, 4, 7, 8, 12, 13, 16, 17]
    assert await numbers(task_id, Part(host="web10"), up=up) == [3, 5, 7, 9, 12, 14, 16, 18]
    assert await numbers(task_id, Part(host="web"), up=up) == []
    assert await numbers(task_id, Part(level="error"), up=up) == [12, 14]
    assert await numbers(task_id, Part(level="warning"), up=up) == [7, 10]
    assert await numbers(task_id, Part(level="change", host="web1"), up=up) == [7, 8]
    assert await numbers(task_id, Part(level="heading"), up=up) == [1, 3, 7, 12, 16]


async def test_lines_are_given_as_they_were_written(scene: Scene) -> None:
    task_id = await logged(scene, PLAY)
    found = await lines_of(task_id, Part(level="error"), start=None, up=False, limit=10)
    assert [text for _, _, text in found.lines] == [PLAY[12], PLAY[14]]
    assert (found.resume, found.total) == (None, len(PLAY))


async def test_a_stage_is_the_lines_from_its_first_to_the_next_stage(scene: Scene) -> None:
    task_id = await logged(scene, PLAY)
    stages = [{"name": "init", "first_line": 1}, {"name": "play", "first_line": 7}]
    await TaskResult.create(task_id=task_id, kind="stages", created=scene.hub.clock(), data={"stages": stages})
    more = [{"name": "recap", "first_line": 16}]
    await TaskResult.create(task_id=task_id, kind="stages", created=scene.hub.clock(), data={"stages": more})
    assert await numbers(task_id, Part(stage=1)) == [1, 2, 3, 4, 5, 6]
    assert await numbers(task_id, Part(stage=2, host="web1"), up=True) == [7, 8, 12, 13]
    assert await numbers(task_id, Part(stage=3)) == [16, 17, 18]
    with pytest.raises(Invalid, match="no such stage"):
        await numbers(task_id, Part(stage=4))
    found = await search(task_id, Wanted("ok", part=Part(stage=2)))
    assert [number for number, _ in found.hits] == [9, 13]


async def test_a_search_stays_within_the_part(scene: Scene) -> None:
    task_id = await logged(scene, PLAY)
    found = await search(task_id, Wanted("ok", part=Part(host="web1")))
    assert [number for number, _ in found.hits] == [4, 13, 17]
    errors = await search(task_id, Wanted(errors=True, part=Part(host="web1")))
    assert errors.hits == []


@pytest.mark.parametrize("up", [False, True])
async def test_pages_of_a_part_leave_nothing_out_and_double_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, up: bool
) -> None:  # fmt: skip
    lines = [f"TASK [step {n}] ***" if n % 10 == 0 else f"ok: [web{n % 3}]" for n in range(1000)]
    task_id = await logged(scene, lines, per_chunk=23)
    whole = await numbers_of_pages(task_id, up=up, limit=5000)
    assert sorted(whole) == [n for n in range(1000) if n % 10 == 0 or n % 3 == 1]
    assert sorted(await numbers_of_pages(task_id, up=up, limit=7)) == sorted(whole)
    monkeypatch.setattr(log_sieve, "SECONDS", 0)
    assert sorted(await numbers_of_pages(task_id, up=up, limit=5000)) == sorted(whole)


async def numbers_of_pages(task_id: int, *, up: bool, limit: int) -> list[int]:
    """Read a part page by page."""
    found: list[int] = []
    resume: int | None = None
    while True:
        page = await lines_of(task_id, Part(host="web1"), start=resume, up=up, limit=limit)
        assert [one[0] for one in page.lines] == sorted(one[0] for one in page.lines)
        found += [number for number, _, _ in page.lines]
        resume = page.resume
        if resume is None:
            return found


@pytest.mark.parametrize("part", [Part(level="loud"), Part(host="x" * 251), Part(stage=1), Part(stage=-1)])
async def test_what_makes_no_sense_is_refused(scene: Scene, part: Part) -> None:
    task_id = await logged(scene, PLAY)
    with pytest.raises(Invalid):
        await lines_of(task_id, part, start=None, up=False, limit=10)
