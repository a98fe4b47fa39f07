"""Columns of lists: what a model tells of them, and the conditions that a filter may put on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from tortoise import fields
from tortoise.expressions import Q
from tortoise.models import Model

from hub.db import current
from hub.errors import Invalid
from hub.services.draft import MAX_ID

Kind = Literal["text", "number", "flag", "moment"]

MOST_VALUES: Final = 100
"""Values that one filter takes."""

_COMPARED: Final = ("not", "gt", "gte", "lt", "lte")
_OPERATORS: Final[dict[Kind, tuple[str, ...]]] = {
    "text": ("", "not", "contains", "startswith"),
    "number": ("", *_COMPARED),
    "flag": ("",),
    "moment": ("", *_COMPARED),
}
_LOOKUPS: Final = frozenset({"contains", "startswith"})
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_INTEGER: Final = re.compile(r"[+-]?\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    path: str
    kind: Kind
    null: bool
    longest: int | None = None
    """Characters of a text; None where there is no bound, which is nothing to sort by."""
    several: bool = False
    """A filter takes several values, with commas between them."""

    @property
    def sortable(self) -> bool:
        """True when the database can order by it at a sane cost."""
        return self.kind != "text" or self.longest is not None


def column_of(model: type[Model], path: str, *, several: bool = False) -> Column:
    """Return what the model tells of a column, or of one of something that it refers to."""
    null = False
    *steps, name = path.split("__")
    for step in steps:
        relation = model._meta.fields_map[step]  # noqa: SLF001 - Tortoise has no public way
        null = null or relation.null
        model = relation.related_model  # type: ignore[attr-defined]  # a field that refers has one
    found = model._meta.fields_map[name]  # noqa: SLF001 - Tortoise has no public way
    longest = getattr(found, "max_length", None)
    kind: Kind = "text"
    if isinstance(found, fields.BooleanField):
        kind = "flag"
    elif isinstance(found, fields.IntField | fields.BigIntField):
        kind = "number"
    elif isinstance(found, fields.DatetimeField):
        kind = "moment"
    elif not isinstance(found, fields.CharField | fields.TextField):
        raise AssertionError(f"no list is filtered by {path}, which is a {type(found).__name__}")  # noqa: TRY004 - a mistake of ours
    return Column(path, kind, null or found.null, longest, several or kind == "number")


def that(lookup: str, value: Any) -> Q:
    """Return one condition, in Tortoise's words."""
    given: dict[str, Any] = {lookup: value}
    return Q(**given)


def folded(lookup: str, text: str) -> str:
    """Return the lookup for a part of a text in any case.

    SQLite's own LIKE knows the cases of English letters, and is several times as fast as one that knows all of them.
    """
    return lookup if text.isascii() and current().dialect == "sqlite" else f"i{lookup}"


def operators(column: Column) -> tuple[str, ...]:
    """Return what stands behind the two underscores of a filter; the empty one is equality."""
    return (*_OPERATORS[column.kind], "null") if column.null else _OPERATORS[column.kind]


def condition(column: Column, name: str, operator: str, text: str) -> Q:
    """Return the condition of a filter. Raises `Invalid` for a text that is no such value."""
    path = column.path
    if operator == "null":
        return that(f"{path}__isnull", _flag(name, text))
    if operator in _LOOKUPS:
        return that(f"{path}__{folded(operator, text)}", text)
    if operator in {"", "not"}:
        texts = [one for one in text.split(",") if one] if column.several else [text]
        if len(texts) > MOST_VALUES:
            raise Invalid(f"The filter {name} takes at most {MOST_VALUES} values.", field=name)
        wanted = [value_of(column, name, one) for one in texts if _fits(column, one)]
        return that(f"{path}__{'not_in' if operator else 'in'}", wanted)
    return that(f"{path}__{operator}", value_of(column, name, text))


def value_of(column: Column, name: str, text: str) -> Any:
    """Read a value of a column. Raises `Invalid`."""
    if column.kind == "flag":
        return _flag(name, text)
    if column.kind == "number":
        if not _INTEGER.fullmatch(text) or abs(int(text)) > MAX_ID:
            raise Invalid(f"The parameter {name} must be a whole number.", field=name)
        return int(text)
    return _moment(name, text) if column.kind == "moment" else text


def _fits(column: Column, text: str) -> bool:
    """No row holds a text that is longer than its column."""
    return column.longest is None or len(text) <= column.longest


def _flag(name: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise Invalid(f"The parameter {name} must be true or false.", field=name)
    return _FLAGS[text.lower()]


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"The parameter {name} must be a time such as 2030-01-31T12:00:00Z.", field=name) from None
