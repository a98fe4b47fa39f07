"""Lists: each is declared once (what it is sorted, filtered and searched by), and is given in pages by keyset.

A page begins behind or before a place in the order, which is the value of the sorted column and the id of a row. So a
page costs the same wherever it is, and a row that comes or goes meanwhile neither repeats another nor hides one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

from tortoise.expressions import Case, F, Q, When
from tortoise.models import Model
from tortoise.queryset import QuerySet

from hub.errors import Invalid
from hub.services.columns import Column, column_of, condition, operators, that
from hub.services.cursors import Place, decode, encode
from hub.services.draft import MAX_ID

T = TypeVar("T")
U = TypeVar("U")
M = TypeVar("M", bound=Model)

MOST: Final = 5000
"""Rows of the longest page of the things of a project: a client of the wire gets every one of them."""
LONGEST_SEARCH: Final = 200

_NULL, _KEY = "listing_null", "listing_key"
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


class Page(list[T]):
    """Rows of a list, with the cursors of the pages around them; an empty one where there is no such page."""

    def __init__(self, rows: Iterable[T] = (), *, following: str = "", previous: str = "") -> None:
        super().__init__(rows)
        self.following, self.previous = following, previous

    def shaped(self, shape: Callable[[T], U]) -> Page[U]:
        """Return the page with each row in another shape."""
        return self.of([shape(row) for row in self])

    def of(self, rows: Iterable[U]) -> Page[U]:
        """Return a page at the same place that holds these rows."""
        return Page(rows, following=self.following, previous=self.previous)


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
        found = await plan.apply(query)
        return plan.cut(found, plan.place_of_row)

    async def values(
        self, query: QuerySet[Any], asked: Asked, *names: str, hidden: Collection[str] = ()
    ) -> Page[dict[str, Any]]:
        """The same, of columns instead of models; `names` holds `id`."""
        plan = self.plan(asked, hidden)
        found = await plan.apply(query).values(*names, **{_KEY: plan.column.path})
        keys = {row["id"]: row.pop(_KEY) for row in found}
        return plan.cut(list(found), lambda row: Place(keys[row["id"]], row["id"]))

    def plan(self, asked: Asked, hidden: Collection[str] = ()) -> Plan:
        """Check what is asked. Raises `Invalid` with what would be right."""
        name, descending = self._order(asked, hidden)
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
        return Plan(
            name, column, descending, place, backwards=bool(asked.before) and not by_id, limit=limit,
            where=[*self._conditions(asked, hidden), *self._search(asked.q, hidden)],
            usual=self.default == f"-{name}" if descending else self.default == name,
        )  # fmt: skip

    def _order(self, asked: Asked, hidden: Collection[str]) -> tuple[str, bool]:
        default = self.default.removeprefix("-")
        if asked.sort:
            sorts = [name for name in self.sorts if name not in hidden]
            if asked.sort in sorts:
                return asked.sort, asked.order == "desc"
            if not self.ignores_sort or asked.strict:
                raise Invalid("invalid sort column", field="sort", allowed=sorts)
        if default != self.default:
            return default, asked.order != "asc"
        return default, asked.order == "desc"

    def _place_by_id(self, text: str, name: str, *, descending: bool) -> Place:
        if abs(int(text)) > MAX_ID or name != "id" or not descending:
            raise Invalid("An id in before is for a list by id, newest first. Send a cursor there.", field="before")
        return Place(int(text), int(text))

    def _conditions(self, asked: Asked, hidden: Collection[str]) -> Iterable[Q]:
        for name, text in asked.filters.items():
            base, _, operator = name.partition("__")
            known = base in self.columns and base not in hidden and operator in operators(self.known[base])
            if known and text:
                yield condition(self.known[base], name, operator, text)
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
            found = Q(*(that(f"{path}__icontains", word) for path in paths if path != "id"), join_type=Q.OR)
            number = word.removeprefix("#")
            if "id" in paths and _INTEGER.fullmatch(number) and int(number) <= MAX_ID:
                found |= Q(id=int(number))
            yield found


@dataclass(frozen=True, slots=True)
class Plan:
    """A list in an order, from a place on."""

    name: str
    column: Column
    descending: bool
    place: Place | None
    backwards: bool
    """Towards the beginning, for the page before the place."""
    limit: int
    where: list[Q]
    usual: bool
    """In the order of the list itself."""

    @property
    def plain(self) -> bool:
        """True for the beginning of the list in its own order, with nothing left out."""
        return self.usual and self.place is None and not self.where

    def apply(self, query: QuerySet[M]) -> QuerySet[M]:
        """Return the query of the page's rows and one more, which tells whether there is another page."""
        down = self.descending != self.backwards
        path, sign = self.column.path, "-" if down else ""
        if self.where:
            query = query.filter(*self.where)
        if self.place is not None:
            query = query.filter(_beyond(self.column, self.place, down=down))
        order = [path] if path == "id" else [path, "id"]
        if self.column.null:  # databases disagree on where null comes; here it is the least
            query = query.annotate(**{_NULL: Case(When(**{f"{path}__isnull": True}, then="0"), default="1")})
            order = [_NULL, *order]
        if "__" in path:
            query = query.annotate(**{_KEY: F(path)})
        return query.order_by(*(sign + one for one in order)).limit(self.limit + 1)

    def place_of_row(self, row: Model) -> Place:
        """Return where a row that `apply` found stands."""
        path = self.column.path
        return Place(getattr(row, _KEY if "__" in path else path), int(row.pk))

    def cut(self, found: list[T], place_of: Callable[[T], Place]) -> Page[T]:
        """Return the page of what was found, with the cursors of its ends."""
        rows, more = found[: self.limit], len(found) > self.limit
        if self.backwards:
            rows.reverse()
        if not rows:
            return Page()
        follows, precedes = (True, more) if self.backwards else (more, self.place is not None)
        ends = [
            encode(place_of(row), self.name, self.column, descending=self.descending) for row in (rows[-1], rows[0])
        ]
        return Page(rows, following=ends[0] if follows else "", previous=ends[1] if precedes else "")


def _beyond(column: Column, place: Place, *, down: bool) -> Q:
    """Return the condition for what comes after a place; null is less than every value."""
    path, comparison = column.path, "lt" if down else "gt"
    further = that(f"id__{comparison}", place.id)
    if path == "id":
        return further
    if place.value is None:
        same = that(f"{path}__isnull", value=True) & further
        return same if down else same | that(f"{path}__isnull", value=False)
    found = that(f"{path}__{comparison}", place.value) | (that(path, place.value) & further)
    return found | that(f"{path}__isnull", value=True) if down and column.null else found
