"""Output becomes whole, clean lines, however it is cut into blocks (W-70)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.worker import lines
from hub.worker.lines import LONGEST, Splitter


def split(*blocks: bytes) -> list[str]:
    splitter = Splitter()
    found: list[str] = []
    for text, count in [*(splitter.feed(block) for block in blocks), splitter.flush()]:
        assert text.count("\n") == max(count - 1, 0)
        if count:
            found += text.split("\n")
    assert not splitter.waiting
    return found


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\nb\r\n\r\n", ["a", "b", ""]),
        (b"10%\r50%\r100%\n", ["100%"]),
        (b"a\r\r\nb", ["a", "b"]),
        (b"\r 1 of 2\r 2 of 2\r\nnext\n", [" 2 of 2", "next"]),
        (b"downloading\rdone\n", ["doneloading"]),
        (b"downloading\r\x1b[Kdone\n", ["done"]),
        (b"50%\x1b[2K\x1b[1G100%\x1b[2K\x1b[1Gdone\n", ["done"]),
        (b"half\x1b[2K\r\n", [""]),
        (b"working |\b/\b-\b\\\b \n", ["working"]),
        (b"10%\b\b\b20%\b\b\b100%\n", ["100%"]),
        (b"\x1b[32mgreen\x1b[0m\r\x1b[31mred\x1b[0m\n", ["\x1b[31mred\x1b[0m\x1b[32men\x1b[0m"]),
        (b"\x1b[1mbold\rnext line\n", ["\x1b[1mnext line"]),
        (b"far\x1b[99999C!\r\n", ["far\x1b[99999C!"]),
        ("grün €\n".encode(), ["grün €"]),
        (b"bad \xff\xfe\n\xc3\n", ["bad \ufffd\ufffd", "\ufffd"]),
        (b"n\0u\0l\0\n", ["nul"]),
        (b"\x1b[31mred\x1b[0m\n", ["\x1b[31mred\x1b[0m"]),
        ("a\u2028b\x0bc\x85d\n".encode(), ["a\u2028b\x0bc\x85d"]),
    ],
)
def test_output_becomes_lines(data: bytes, expected: list[str]) -> None:
    assert split(data) == expected
    assert split(*(data[at : at + 1] for at in range(len(data)))) == expected


def test_an_incomplete_line_is_held_and_can_be_looked_at() -> None:
    splitter = Splitter()
    assert splitter.feed(b"done\nPassword: \xe2\x82") == ("done", 1)
    assert splitter.waiting
    assert splitter.pending() == "Password: "
    assert splitter.feed(b"\xac") == ("", 0)
    assert splitter.pending() == "Password: €"
    assert splitter.feed(b"!\n") == ("Password: €!", 1)
    assert not splitter.waiting
    assert splitter.pending() == ""
    assert splitter.flush() == ("", 0)


def test_a_line_of_50_megabytes_is_cut_and_never_held_whole() -> None:
    splitter = Splitter()
    sizes = []
    for _ in range(800):
        text, count = splitter.feed(b"x" * 65536)
        sizes += [len(line) for line in text.split("\n")] if count else []
        assert len(splitter.pending()) <= LONGEST
    assert set(sizes) == {LONGEST}
    assert sum(sizes) + len(splitter.flush()[0]) == 800 * 65536


def test_a_long_line_is_not_cut_within_a_character() -> None:
    data = ("x" + "€" * LONGEST).encode()
    found = split(data)
    assert "\ufffd" not in "".join(found)
    assert "".join(found) == data.decode()
    assert max(len(line.encode()) for line in found) <= LONGEST
    assert split(*(data[at : at + 65536] for at in range(0, len(data), 65536))) == found


def test_a_line_of_just_the_greatest_length_is_not_cut() -> None:
    assert list(map(len, split(b"x" * LONGEST + b"\n" + b"y" * (LONGEST + 1)))) == [LONGEST, LONGEST, 1]


def test_hours_of_a_progress_bar_take_no_more_than_its_last_picture() -> None:
    splitter = Splitter()
    for step in range(20_000):
        assert splitter.feed(b"\r\x1b[32m%6d\x1b[0m of 20000" % step) == ("", 0)
        assert len(splitter._held) <= 2 * lines.ROOM
    assert splitter.pending() == "\x1b[32m 19999\x1b[0m of 20000"
    assert splitter.flush() == ("\x1b[32m 19999\x1b[0m of 20000", 1)


@given(
    data=st.lists(
        st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\x80"])
        | st.sampled_from("é€😀").map(str.encode)
        | st.binary(max_size=4),
        max_size=60,
    ).map(b"".join),
    cuts=st.lists(st.integers(0, 240), max_size=20),
    longest=st.sampled_from([4, 5, 7, 64, LONGEST]),
)
@settings(deadline=None, database=None, max_examples=500)
def test_any_cutting_into_blocks_gives_the_same(data: bytes, cuts: list[int], longest: int) -> None:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    blocks = [data[start:end] for start, end in pairwise(places)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST", longest)
        assert split(*blocks) == split(data)
        assert all(len(line.encode()) <= 3 * longest for line in split(data))


@given(text=st.text(max_size=200))
@settings(deadline=None, database=None)
def test_text_without_oddities_comes_out_as_it_went_in(text: str) -> None:
    text = text.replace("\0", "").replace("\r", "").replace("\b", "")
    assert "\n".join(split(text.encode())) == text.removesuffix("\n")
