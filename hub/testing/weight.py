"""What a browser loads by itself with a page, late scripts too, in bytes as they are sent."""

from __future__ import annotations

import re
import zlib
from functools import cache
from typing import Final

from hub.testing.reader import Marks
from hub.web.front.compress import LEVEL, SMALLEST
from hub.web.pages.assets import DIST

BUDGET: Final = 150_000
"""Bytes that any page may make a browser load."""

_IMPORT: Final = re.compile(r'(?:\bfrom|\bimport) ?"\./([^"]+)"')
"""What a script needs at once; what it asks for later, if ever, stands in brackets."""
_MODES: Final = ("python", "shell")
"""Languages of the editor that have a script of their own."""


def named(text: str) -> set[str]:
    """Return the bundled files that a page makes a browser load."""
    marks = Marks(text)
    found = {one.get(name, "") for tag, one in marks.tags for name in ("src", "href", "data-icons") if tag != "a"}
    files = {one.partition("#")[0].rpartition("/assets/")[2] for one in found if "/assets/" in one}
    kinds = [one["data-editor"] for one in marks.all("textarea") if "data-editor" in one]
    if kinds:
        files |= _with_imports(marks.all("html")[0]["data-editor-script"].rpartition("/")[2])
        for mode in set(kinds).intersection(_MODES):
            files |= {one for path in DIST.glob(f"{mode}-*.js") for one in _with_imports(path.name)}
    return files


@cache
def _with_imports(name: str) -> frozenset[str]:
    text = (DIST / name).read_text("utf-8")
    return frozenset({name}).union(*(_with_imports(one) for one in _IMPORT.findall(text)))


def sent(name: str) -> int:
    """Return the bytes of a bundled file as every browser of today gets it."""
    return (DIST / f"{name}.br").stat().st_size


def squeezed(text: str) -> int:
    """Return the bytes of a page as the front sends it."""
    data = text.encode()
    if len(data) < SMALLEST:
        return len(data)
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return len(squeeze.compress(data) + squeeze.flush())


def weigh(text: str) -> int:
    """Return the bytes of a page with all that it loads by itself."""
    return squeezed(text) + sum(map(sent, named(text)))


def styleless(text: str) -> set[str]:
    """Return the classes of a page of the hub's own that the sheet of such pages was left without."""
    main, whole = _sheet("main"), _sheet("whole")
    used = {word for _, one in Marks(text).tags for word in one.get("class", "").split()}
    return used & (_classes(whole) - _classes(main)) if main in named(text) else set()


def _sheet(name: str) -> str:
    (path,) = DIST.glob(f"{name}.*.css")
    return path.name


@cache
def _classes(sheet: str) -> frozenset[str]:
    selectors = re.findall(r"([^{}]+)\{", (DIST / sheet).read_text("utf-8"))
    return frozenset(one for part in selectors for one in re.findall(r"\.([a-zA-Z][\w-]*)", part))
