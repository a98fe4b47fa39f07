"""Lists the forms in which a secret may appear in output: as it is, encoded, escaped, quoted, and line by line.

Not hidden: secrets shorter than 3 characters and plain words such as `true`, which would blacken whole logs and hide
nothing; and of a secret of several lines the lines shorter than 6 characters and the frame of PEM files.
"""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

SHORTEST = 3
SHORTEST_LINE = 6
"""Of a line within a secret of several lines: `{` or `---` are in every log."""
SHORTEST_BASE64 = 6
"""Of what base64 leaves certain amid other text; less would turn up by chance."""
_WORDS = frozenset({"true", "false", "null", "none", "nil", "yes", "off", "undefined", "***"})
_WRAPS = (64, 76)
"""Where PEM and MIME break lines of base64; the `base64` program does as MIME."""


def forms(secret: str) -> set[bytes]:
    """Return the byte strings to hide for one secret; none of them holds a newline."""
    if not isinstance(secret, str):
        raise TypeError("A secret to hide must be a text.")
    text = secret.strip("\r\n")
    if len(text.strip()) < SHORTEST or text.strip().lower() in _WORDS:
        return set()
    found = set(_written(text)) | set(_base64(secret)) | set(_base64(text))
    lines = text.splitlines()
    if len(lines) > 1:
        for line in map(str.strip, lines):
            if len(line) >= SHORTEST_LINE and not line.startswith("-----"):
                found |= {*_written(line), *_base64(line)}
    return {form for form in found if len(form) >= SHORTEST and b"\n" not in form}


def _written(text: str) -> Iterator[bytes]:
    """The text as it is, and as URLs, JSON and shells write it."""
    raw = _bytes(text)
    yield raw
    for safe in ("", "/"):
        quoted = quote_from_bytes(raw, safe=safe)
        for form in (quoted, quoted.replace("%20", "+")):
            yield form.encode()
            yield _lower_hex(form).encode()
    plain, escaped = json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(text)[1:-1]
    for form in (plain, escaped):
        yield _bytes(form)
        yield _bytes(form.replace("/", "\\/"))
        yield _bytes(form.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))
    yield _bytes(text.replace("'", "'\\''"))  # as `set -x` shows it
    yield _bytes(text.replace("'", "'\"'\"'"))  # as Python's shlex.quote writes it


def _base64(text: str) -> Iterator[bytes]:
    """Encoded alone, in one line or wrapped, and amid other text, which may shift it by one or two bytes."""
    raw = _bytes(text)
    for encode in (b64encode, urlsafe_b64encode):
        alone = encode(raw)
        yield alone
        yield alone.rstrip(b"=")
        for width in _WRAPS:
            if len(alone) > width:
                pieces = (alone[at : at + width] for at in range(0, len(alone), width))
                yield from (piece for piece in pieces if len(piece) >= SHORTEST_BASE64)
        for shift in range(3):
            first = (0, 2, 3)[shift]  # characters that the bytes before have a part in
            last = (shift + len(raw)) * 8 // 6  # from here on those after have
            amid = encode(b"\0" * shift + raw)[first:last]
            if len(amid) >= SHORTEST_BASE64:
                yield amid


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _lower_hex(quoted: str) -> str:
    head, *rest = quoted.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)
