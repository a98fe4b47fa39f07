"""What a terminal shows of a line in the end that was written over and over, such as a progress bar."""

from __future__ import annotations

import re
from typing import Final

from hub.services.log_style import PLAIN, Style, after, styled, written

_FAR: Final = 1000
"""Columns that one sequence can move by."""

_HOME: Final = re.compile(r"\x1b\[[01]?G")
_BACK: Final = re.compile(r"\x1b\[(?:\d*G|[12]K)")
_SPUN: Final = re.compile(r"[^\x00-\x1f]\x08(?=[^\x00-\x1f])")
"""A character that the next one takes the place of, as in |/-\\."""

_TOKEN: Final = re.compile(
    r"\x1b\[([\d;:]*)([ -/]*[<-?]?[@-~])|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?|[\x00-\x08\x0a-\x1f]"
)
_ERASES: Final = re.compile(r"\x1b\[[02]?K")


def is_overwritten(text: str) -> bool:
    """Whether something in these lines goes back to write over what was there."""
    return "\r" in text or "\b" in text or ("\x1b[" in text and _BACK.search(text) is not None)


def shown(line: str) -> str:
    """Return the line as it stands in the end, in its colours, and without what was written over."""
    if not is_overwritten(line):
        return line
    parts = _SPUN.sub("", _HOME.sub("\r", line)).split("\r")
    first = _first_that_counts(parts)
    skipped = "\r".join(parts[:first])
    picture = _Picture(after(skipped), reset="\x1b[0m" in skipped or "\x1b[m" in skipped)
    for part in parts[first:]:
        picture.write(part)
    return picture.line()


def _first_that_counts(parts: list[str]) -> int:
    """Return the first part of which something may still be seen: others are short and were written over, or erased."""
    covered, first = 0, len(parts)
    for place in range(len(parts) - 1, -1, -1):
        part = parts[place]
        if "\x1b" in part:
            if _ERASES.match(part):
                return place
            width = len(part)  # more than can be seen; so it counts, to be safe
            covered = max(covered, _least(part))
        else:
            width = len(part)
        if width > covered or first == len(parts):
            first = place
        if "\b" not in part and "\x1b" not in part:
            covered = max(covered, width)
    return first


def _least(part: str) -> int:
    """Return how many columns are written at least: none where the cursor jumps."""
    if "\b" in part or "\x1b]" in part or re.search(r"\x1b\[\d*[CDGK]", part):
        return 0
    return len(_TOKEN.sub("", part))


class _Picture:
    """A line of a terminal: its characters with their styles, and the cursor."""

    def __init__(self, style: Style = PLAIN, *, reset: bool) -> None:
        self._cells: list[tuple[str, str]] = []
        self._at = 0
        self._style = style
        self._look = written(style)
        self._reset = reset

    def write(self, part: str) -> None:
        """Write from the first column on."""
        self._at = at = 0
        for token in _TOKEN.finditer(part):
            self._put(part[at : token.start()])
            at = token.end()
            if token[0] == "\b":
                self._at = max(0, self._at - 1)
            elif token[2]:
                self._obey(token[2], token[1])
        self._put(part[at:])

    def line(self) -> str:
        """Return what stands there."""
        cells = self._cells
        while cells and cells[-1] == (" ", ""):
            cells.pop()
        pieces: list[str] = []
        look = ""
        for char, wanted in cells:
            if wanted != look:
                pieces.append(wanted if not look else f"\x1b[0m{wanted}")
                look = wanted
            pieces.append(char)
        if self._look != look or (self._reset and not any(piece.startswith("\x1b[0m") for piece in pieces)):
            pieces.append(f"\x1b[0m{self._look}" if look or self._reset else self._look)
        return "".join(pieces)

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._at > len(self._cells):
            self._cells += [(" ", "")] * (self._at - len(self._cells))
        self._cells[self._at : self._at + len(text)] = [(char, self._look) for char in text]
        self._at += len(text)

    def _obey(self, order: str, numbers: str) -> None:
        if order == "m":
            self._style = styled(self._style, numbers)
            self._look = written(self._style)
            self._reset = self._reset or not self._style
            return
        number = int(numbers) if numbers.isdecimal() and len(numbers) < 6 else 0
        steps = min(max(1, number), _FAR)
        if order == "C":
            self._at += steps
        elif order == "D":
            self._at = max(0, self._at - steps)
        elif order == "G":
            self._at = steps - 1
        elif order == "K":
            self._erase(number)

    def _erase(self, what: int) -> None:
        if what == 2:
            self._cells.clear()
        elif what == 1:
            self._cells[: self._at + 1] = [(" ", "")] * min(self._at + 1, len(self._cells))
        else:
            del self._cells[self._at :]
