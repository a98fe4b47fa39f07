"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import orjson

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def show_json(value: Any) -> None:
    """Print a value as JSON, its times in UTC."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())


def show_table(rows: Sequence[Mapping[str, Any]], *columns: str) -> None:
    """Print columns under their names, as wide as they need to be."""
    lines = [[column.upper().replace("_", " ") for column in columns]]
    lines += [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    """Write a value so that nothing in it can move the cursor or colour the terminal."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))
