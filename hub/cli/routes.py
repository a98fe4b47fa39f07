"""`hub routes`: the table of the API, and what it has more or less than another table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import orjson

from hub.cli.show import json_option, show_json, show_table

_PART = re.compile(r"\{[^{}]*\}")
Place = tuple[str, str]


@click.command("routes", help="Show every route of the API.")
@click.option(
    "--against", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Compare with a table: lines of METHOD, tab, PATH; names of parameters do not matter.",
)  # fmt: skip
@json_option
def command(against: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click hands it over by name
    """Print the table, or how it differs from another one."""
    from hub.web.api import load_routes  # noqa: PLC0415 - brings the web in

    load_routes()
    found = table()
    if against is None:
        show_json(found) if as_json else show_table(found, "method", "path", "access", "contract")
        return
    missing, extra = compare(found, against.read_text("utf-8"))
    if as_json:
        click.echo(orjson.dumps({"missing": missing, "extra": extra}).decode())
        return
    for title, places in (("missing", missing), ("extra", extra)):
        click.echo(f"{title}: {len(places)}")
        for method, path in places:
            click.echo(f"  {method} {path}")


def table() -> list[dict[str, Any]]:
    """Every route by path and method; HEAD, which every GET answers, is in it."""
    from hub.web.api.routing import PREFIX, ROUTES  # noqa: PLC0415 - brings the web in

    rows: dict[Place, dict[str, Any]] = {}
    for one in ROUTES.all:
        methods = ("GET", "HEAD") if one.method == "GET" else (one.method,)
        for method in methods:
            row = {
                "method": method,
                "path": PREFIX + one.path,
                "access": one.access.value,
                "contract": "wire" if one.wire else "own",
            }
            rows.setdefault((PREFIX + one.path, method), row)
    return [rows[place] for place in sorted(rows)]


def compare(found: Iterable[dict[str, Any]], text: str) -> tuple[list[Place], list[Place]]:
    """Return what the other table has and ours has not, and our routes of the contract that it has not."""
    ours = {_place(row["method"], row["path"]): row for row in found}
    theirs: dict[Place, Place] = {}
    for line in text.splitlines():
        method, _, rest = line.partition("\t")
        path = rest.partition("\t")[0].strip()
        if path.startswith("/"):
            theirs.setdefault(_place(method, path), (method, path))
    missing = sorted((place for key, place in theirs.items() if key not in ours), key=lambda place: place[::-1])
    extra = [
        (row["method"], row["path"])
        for key, row in ours.items()
        if key not in theirs and row["contract"] == "wire" and row["method"] != "HEAD"
    ]
    return missing, extra


def _place(method: str, path: str) -> Place:
    """Write a route so that names of parameters do not matter."""
    return method, _PART.sub("{}", path)
