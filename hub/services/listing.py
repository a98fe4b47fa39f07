"""Lists: each is declared once (what it is sorted, filtered and searched by), and is given in pages by keyset.

A page begins behind or before a place in the order, which is the value of the sorted column and the id of a row. So a
page costs the same wherever it is, and a row that comes or goes meanwhile neither repeats another nor hides one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from hub.db import planned_for_values
from hub.errors import Invalid
from hub.services.columns import Column, column_of, condition, folded, operators, that, value_of
from hub.services.cursors import Place, decode
from hub.services.draft import MAX_ID
from hub.services.paging import Bound, Page, Plan, Wanted

__all__ = ["LONGEST_SEARCH", "MOST", "REACH", "WHOLE", "Asked", "Listing", "Page"]

M = TypeVar("M", bound=Model)

MOST: Final = 5000
"""Rows of the longest page of the things of a project: a client of the wire gets every one of them."""
LONGEST_SEARCH: Final = 200

REACH: Final = 10_000
"""Rows of a list without bounds that one page looks through."""

_RANGE: Final = frozenset({"gt", "gte", "lt", "lte"})
_INTEGER = re.compile(r"[+-]?\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client wants of a list, not checked yet."""

    q: str = ""
    sort: str = ""
    order: str = ""
    limit: int | None = None
    before: str = ""
    after: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Every other parameter by its name; a list takes those that it knows."""
    strict: bool = False
    """Refuse parameters that the list does not know, which the wire ignores."""


WHOLE: Final = Asked()
"""The list as it is without parameters."""


class _Filter(NamedTuple):
    """One filter of a request: a column of the list, an operator, and the text of the value."""

    name: str
    base: str
    operator: str
    text: str


@dataclass(frozen=True)
class Listing:
    """How a list may be asked for. Columns go by the names of the wire's members."""

    model: type[Model]
    columns: Mapping[str, str]
    """Names, and where their values are: columns of the model, or of what it refers to."""
    default: str = "name"
    """What it is sorted by when nobody says; with a dash before it from the largest down."""
    searched: tuple[str, ...] = ("name",)
    words: tuple[str, ...] = ()
    """Columns of which a filter takes several values, with commas between them."""
    unsorted: tuple[str, ...] = ()
    """Columns that it is not sorted by."""
    most: int = MOST
    usual: int | None = None
    """Rows of a page when nobody says; all that one page may hold unless it is set."""
    own: tuple[str, ...] = ()
    """Parameters that the list has beside its columns."""
    ignores_sort: bool = False
    """An unknown `sort` counts as none, as on the wire."""
    wire_before: bool = False
    """`before` takes an id, too: for the rows with smaller ones, newest first."""
    reach: int | None = None
    """Rows that one page looks through for those that fit; None for all, of lists that are never long."""
    indexed: tuple[str, ...] = ()
    """Columns of which an index chooses the rows with one value in the order of ids."""
    dated: str = ""
    """A moment by which the list is sorted when it is asked for a span of it: about the order of ids."""

    @cached_property
    def known(self) -> Mapping[str, Column]:
        """The columns with what the model tells of them."""
        return {name: column_of(self.model, path, several=name in self.words) for name, path in self.columns.items()}

    @property
    def sorts(self) -> tuple[str, ...]:
        """What it may be sorted by."""
        return tuple(name for name in self.columns if name not in self.unsorted and self.known[name].sortable)

    def filters(self) -> Iterable[tuple[str, Column]]:
        """Yield every filter with its column, for descriptions of the API."""
        for name, column in self.known.items():
            for operator in operators(column):
                yield (f"{name}__{operator}" if operator else name), column

    async def rows(self, query: QuerySet[M], asked: Asked, *, hidden: Collection[str] = ()) -> Page[M]:
        """Return a page of what the query finds; nothing tells of columns that are `hidden` from who asks."""
        plan = self.plan(asked, hidden)
        with planned_for_values(when=not plan.plain):
            found = await plan.apply(query)
        return plan.cut(found, plan.place_of_row)

    async def values(
        self, query: QuerySet[Any], asked: Asked, *names: str, hidden: Collection[str] = ()
    ) -> Page[dict[str, Any]]:
        """The same, of columns instead of models; `names` holds `id`."""
        return await self.plan(asked, hidden).values(query, *names)

    def plan(self, asked: Asked, hidden: Collection[str] = ()) -> Plan:
        """Check what is asked. Raises `Invalid` with what would be right."""
        filters = list(self._filters(asked, hidden))
        name, descending = self._order(asked, hidden, dated=self._is_dated(asked, filters))
        if asked.before and asked.after:
            raise Invalid("Send one of the cursors before and after, not both.", field="before")
        column = self.known[name]
        text = asked.before or asked.after
        place: Place | None = None
        by_id = self.wire_before and asked.before == text and bool(_INTEGER.fullmatch(text))
        if by_id:
            place = self._place_by_id(text, name, descending=descending)
        elif text:
            place = decode(text, name, column, descending=descending)
        limit = self.usual or self.most
        if asked.limit is not None and 1 <= asked.limit <= self.most:
            limit = asked.limit
        wanted = self._wanted(asked, name, filters, list(self._search(asked.q, hidden)))
        looks = bool(wanted.rest) and name in {"id", self.dated}
        return Plan(
            name, column, descending, place, backwards=bool(asked.before) and not by_id, limit=limit, wanted=wanted,
            usual=self.default == f"-{name}" if descending else self.default == name,
            reach=self.reach if looks else None,
        )  # fmt: skip

    def _wanted(self, asked: Asked, name: str, filters: list[_Filter], rest: list[Q]) -> Wanted:
        """Sort the conditions by what serves them: an index in the order of the list, or a look at each row."""
        chosen: list[Q] = []
        apart: list[Q] = []
        ranges: list[Bound] = []
        for one in filters:
            column = self.known[one.base]
            if one.base == name == self.dated and one.operator in _RANGE:
                ranges.append(Bound(one.operator, value_of(column, one.name, one.text)))
                continue
            found = condition(column, one.name, one.operator, one.text)
            served = name == "id" and one.base in self.indexed and not one.operator and not chosen and not apart
            if served and "," not in one.text:
                chosen.append(found)
            elif served and len(filters) == 1 and not rest:
                apart += [condition(column, one.name, "", text) for text in one.text.split(",") if text]
            else:
                rest.append(found)
        words = asked.q.split()
        number = _number(words[0]) if self.reach and len(words) == 1 and "id" in self.searched else None
        return Wanted(chosen, ranges, rest, apart, number)

    def _is_dated(self, asked: Asked, filters: Iterable[_Filter]) -> bool:
        """Tell whether a span of time is asked for, by whoever does not turn pages by ids."""
        spans = any(one.base == self.dated and one.operator in _RANGE for one in filters)
        return spans and not (self.wire_before and _INTEGER.fullmatch(asked.before))

    def _order(self, asked: Asked, hidden: Collection[str], *, dated: bool) -> tuple[str, bool]:
        default = self.dated if dated else self.default.removeprefix("-")
        if asked.sort:
            sorts = [name for name in self.sorts if name not in hidden]
            if asked.sort in sorts:
                return asked.sort, asked.order == "desc"
            if not self.ignores_sort or asked.strict:
                raise Invalid("invalid sort column", field="sort", allowed=sorts)
        if self.default.startswith("-"):
            return default, asked.order != "asc"
        return default, asked.order == "desc"

    def _place_by_id(self, text: str, name: str, *, descending: bool) -> Place:
        if abs(int(text)) > MAX_ID or name != "id" or not descending:
            raise Invalid("An id in before is for a list by id, newest first. Send a cursor there.", field="before")
        return Place(int(text), int(text))

    def _filters(self, asked: Asked, hidden: Collection[str]) -> Iterator[_Filter]:
        for name, text in asked.filters.items():
            base, _, operator = name.partition("__")
            known = base in self.columns and base not in hidden and operator in operators(self.known[base])
            if known and text:
                yield _Filter(name, base, operator, text)
            elif not known and name not in self.own and (operator or base in self.columns or asked.strict):
                raise self._unknown(name, hidden)

    def _unknown(self, name: str, hidden: Collection[str]) -> Invalid:
        base = name.partition("__")[0]
        if base in self.columns and base not in hidden:
            allowed = [f"{base}__{one}" if one else base for one in operators(self.known[base])]
            return Invalid(f"There is no filter {name}; there are: {', '.join(allowed)}.", field=name, allowed=allowed)
        allowed = [*self.own, *(one for one in self.columns if one not in hidden)]
        return Invalid(f"This list has no filter {base}; it has: {', '.join(allowed)}.", field=name, allowed=allowed)

    def _search(self, text: str, hidden: Collection[str]) -> Iterable[Q]:
        """Every word must be somewhere in the columns that are searched."""
        if len(text) > LONGEST_SEARCH:
            raise Invalid(f"A search is at most {LONGEST_SEARCH} characters long.", field="q")
        paths = [self.columns[name] for name in self.searched if name not in hidden]
        for word in text.split():
            found = Q(*(that(f"{path}__{folded('contains', word)}", word) for path in paths if path != "id"),
                      join_type=Q.OR)  # fmt: skip
            number = _number(word)
            if "id" in paths and number is not None:
                found |= Q(id=number)
            yield found


def _number(word: str) -> int | None:
    """Return the id that somebody searches for, with or without a sign before it."""
    digits = word.removeprefix("#")
    return int(digits) if _INTEGER.fullmatch(digits) and int(digits) <= MAX_ID else None
