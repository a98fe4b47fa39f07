"""Searching logs: words, patterns, errors, both directions, and bounds."""

from __future__ import annotations

import pytest

from hub.errors import Invalid
from hub.services import log_search
from hub.services.log_search import Wanted, search
from hub.testing.scene import Scene

from .written_logs import write_log


async def logged(scene: Scene, lines: list[str], *, per_chunk: int = 7) -> int:
    """A task with this log, in many small chunks."""
    task_id = await scene.launch(await scene.template("hello.sh"))
    await write_log(scene, task_id, lines, per_chunk=per_chunk)
    return task_id


async def numbers(task_id: int, wanted: Wanted) -> list[int]:
    return [number for number, _ in (await search(task_id, wanted)).hits]


async def test_a_word_is_found_down_and_up_from_a_line(scene: Scene) -> None:
    lines = [f"line {n} {'Needle' if n % 50 == 3 else 'hay'}" for n in range(400)]
    task_id = await logged(scene, lines)
    every = list(range(3, 400, 50))
    assert await numbers(task_id, Wanted("needle")) == every
    assert await numbers(task_id, Wanted("needle", start=104)) == every[3:]
    assert await numbers(task_id, Wanted("needle", start=103)) == every[2:]
    assert await numbers(task_id, Wanted("needle", up=True)) == every[::-1]
    assert await numbers(task_id, Wanted("needle", up=True, start=103)) == [103, 53, 3]
    assert await numbers(task_id, Wanted("needle", case=True)) == []
    assert await numbers(task_id, Wanted("needle", start=400)) == []
    assert await numbers(task_id, Wanted("needle", start=-1)) == []


async def test_a_search_says_where_to_go_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    task_id = await logged(scene, ["x" if n % 3 else "hit" for n in range(900)])
    for up in (False, True):
        found: list[int] = []
        resume: int | None = None
        for _ in range(200):
            part = await search(task_id, Wanted("hit", start=resume, up=up, limit=40))
            found += [number for number, _ in part.hits]
            resume = part.resume
            if resume is None:
                break
        assert sorted(found) == list(range(0, 900, 3))
    monkeypatch.setattr(log_search, "SECONDS", 0)
    cut = await search(task_id, Wanted("nowhere"))
    assert cut.resume == 16 * 7  # one batch of chunks
    assert (await search(task_id, Wanted("nowhere", start=890))).resume is None


async def test_patterns_match_single_lines_only(scene: Scene) -> None:
    task_id = await logged(scene, ["begin", "a=1", "end", "a=22", "", "c", "b a=3"])
    assert await numbers(task_id, Wanted(r"^a=\d+$", regex=True)) == [1, 3]
    assert await numbers(task_id, Wanted(r"begin\s+a", regex=True)) == []
    assert await numbers(task_id, Wanted(r"[^x]*3", regex=True)) == [6]
    assert await numbers(task_id, Wanted(r"^$", regex=True)) == [4]
    assert await numbers(task_id, Wanted("a=.")) == []


async def test_colours_and_letters_of_all_languages_are_no_obstacle(scene: Scene) -> None:
    task_id = await logged(scene, ["\x1b[31mfa\x1b[0mtal here", "ЗАДАЧА Über", "плохо 100%"])
    assert (await search(task_id, Wanted("fatal"))).hits == [(0, "fatal here")]
    assert await numbers(task_id, Wanted("задача")) == [1]
    assert await numbers(task_id, Wanted("über")) == [1]
    assert await numbers(task_id, Wanted("0%")) == [2]


async def test_the_first_error_is_found_in_what_tools_write(scene: Scene) -> None:
    task_id = await logged(scene, [
        "TASK [error handling]", "ok: [web1]", "fatal: [web2]: FAILED! => {}", "Traceback (most recent call last):",
        "ValueError: no", "\x1b[31m│\x1b[0m \x1b[31mError: \x1b[0mInvalid", "no errors here", "ERROR! the playbook",
        "::warning::no", "::error file=a.py::broken", "##[error]broken",
    ])  # fmt: skip
    assert await numbers(task_id, Wanted(errors=True)) == [2, 3, 4, 5, 7, 9, 10]


async def test_long_lines_come_as_excerpts_around_the_hit(scene: Scene) -> None:
    task_id = await logged(scene, ["ü" * 5000 + "needle" + "x" * 5000])
    ((_, text),) = (await search(task_id, Wanted("needle"))).hits
    assert "needle" in text
    assert len(text) == log_search.EXCERPT


@pytest.mark.parametrize("text", ["", "x" * 201, "(", "(?=a)", r"(a)\1", "a{1001}"])
async def test_what_cannot_be_searched_for_is_refused_in_a_sentence(scene: Scene, text: str) -> None:
    task_id = await logged(scene, ["a"])
    with pytest.raises(Invalid) as refused:
        await search(task_id, Wanted(text, regex=True))
    assert refused.value.field == "q"


async def test_no_pattern_takes_more_than_its_share(scene: Scene) -> None:
    task_id = await logged(scene, ["a" * 20_000 + "b"])
    assert await numbers(task_id, Wanted(r"(a+)+$", regex=True)) == []
    assert await numbers(task_id, Wanted(r"(a|aa)+c", regex=True)) == []
