"""Bundled scripts, styles and icons: found by the names in the manifest, served compressed and for ever."""

from __future__ import annotations

import json
import mimetypes
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup, escape
from quart import Response, request, url_for

from hub.errors import NotFound
from hub.web.pages.routing import blueprint

DIST: Final = Path(__file__).resolve().parent.parent / "static/dist"
FALLBACK_ICON: Final = "puzzle"
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def _manifest() -> dict[str, Any]:
    path = DIST / "manifest.json"
    if not path.is_file():
        raise RuntimeError("The pages' scripts and styles are not built; run `python build_assets.py`.")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@cache
def _served() -> frozenset[str]:
    return frozenset(value for value in _manifest().values() if isinstance(value, str))


@cache
def _icons() -> frozenset[str]:
    return frozenset(_manifest()["icons"])


def asset(name: str) -> str:
    """Return the address of a bundled file."""
    return url_for("pages.assets", name=_manifest()[name])


def known_icon(name: str, otherwise: str) -> str:
    """Return the icon that is meant by a name, also by one of Material Design such as `mdi-github`."""
    plain = name.removeprefix("mdi-")
    return next((one for one in (plain, f"brand-{plain}") if one in _icons()), otherwise)


def icon(name: str, css: str = "", label: str = "") -> Markup:
    """Return an icon; decoration unless it has a label."""
    return _drawn(name, css, label, request.root_path)


@lru_cache(maxsize=1024)  # a page of a list draws the same ones hundreds of times
def _drawn(name: str, css: str, label: str, root: str) -> Markup:
    """Draw an icon on a page below `root`, which its address begins with."""
    del root
    known = name if name in _icons() else FALLBACK_ICON
    meaning = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    place = f"{asset('icons.svg')}#{known}"
    return Markup(  # noqa: S704 - names come from the manifest, the rest is escaped
        f'<svg class="icon {escape(css)}" {meaning} viewBox="0 0 24 24" width="20" height="20" fill="none" '
        'stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">'
        f'<use href="{escape(place)}"></use></svg>'
    )  # fmt: skip


@blueprint.get("/assets/<path:name>")
async def assets(name: str) -> Response:
    """Serve one bundled file. Names carry a digest of the content, so browsers may keep them for a year."""
    if name not in _served():
        raise NotFound("There is no such file.")
    path = DIST / name
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Type": _TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    for encoding, suffix in _ENCODINGS:
        packed = path.with_name(path.name + suffix)
        if request.accept_encodings.quality(encoding) > 0 and packed.is_file():
            return Response(_content(packed), headers={**headers, "Content-Encoding": encoding})
    return Response(_content(path), headers=headers)


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()
