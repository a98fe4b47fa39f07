"""Pages of lists by keyset: a list in an order, from a place on, and how far one page looks for rows that fit.

What an index cannot choose is looked for in the next rows of the list alone, so that a search for what is nowhere costs
no more in a million rows than in ten thousand; the page then ends early, and its cursor leads on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final, TypeVar

from tortoise.expressions import Case, F, Q, When
from tortoise.models import Model
from tortoise.queryset import QuerySet

from hub.db import planned_for_values
from hub.services.columns import Column, that
from hub.services.cursors import Place, encode

T = TypeVar("T")
U = TypeVar("U")
M = TypeVar("M", bound=Model)

KEY: Final = "listing_key"
_NULL: Final = "listing_null"
_NEAR: Final = 8
"""Part of the reach that is looked at first: what many rows hold is found there."""
_BELOW: Final = frozenset({"lt", "lte"})


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


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range of the sorted column."""

    operator: str
    value: Any

    def condition(self, path: str) -> Q:
        """Return it as the database is asked."""
        return that(f"{path}__{self.operator}", self.value)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What rows a list is to have."""

    chosen: Sequence[Q] = ()
    """What an index chooses, in the order of the list."""
    range: Sequence[Bound] = ()
    """The same of the sorted column itself."""
    rest: Sequence[Q] = ()
    """What each row is looked at for."""
    apart: Sequence[Q] = ()
    """Instead of `chosen`: each of these in turn, because an index has the order of the list for one alone."""
    number: int | None = None
    """The id of a row that was searched by its number; it comes first, wherever it is."""

    @property
    def anything(self) -> bool:
        """True when every row is wanted."""
        return not (self.chosen or self.range or self.rest or self.apart)


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
    wanted: Wanted
    usual: bool
    """In the order of the list itself."""
    reach: int | None = None
    """Rows that are looked at for a page; None for all of them."""

    @property
    def plain(self) -> bool:
        """True for the beginning of the list in its own order, with nothing left out."""
        return self.usual and self.place is None and self.wanted.anything

    @property
    def down(self) -> bool:
        """True when the rows that are read become less and less."""
        return self.descending != self.backwards

    def apply(self, query: QuerySet[M], edge: Place | None = None) -> QuerySet[M]:
        """Return the query of the page's rows and one more, which tells whether there is another page."""
        query = self._ordered(self._within(query, edge), self.wanted.rest)
        if self.wanted.number is not None and self.place is not None:
            query = query.exclude(id=self.wanted.number)  # it was on the first page
        return query.limit(self.limit + 1)

    async def values(self, query: QuerySet[Any], *names: str) -> Page[dict[str, Any]]:
        """Return the page, of columns instead of models; `names` holds `id`."""
        with planned_for_values(when=not self.plain):
            return await self._values(query, names)

    async def _values(self, query: QuerySet[Any], names: Sequence[str]) -> Page[dict[str, Any]]:
        named = await self._named(query, names)
        plan = replace(self, limit=max(1, self.limit - len(named)))
        page = await plan._found(query, names)  # noqa: SLF001 - of the same class
        return page.of([*named, *(row for row in page if row["id"] != self.wanted.number)]) if named else page

    async def _found(self, query: QuerySet[Any], names: Sequence[str]) -> Page[dict[str, Any]]:
        if self.reach is not None and self.reach >= _NEAR * self.limit:
            page = await replace(self, reach=self.reach // _NEAR)._read(query, names)  # noqa: SLF001 - the same class
            if len(page) == self.limit or not (page.previous if self.backwards else page.following):
                return page
        return await self._read(query, names)

    async def _read(self, query: QuerySet[Any], names: Sequence[str]) -> Page[dict[str, Any]]:
        more = {KEY: self.column.path}
        edge = await self._edge(query)
        queries = [query.filter(one) for one in self.wanted.apart] or [query]
        found = [row for one in queries for row in await self.apply(one, edge).values(*names, **more)]
        if len(queries) > 1:
            found = sorted(found, key=itemgetter("id"), reverse=self.down)[: self.limit + 1]
        keys = {row["id"]: row.pop(KEY) for row in found}
        return self.cut(found, lambda row: Place(keys[row["id"]], row["id"]), edge)

    async def _named(self, query: QuerySet[Any], names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the row that was searched by its number, for the first page."""
        if self.wanted.number is None or self.place is not None:
            return []
        where = [bound.condition(self.column.path) for bound in self.wanted.range]
        named = query.filter(*where, *self.wanted.chosen, *self.wanted.rest, id=self.wanted.number)
        return list(await named.values(*names))

    def place_of_row(self, row: Model) -> Place:
        """Return where a row that `apply` found stands."""
        path = self.column.path
        return Place(getattr(row, KEY if "__" in path else path), int(row.pk))

    def cut(self, found: list[T], place_of: Callable[[T], Place], edge: Place | None = None) -> Page[T]:
        """Return the page of what was found, with the cursors of its ends; `edge` is how far was looked."""
        rows, more = found[: self.limit], len(found) > self.limit
        if not more and edge is not None:
            last: Place | None = edge
        else:
            last = place_of(rows[-1]) if rows else None
        first = place_of(rows[0]) if rows else self._before()
        if self.backwards:
            rows.reverse()
            return Page(rows, following=self._cursor(first), previous=self._cursor(last if more or edge else None))
        return Page(
            rows, following=self._cursor(last if more or edge else None),
            previous=self._cursor(first if self.place is not None and (rows or self.reach) else None),
        )  # fmt: skip

    def _before(self) -> Place | None:
        """Return the place just before the one from which on nothing was found."""
        if self.place is None:
            return None
        return Place(self.place.value, self.place.id + (1 if self.down else -1))

    def _cursor(self, place: Place | None) -> str:
        return encode(place, self.name, self.column, descending=self.descending) if place is not None else ""

    async def _edge(self, query: QuerySet[Any]) -> Place | None:
        """Return the last row that is looked at; None when that is all that there is."""
        if self.reach is None:
            return None
        ordered = self._ordered(self._within(query, None), ())
        found = await ordered.offset(self.reach - 1).limit(2).values("id", **{KEY: self.column.path})
        return Place(found[0][KEY], found[0]["id"]) if len(found) == 2 else None

    def _within(self, query: QuerySet[M], edge: Place | None) -> QuerySet[M]:
        """Leave what an index leaves, from the place on and no further than the edge.

        Of two bounds on the same side only the nearer one is sent: databases begin at one, and not always at that.
        """
        path = self.column.path
        for bound in self.wanted.range:
            towards_end = (bound.operator in _BELOW) != self.down
            nearer = edge if towards_end else self.place
            if nearer is None or not self._inside(nearer, bound):
                query = query.filter(bound.condition(path))
        if self.place is not None:
            query = query.filter(_beyond(self.column, self.place, down=self.down))
        if edge is not None:
            query = query.filter(_up_to(self.column, edge, down=self.down))
        return query.filter(*self.wanted.chosen)

    @staticmethod
    def _inside(place: Place, bound: Bound) -> bool:
        return bool(place.value < bound.value if bound.operator in _BELOW else place.value > bound.value)

    def _ordered(self, query: QuerySet[M], where: Sequence[Q]) -> QuerySet[M]:
        path, sign = self.column.path, "-" if self.down else ""
        query = query.filter(*where)
        order = [path] if path == "id" else [path, "id"]
        if self.column.null:  # databases disagree on where null comes; here it is the least
            query = query.annotate(**{_NULL: Case(When(**{f"{path}__isnull": True}, then="0"), default="1")})
            order = [_NULL, *order]
        if "__" in path:
            query = query.annotate(**{KEY: F(path)})
        return query.order_by(*(sign + one for one in order))


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
    if not column.null:  # an index is entered at a place by a condition alone, not by one of two
        return that(f"{path}__{comparison}e", place.value) & found
    return found | that(f"{path}__isnull", value=True) if down else found


def _up_to(column: Column, edge: Place, *, down: bool) -> Q:
    """Return the condition for what comes before a place or is there; of columns that hold no null."""
    path, comparison = column.path, "gt" if down else "lt"
    nearer = that(f"id__{comparison}e", edge.id)
    if path == "id":
        return nearer
    return that(f"{path}__{comparison}e", edge.value) & (that(f"{path}__{comparison}", edge.value) | nearer)
