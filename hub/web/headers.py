"""Headers that every answer has."""

from __future__ import annotations

from typing import Final

SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
}
"""What browsers are told to refuse."""

UNKEPT: Final = ("Cache-Control", "private, no-store")
"""For all but the files that pages are made of."""
