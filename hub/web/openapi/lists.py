"""Parameters of a list: what it is searched, sorted and filtered by, and how its pages are turned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hub.services.columns import MOST_VALUES, Column
from hub.services.listing import LONGEST_SEARCH, Listing

_MARK: Final = "__"

_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"type": "string"},
    "number": {"type": "integer", "minimum": -(2**31) + 1, "maximum": 2**31 - 1},
    "flag": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
}

_TEXTS: Final = {
    "": "Only with this `{}`.",
    "not": "Only with another `{}`.",
    "contains": "Only with a `{}` that contains this.",
    "startswith": "Only with a `{}` that begins with this.",
    "gt": "Only with a `{}` after this.",
    "gte": "Only with this `{}` or one after it.",
    "lt": "Only with a `{}` before this.",
    "lte": "Only with this `{}` or one before it.",
    "null": "Only without a `{}`, or with false only with one.",
}

_CURSOR: Final = "Take it from `Link`."


def parameters(listing: Listing) -> Iterable[dict[str, Any]]:
    """Yield every parameter that a list has beside its own."""
    if listing.searched:
        looked = ", ".join(f"`{name}`" for name in listing.searched)
        told = f"Words to look for in {looked}; each must be found."
        yield _query("q", told, type="string", maxLength=LONGEST_SEARCH)
    if listing.sorts:
        yield _query("sort", "What to sort by.", type="string", enum=[*listing.sorts])
    usual = "descending" if listing.default.startswith("-") else "ascending"
    yield _query(
        "order", f"The list's own order is by `{listing.default.removeprefix('-')}`, {usual}.",
        type="string", enum=["asc", "desc"],
    )  # fmt: skip
    default = min(listing.usual or listing.most, listing.most)
    yield _query("limit", "Rows of a page.", type="integer", minimum=1, maximum=listing.most, default=default)
    by_id = " Or an id, for those with smaller ones." if listing.wire_before else ""
    yield _query("before", f"Cursor of the row that the page ends before. {_CURSOR}{by_id}", type="string")
    yield _query("after", f"Cursor of the row that the page begins after. {_CURSOR}", type="string")
    taken = set(listing.own)
    for name, column in listing.filters():
        if name not in taken:
            yield _filter(name, column)


def _filter(name: str, column: Column) -> dict[str, Any]:
    base, _, operator = name.partition(_MARK)
    text = _TEXTS[operator].format(base)
    if operator == "null":
        return _query(name, text, **_KINDS["flag"])
    if column.several and operator in {"", "not"}:
        told = f"{text[:-1]}, or with any of several." if not operator else f"{text[:-1]} than any of these."
        more = {"style": "form", "explode": False}
        return _query(name, told, type="array", items=dict(_KINDS[column.kind]), maxItems=MOST_VALUES) | more
    return _query(name, text, **_KINDS[column.kind])


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": text, "schema": schema}
