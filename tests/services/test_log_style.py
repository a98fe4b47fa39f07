"""Colours that span lines: what is on where a range of a log begins."""

from __future__ import annotations

import pytest

from hub.services import log_style
from hub.services.log_style import after, before, written

from .written_logs import write_log


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ""),
        ("\x1b[31mred", "\x1b[31m"),
        ("\x1b[1;31mred\nbold", "\x1b[1;31m"),
        ("\x1b[31mred\x1b[0m", ""),
        ("\x1b[31mred\x1b[m", ""),
        ("\x1b[31mred\x1b[0;1m", "\x1b[1m"),
        ("\x1b[31m\x1b[32m\x1b[41m", "\x1b[32;41m"),
        ("\x1b[1;2;3m\x1b[22m", "\x1b[3m"),
        ("\x1b[31;44m\x1b[39m", "\x1b[44m"),
        ("\x1b[38;5;208m", "\x1b[38;5;208m"),
        ("\x1b[38;2;1;2;3;1m", "\x1b[38;2;1;2;3;1m"),
        ("\x1b[38:2::1:2:3m", "\x1b[38:2::1:2:3m"),
        ("\x1b[38m\x1b[99m\x1b[;m", ""),
        ("\x1b[2Kwiped\x1b]0;31m\x07", ""),
    ],
)
def test_what_is_on_after_a_text(text: str, expected: str) -> None:
    assert written(after(text)) == expected


async def test_a_range_begins_in_the_colours_of_the_lines_above(scene):
    number = await scene.launch(await scene.template("hello.sh"))
    lines = ["plain", "\x1b[31mred", *["still red"] * 40, "\x1b[0mplain"]
    await write_log(scene, number, lines, per_chunk=10)
    assert await before(number, 0) == ""
    assert await before(number, 1) == ""
    assert await before(number, 2) == "\x1b[31m"
    assert await before(number, 10) == "\x1b[31m"
    assert await before(number, 42) == "\x1b[31m"
    assert await before(number, 43) == ""
    assert await before(number, 10**9) == ""


async def test_what_began_very_far_above_begins_anew(scene, monkeypatch):
    monkeypatch.setattr(log_style, "LOOK_BEHIND", 1)
    number = await scene.launch(await scene.template("hello.sh"))
    await write_log(scene, number, ["\x1b[31mred", *["still red"] * 40], per_chunk=10)
    assert await before(number, 15) == "\x1b[31m"
    assert await before(number, 35) == ""
