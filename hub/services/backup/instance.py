"""The whole hub as one file: written while it runs, and restored into any database that it can use."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from hub import __version__
from hub.db import schema, tables
from hub.db.tables import Target
from hub.errors import Conflict, Invalid, Unavailable
from hub.plugin import BlobStore, Params
from hub.services.backup import archive, locked
from hub.services.backup.archive import Contents
from hub.services.backup.locked import Locked
from hub.services.tasks.states import STOPPED, UNFINISHED
from hub.services.vaulting import CANARY, CANARY_TEXT
from hub.settings import Settings
from hub.vault import Vault, parse_ring, place, read_ring, ring_file, write_ring

PASSING: Final = frozenset({"session", "idempotency_key", "node_lock", "question", "runner_enrolment"})
"""Tables that are of the moment: a restored hub must not know sessions that ended meanwhile."""

_MARKS: Final = ("user", "project")
"""Where one of these has a row, a hub is in use."""

_BOUND: Final = b"hub backup key ring"
_NOTE: Final = "The hub was restored from a backup."


@dataclass(frozen=True, slots=True)
class Files:
    """The store of artifacts."""

    store: BlobStore
    params: Params


async def write(
    settings: Settings, path: Path, *, files: Files | None = None, passphrase: str = "", replace: bool = False
) -> Contents:
    """Write everything to a file; artifacts with `files`, the key ring with a `passphrase`."""
    standing = await schema.status(settings.database)
    if standing.unknown or not standing.applied:
        raise Invalid("The tables of the database are not those of this hub; look at `hub db status`.")
    ring = await _locked_ring(settings, passphrase) if passphrase else None
    async with tables.opened(settings.database) as source:
        kept = {name: list(columns) for name, columns in source.columns.items() if name not in PASSING}
        contents = Contents(datetime.now(UTC).isoformat(timespec="seconds"), __version__, list(standing.applied), kept,
                            keys=ring)  # fmt: skip
        with archive.created(path, replace=replace) as file:
            file.begin(contents)
            for name in kept:
                file.table(name)
                async for rows in source.rows(name):
                    file.add(rows)
            if files is not None:
                async for name in files.store.list(files.params, ""):
                    file.blob(name)
                    async for piece in files.store.get(files.params, name):
                        file.piece(piece)
            file.end()
            contents.rows, contents.blobs = file.rows, file.blobs
    return contents


async def restore(
    settings: Settings, path: Path, *, files: Files | None = None, passphrase: str = "", replace: bool = False
) -> Contents:
    """Restore a file. Everything is proven before anything is changed; the database changes all or nothing."""
    contents = archive.inspect(path)
    ring = await _ring(settings, contents, passphrase, replace=replace)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    await _prepare(settings, contents, replace=replace)
    async with tables.emptied(settings.database) as target:
        _check_tables(target, contents)
        for name, rows in groupby(_rows(path), key=lambda item: item[0]):
            await _fill(target, name, contents.tables[name], (values for _, values in rows))
        await _settle(target)
    await schema.upgrade(settings.database)
    if ring is not None:
        _write_ring(settings, ring)
    if files is not None:
        await _restore_files(path, files)
    await _check(settings, contents)
    return contents


async def _prepare(settings: Settings, contents: Contents, *, replace: bool) -> None:
    """Bring empty tables to where those of the backup were; those of a hub in use have to be there already."""
    head = contents.migrations[-1] if contents.migrations else ""
    standing = await schema.status(settings.database)
    known = (*standing.applied, *standing.pending)
    if standing.unknown or not contents.migrations or set(contents.migrations) - set(known):
        raise Invalid("This backup, or the database, was made by a newer hub. Install that version to restore it.")
    in_use = bool(standing.applied) and await _in_use(settings)
    if in_use and not replace:
        raise Conflict("The hub has users or projects already. To throw them away for the backup, use --replace.")
    if in_use and list(standing.applied) != contents.migrations:
        raise Conflict(
            f"The backup has the tables of {head}, and this hub is in use with others. Restore it into an empty "
            "database; it is brought up to date there."
        )
    if len(standing.applied) > len(contents.migrations):
        await schema.downgrade(settings.database, contents.migrations[-1])
    elif len(standing.applied) < len(contents.migrations):
        await schema.upgrade(settings.database, head)


async def _in_use(settings: Settings) -> bool:
    async with tables.opened(settings.database) as source:
        for name in _MARKS:
            if name in source.columns:
                async with aclosing(source.rows(name)) as found:
                    async for _ in found:
                        return True
    return False


def _check_tables(target: Target, contents: Contents) -> None:
    for name, columns in contents.tables.items():
        if set(columns) - set(target.columns.get(name, ())):
            raise Invalid(f"The table {name} of the backup has columns that the database has not.")


def _rows(path: Path) -> Any:
    return ((name, values) for kind, name, values in archive.items(path) if kind == "row")


async def _fill(target: Target, name: str, columns: list[str], rows: Any) -> None:
    waiting: list[Any] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == tables.AT_ONCE:
            await target.add(name, columns, waiting)
            waiting = []
    if waiting:
        await target.add(name, columns, waiting)


async def _settle(target: Target) -> None:
    """End the tasks that were under way: nobody works on them any more, and those that waited are out of date."""
    now, unfinished = datetime.now(UTC), sorted(UNFINISHED)
    await target.execute(_MOVES, [now, *unfinished])
    await target.execute(_STOPS, [now, *unfinished])


_HOLES: Final = ", ".join("?" for _ in UNFINISHED)
_MOVES: Final = f"""
    INSERT INTO "task_move" ("task_id", "at", "source", "target", "actor", "note")
    SELECT "id", ?, "status", '{STOPPED}', 'system', '{_NOTE}' FROM "task" WHERE "status" IN ({_HOLES})
"""  # noqa: S608 - of constants
_STOPS: Final = f"""
    UPDATE "task" SET "status" = '{STOPPED}', "end" = ?, "reason" = '{_NOTE}', "secret" = NULL,
        "lease_owner" = NULL, "lease_until" = NULL
    WHERE "status" IN ({_HOLES})
"""  # noqa: S608 - of constants


async def _restore_files(path: Path, files: Files) -> None:
    found = (item for item in archive.items(path) if item[0] != "row")
    ahead = next(found, None)
    while ahead is not None:
        name = ahead[1]

        async def data() -> AsyncIterator[bytes]:
            nonlocal ahead
            while (ahead := next(found, None)) is not None and ahead[0] == "piece":
                yield ahead[2][0]

        await files.store.put(files.params, name, data())


async def _check(settings: Settings, contents: Contents) -> None:
    """Count what is there now. Moves of tasks and tables of the moment are apart."""
    async with tables.opened(settings.database) as source:
        for name, wanted in contents.rows.items():
            count = 0
            async for rows in source.rows(name):
                count += len(rows)
            if count != wanted and not (name == "task_move" and count > wanted):
                raise Unavailable(f"The table {name} has {count} rows and should have {wanted}. Restore it again.")


async def _locked_ring(settings: Settings, passphrase: str) -> dict[str, Any]:
    ring = _present(settings)
    if ring is None:
        raise Invalid("There is no key ring to put into the backup.")
    keys = {name: base64.b64encode(key).decode() for name, key in ring.keys.items()}
    text = json.dumps({"active": ring.active, "keys": keys})
    return (await locked.lock(text, passphrase, _BOUND)).model_dump()


def _present(settings: Settings) -> Vault | None:
    return parse_ring(settings.vault_keys) if settings.vault_keys else read_ring(settings.data_dir)


async def _ring(settings: Settings, contents: Contents, passphrase: str, *, replace: bool) -> Vault | None:
    """Return the key ring to write, None where the one that is there fits. Raises `Invalid` where none does."""
    present = _present(settings)
    if not contents.canary or (present is not None and _opens(present, contents.canary)):
        return None
    if contents.keys is None:
        raise Invalid(
            "The secrets of this backup were sealed with a key ring that is not here. Put the vault.json that belongs "
            f"to it to {ring_file(settings.data_dir)}, or set HUB_VAULT_KEYS. Nothing was changed."
        )
    if not passphrase:
        raise Invalid("The key ring of this backup is locked: restore it with --with-keys and its passphrase.")
    brought = _parsed(await locked.unlock(Locked.read(contents.keys), passphrase, _BOUND))
    if not _opens(brought, contents.canary):
        raise Invalid("The key ring in this backup does not open its secrets. Nothing was changed.")
    if settings.vault_keys:
        raise Conflict("The key ring of this hub is in HUB_VAULT_KEYS and is another one. Unset it for the restore.")
    if present is not None and not replace:
        raise Conflict(f"{ring_file(settings.data_dir)} is another key ring. Move it away, then try again.")
    return brought


def _write_ring(settings: Settings, ring: Vault) -> None:
    """Put a key ring in place; the one that was there is kept beside it."""
    old = ring_file(settings.data_dir)
    if old.exists():
        old.replace(old.with_name(f"vault.{datetime.now(UTC):%Y%m%d%H%M%S}.json"))
    write_ring(settings.data_dir, ring)


def _parsed(text: str) -> Vault:
    stored: Mapping[str, Any] = json.loads(text)
    order = [stored["active"], *(name for name in stored["keys"] if name != stored["active"])]
    return parse_ring(",".join(f"{name}:{stored['keys'][name]}" for name in order))


def _opens(ring: Vault, canary: str) -> bool:
    try:
        return ring.open(canary, place("option", "value", CANARY)) == CANARY_TEXT
    except Unavailable:
        return False
