"""Turns blocks of output into whole lines of clean text, ready to be numbered and stored."""

from __future__ import annotations

import codecs

LONGEST = 1 << 20
"""Bytes of a line; what grows longer is cut into several lines, so that an endless line cannot eat the memory."""

_NOTHING = ("", 0)


class Splitter:
    """Cuts a stream into lines, with the same result wherever the borders of its blocks lie.

    A line ends with a newline; a carriage return before it is dropped, others (progress bars) stay. Bytes that are not
    UTF-8 become the replacement character, NUL vanishes: databases refuse it, and UTF-16 is readable without it. The
    last line is held until its newline comes, or `flush`.
    """

    __slots__ = ("_held", "cut")

    def __init__(self) -> None:
        self._held = bytearray()
        self.cut = False
        """A line was too long, and is several now; whoever has told of that may forget it."""

    def feed(self, block: bytes) -> tuple[str, int]:
        """Return the lines that are complete now, joined by newlines without one at the end, and their number."""
        whole, newline, rest = block.rpartition(b"\n")
        if not newline:
            return self._hold(block)
        if self._held:
            whole = bytes(self._held) + whole
        self._held = bytearray(rest)
        if len(whole) > LONGEST:
            pieces = [piece for line in whole.split(b"\n") for piece in _cut(line)]
            self.cut |= len(pieces) > whole.count(b"\n") + 1
            whole = b"\n".join(pieces)
        lines = whole.count(b"\n") + 1
        if len(rest) <= LONGEST:
            return _text(whole), lines
        more, count = self._hold(b"")
        return f"{_text(whole)}\n{more}", lines + count

    def flush(self) -> tuple[str, int]:
        """Return the last line, which had no newline."""
        rest, self._held = bytes(self._held), bytearray()
        return (_decoded(rest), 1) if rest else _NOTHING

    @property
    def waiting(self) -> bool:
        """Whether an incomplete line is held."""
        return bool(self._held)

    @property
    def pending(self) -> str:
        """The incomplete line as far as it has come, such as a prompt; it is not taken out by asking."""
        so_far = codecs.getincrementaldecoder("utf-8")("replace").decode(bytes(self._held))
        return so_far.replace("\0", "")

    def _hold(self, block: bytes) -> tuple[str, int]:
        self._held += block
        if len(self._held) <= LONGEST:
            return _NOTHING
        self.cut = True
        *full, rest = _cut(bytes(self._held))
        self._held = bytearray(rest)
        return _text(b"\n".join(full)), len(full)


def _cut(line: bytes) -> list[bytes]:
    """Cut a line into pieces of at most LONGEST bytes, never within a character. The last piece is not empty."""
    if len(line) <= LONGEST:
        return [line]
    pieces, start = [], 0
    while len(line) - start > LONGEST:
        end = start + LONGEST
        for back in range(4):
            if line[end - back] & 0xC0 != 0x80:
                end -= back
                break
        pieces.append(line[start:end])
        start = end
    pieces.append(line[start:])
    return pieces


def _text(lines: bytes) -> str:
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n").removesuffix(b"\r")
    return _decoded(lines)


def _decoded(lines: bytes) -> str:
    if b"\0" in lines:
        lines = lines.replace(b"\0", b"")
    return lines.decode("utf-8", "replace")
