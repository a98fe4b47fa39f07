"""Turns blocks of output into whole lines of clean text, ready to be numbered and stored."""

from __future__ import annotations

import codecs

from hub.worker.overwrite import is_overwritten, shown

LONGEST = 1 << 20
"""Bytes of a line; what grows longer is cut into several lines, so that an endless line cannot eat the memory."""

ROOM = 16 << 10
"""Bytes of a line without an end from which on what was written over is let go, so that hours of a progress bar take no
more than its last picture."""

_NOTHING = ("", 0)


class Splitter:
    """Cuts a stream into lines, with the same result wherever the borders of its blocks lie.

    A line ends with a newline, or a carriage return and one. Of a line that goes back and writes over what was there
    (progress bars), what it shows in the end is kept. Bytes that are not UTF-8 become the replacement character, NUL
    vanishes: databases refuse it, and UTF-16 is readable without it. The last line is held until its newline comes, or
    `flush`.
    """

    __slots__ = ("_held", "_room", "cut")

    def __init__(self) -> None:
        self._held = bytearray()
        self._room = ROOM
        self.cut = False
        """A line was too long, and is several now; whoever has told of that may forget it."""

    def feed(self, block: bytes) -> tuple[str, int]:
        """Return the lines that are complete now, joined by newlines without one at the end, and their number."""
        whole, newline, rest = block.rpartition(b"\n")
        if not newline:
            return self._hold(block)
        if self._held:
            whole = bytes(self._held) + whole
        self._held, self._room = bytearray(rest), ROOM
        if len(whole) > LONGEST:
            pieces = [piece for line in whole.split(b"\n") for piece in _pieces(line)]
            self.cut |= len(pieces) > whole.count(b"\n") + 1
            whole = b"\n".join(pieces)
        lines = whole.count(b"\n") + 1
        if len(rest) <= LONGEST:
            return _text(whole), lines
        more, count = self._hold(b"")
        return (f"{_text(whole)}\n{more}", lines + count) if count else (_text(whole), lines)

    def flush(self) -> tuple[str, int]:
        """Return the last line, which had no newline."""
        rest, self._held = bytes(self._held), bytearray()
        return (_text(rest), 1) if rest else _NOTHING

    @property
    def waiting(self) -> bool:
        """Whether an incomplete line is held."""
        return bool(self._held)

    def pending(self, most: int = LONGEST) -> str:
        """Return the incomplete line as it stands, such as a prompt, or its end; asking does not take it out."""
        held = bytes(self._held)
        so_far = codecs.getincrementaldecoder("utf-8")("replace").decode(held).replace("\0", "")
        return shown(so_far.removesuffix("\r"))[-most:]

    def _hold(self, block: bytes) -> tuple[str, int]:
        self._held += block
        if len(self._held) <= LONGEST:
            if len(self._held) > self._room:
                self._forget_overwritten()
            return _NOTHING
        *full, rest = _pieces(bytes(self._held))
        self.cut |= bool(full)
        self._held, self._room = bytearray(rest), ROOM
        return _text(b"\n".join(full)), len(full)

    def _forget_overwritten(self) -> None:
        """Keep the picture of what a carriage return ended. The room doubles, so that looking costs little."""
        before, back, rest = bytes(self._held).rpartition(b"\r")
        if back:
            self._held = bytearray(_picture(before) + back + rest)
        self._room = max(ROOM, 2 * len(self._held))


def _pieces(line: bytes) -> list[bytes]:
    """Cut a line into pieces of at most LONGEST bytes; what was written over in time takes no room."""
    if len(line) <= LONGEST:
        return [line]
    first, *parts = line.split(b"\r")
    *full, first = _cut(first)
    held = bytearray(first)
    for part in parts:
        if len(held) + 1 + len(part) > LONGEST:
            *more, rest = _cut(b"%b\r%b" % (_picture(bytes(held)), part))
            full += more
            held = bytearray(rest)
        else:
            held += b"\r"
            held += part
    return [*full, bytes(held)]


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
    text = _decoded(lines)
    if not is_overwritten(text):
        return text
    return "\n".join([shown(line) for line in text.split("\n")])


def _picture(line: bytes) -> bytes:
    return shown(_decoded(line)).encode("utf-8", "replace")


def _decoded(lines: bytes) -> str:
    if b"\0" in lines:
        lines = lines.replace(b"\0", b"")
    return lines.decode("utf-8", "replace")
