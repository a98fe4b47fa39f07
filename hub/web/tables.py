"""Rows as files to take along: CSV that a spreadsheet opens without running anything, and JSON by lines."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from quart import Response, request

from hub.web.encoding import dumps, wire_time

CSV: Final = "text/csv"
JSON_LINES: Final = "application/x-ndjson"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take a cell for a formula."""
_BLOCK: Final = 16 * 1024


def as_csv(rows: AsyncIterator[Mapping[str, Any]], columns: Sequence[str], name: str) -> Response:
    """Send rows as CSV, piece by piece."""
    return _sent(_lines(rows, columns), f"{CSV}; charset=utf-8", f"{name}.csv")


def as_json_lines(rows: AsyncIterator[Mapping[str, Any]], name: str) -> Response:
    """Send rows as one JSON object in each line, piece by piece."""

    async def lines() -> AsyncIterator[bytes]:
        async for row in rows:
            yield dumps(row).rstrip() + b"\n"

    return _sent(lines(), JSON_LINES, f"{name}.jsonl")


def cell(value: Any) -> str:
    """Return a value as the text of a cell; an apostrophe in front keeps a spreadsheet from running it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return wire_time(value)
    text = dumps(value).decode().rstrip() if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) and not isinstance(value, int | float) else text


async def _lines(rows: AsyncIterator[Mapping[str, Any]], columns: Sequence[str]) -> AsyncIterator[bytes]:
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(columns)
    async for row in rows:
        writer.writerow([cell(row[name]) for name in columns])
        if page.tell() >= _BLOCK:
            yield page.getvalue().encode()
            page.seek(0)
            page.truncate()
    yield page.getvalue().encode()


def _sent(pieces: AsyncIterator[bytes], content_type: str, name: str) -> Response:
    if request.method == "HEAD":
        return Response(b"", 200, content_type=content_type)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response = Response(pieces, 200, content_type=content_type, headers=headers)
    response.timeout = None  # a long file for a slow reader is no fault
    return response
