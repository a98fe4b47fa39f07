"""The colours and styles that are in force at a place of a log, since some programs let them span several lines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from hub.services import log

CODES: Final = re.compile(r"\x1b\[([\d;:]*)m")
"""Choosing colours and styles (SGR)."""

LOOK_BEHIND: Final = 8
"""Chunks that are looked through for where the styles of a range began; what spans more than that begins anew."""

Style = Mapping[str, str]
"""What is in force: the last code of each kind."""

PLAIN: Final[Style] = {}

_SLOTS: Final = {
    "1": "bold", "2": "dim", "3": "italic", "4": "underline", "5": "blink", "6": "blink", "7": "reverse", "8": "hidden",
    "9": "strike", "21": "underline", "53": "overline",
}  # fmt: skip
_ENDS: Final = {
    "22": ("bold", "dim"), "23": ("italic",), "24": ("underline",), "25": ("blink",), "27": ("reverse",),
    "28": ("hidden",), "29": ("strike",), "39": ("text",), "49": ("ground",), "55": ("overline",),
}  # fmt: skip
_PARTS: Final = {"5": 2, "2": 4}
"""How many numbers follow 38 or 48: of the palette, and of 24 bits."""


def styled(style: Style, codes: str) -> Style:
    """Return what is in force after the numbers of one sequence."""
    found = dict(style)
    listed = codes.split(";")
    while listed:
        code = listed.pop(0)
        kind = code.partition(":")[0].lstrip("0")
        if kind in {"38", "48"} and ":" not in code:
            rest = _PARTS.get(listed[0], 0) if listed else 0
            code, listed = ";".join([code, *listed[:rest]]), listed[rest:]
        if not kind:
            found.clear()
        elif kind in _ENDS:
            for slot in _ENDS[kind]:
                found.pop(slot, None)
        elif slot := _SLOTS.get(kind) or _colour(int(kind)):
            found[slot] = code
    return found


def after(text: str, style: Style = PLAIN) -> Style:
    """Return what is in force at the end of a text."""
    if "\x1b[" not in text:
        return style
    for codes in CODES.findall(text[max(text.rfind("\x1b[0m"), text.rfind("\x1b[m"), 0) :]):
        style = styled(style, codes)
    return style


def written(style: Style) -> str:
    """Return the sequence that brings it about; empty for the plain one."""
    return f"\x1b[{';'.join(style.values())}m" if style else ""


async def before(task_id: int, line: int) -> str:
    """Return what chooses the colours and styles in force where a line begins. Callers have checked permission."""
    if line <= 0:
        return ""
    chunks = (await log.chunks_from(task_id, line, limit=1))[:1]
    if not chunks:
        return ""
    above = "\n".join(chunks[0].text.split("\n")[: max(0, line - chunks[0].first_line)])
    if not _begins_anew(above) and (seq := chunks[0].seq):
        first = max(0, seq - LOOK_BEHIND)
        earlier = await log.chunks_since(task_id, first, limit=seq - first)
        above = "\n".join([*(one.text for one in earlier if one.seq < seq), above])
    return written(after(above))


def _begins_anew(text: str) -> bool:
    return "\x1b[0m" in text or "\x1b[m" in text


def _colour(number: int) -> str:
    if 30 <= number <= 38 or 90 <= number <= 97:
        return "text"
    return "ground" if 40 <= number <= 48 or 100 <= number <= 107 else ""
