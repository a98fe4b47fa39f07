"""The file of a whole hub: gzipped lines of JSON, written and read in a stream, and proven by its last line."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import orjson

from hub.errors import Conflict, Invalid

FORMAT: Final = 1
_LONGEST: Final = 256 * 1024 * 1024  # bytes of a line; a row is the longest


@dataclass(slots=True)
class Contents:
    """What a file says of itself."""

    made: str
    hub: str
    migrations: list[str]
    """Of the database that it was read from."""
    tables: dict[str, list[str]]
    keys: dict[str, Any] | None = None
    """The key ring, locked."""
    rows: dict[str, int] = field(default_factory=dict)
    blobs: int = 0
    canary: str = ""
    """Sealed text that the right key ring opens."""


class Writer:
    """Writes one file from its first line to its last."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self.rows: dict[str, int] = {}
        self.blobs = 0

    def begin(self, contents: Contents) -> None:
        """Say what is in it."""
        self._line({
            "hub_backup": FORMAT, "made": contents.made, "hub": contents.hub, "migrations": contents.migrations,
            "tables": contents.tables, "keys": contents.keys,
        })  # fmt: skip

    def table(self, name: str) -> None:
        """Rows of this table follow."""
        self._line({"table": name})
        self._name = name
        self.rows[name] = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Write rows."""
        for row in rows:
            self._line(row)
        self.rows[self._name] += len(rows)

    def blob(self, name: str) -> None:
        """Pieces of this file follow."""
        self._line({"blob": name})
        self.blobs += 1

    def piece(self, data: bytes) -> None:
        """Write a piece of a file."""
        self._line([data])

    def end(self) -> None:
        """Write what proves the rest."""
        self._line({"rows": self.rows, "blobs": self.blobs, "sha256": self._digest.hexdigest()})

    def _line(self, value: Any) -> None:
        line = orjson.dumps(value, default=_bytes) + b"\n"
        self._digest.update(line)
        self._file.write(line)


def _bytes(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} has no form in a backup")


@contextmanager
def created(path: Path, *, replace: bool = False) -> Iterator[Writer]:
    """Write a file that nobody else may read; it appears under its name when it is whole."""
    if path.exists() and not replace:
        raise Conflict(f"{path} is there already. Choose another name, or write over it with --force.")
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6) as file:
                yield Writer(cast("BinaryIO", file))
            raw.flush()
            os.fsync(raw.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


Item = tuple[str, str, list[Any]]
"""(`row` or `piece`, table or blob, values)."""


def inspect(path: Path) -> Contents:
    """Read a whole file and prove it. Raises `Invalid`."""
    contents, last = None, ""
    for kind, name, values in _items(path):
        if kind == "begin":
            contents = _contents(values[0])
        elif contents is not None and kind == "row":
            contents.rows[name] = contents.rows.get(name, 0) + 1
            columns = contents.tables.get(name)
            if columns is None or len(columns) != len(values):
                raise _damaged(path)
            if name == "option" and values[columns.index("key")] == "vault.canary":
                contents.canary = str(values[columns.index("value")])
        elif contents is not None and kind == "blob":
            contents.blobs += 1
        last = kind
        if kind == "end" and (contents is None or not _fits(contents, values[0])):
            raise _damaged(path)
    if contents is None or last != "end":
        raise _damaged(path)
    return contents


def items(path: Path) -> Iterator[Item]:
    """Read the rows and pieces of a file; `blob` comes before the pieces of each."""
    for item in _items(path):
        if item[0] in {"row", "blob", "piece"}:
            yield item


def _items(path: Path) -> Iterator[Item]:
    """Read every line as (kind, table or blob, values); the last one is compared with all before it."""
    digest, kind, name, number = hashlib.sha256(), "", "", 0
    try:
        with gzip.open(path, "rb") as file:
            while line := file.readline(_LONGEST):
                value = orjson.loads(line)
                if kind == "end":
                    raise _damaged(path)
                number += 1
                if isinstance(value, list):
                    yield kind, name, [_value(one) for one in value]
                elif number == 1:
                    yield "begin", "", [value]
                elif "table" in value:
                    kind, name = "row", str(value["table"])
                elif "blob" in value:
                    kind, name = "piece", str(value["blob"])
                    yield "blob", name, []
                else:
                    kind = "end"
                    proven = value.get("sha256") == digest.hexdigest()
                    yield "end", "", [value if proven else {}]
                digest.update(line)
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError, ValueError, AttributeError) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise
        raise _damaged(path) from None


def _value(value: Any) -> Any:
    return base64.b64decode(value["b64"], validate=True) if isinstance(value, dict) else value


def _contents(head: Mapping[str, Any]) -> Contents:
    if head.get("hub_backup") != FORMAT:
        raise Invalid("This is no backup of a hub, or one that a newer hub made.")
    return Contents(
        made=str(head["made"]), hub=str(head["hub"]), migrations=list(head["migrations"]), tables=dict(head["tables"]),
        keys=head.get("keys"),
    )  # fmt: skip


def _fits(contents: Contents, end: Mapping[str, Any]) -> bool:
    rows = {name: count for name, count in end.get("rows", {}).items() if count}
    return bool(end.get("sha256")) and rows == contents.rows and end.get("blobs") == contents.blobs


def _damaged(path: Path) -> Invalid:
    return Invalid(f"{path} is damaged, cut short, or no backup of a hub. Nothing was changed.")
