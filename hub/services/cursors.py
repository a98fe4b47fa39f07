"""Cursors of lists: places in an order, as texts that clients hand back. What comes back is checked like any input."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from hub.errors import Invalid
from hub.services.columns import Column
from hub.services.draft import MAX_ID, refuse_unfit_text

_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{1,8192}", re.ASCII)
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: its value in the sorted column, and its id among those with the same value."""

    value: Any
    id: int


def encode(place: Place, name: str, column: Column, *, descending: bool) -> str:
    """Return the cursor of a place in a list that is sorted by `name`."""
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    data = orjson.dumps([_VERSION, name, descending, value, place.id])
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str, name: str, column: Column, *, descending: bool) -> Place:
    """Return the place of a cursor. Raises `Invalid` unless it is one of this list, in this order."""
    wrong = Invalid("This cursor is none of this list. Begin again without before and after.")
    if not _TEXT.fullmatch(text):
        raise wrong
    try:
        match orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))):
            case [version, of, down, value, int(row_id)] if version == _VERSION and not isinstance(row_id, bool):
                pass
            case _:
                raise wrong
        if of != name or down is not descending:
            raise Invalid("This cursor is of another order. Keep sort and order while you turn pages, or begin again.")
        if not -MAX_ID <= row_id <= MAX_ID:
            raise wrong
        return Place(_value(column, value), row_id)
    except (ValueError, OverflowError):
        raise wrong from None


def _value(column: Column, value: Any) -> Any:
    """Return the value of a cursor as the column has it. Raises `ValueError`, and `Invalid` for unfit texts."""
    if value is None and column.null:
        return None
    if column.kind == "flag" and isinstance(value, bool):
        return value
    if column.kind == "number" and isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID:
        return value
    if column.kind == "moment" and isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return moment
    if column.kind == "text" and isinstance(value, str) and len(value) <= (column.longest or 0):
        refuse_unfit_text(value)
        return value
    raise ValueError
