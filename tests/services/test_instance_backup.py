"""A whole hub as one file: between databases and back, all or nothing, and never without its key ring unnoticed."""

from __future__ import annotations

import gzip
import json
import stat
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.boot import open_hub
from hub.db import database, schema, tables
from hub.errors import HubError
from hub.models import Key, Project, Task, TaskChunk, TaskMove, Template, User, View
from hub.services import keys, projects
from hub.services.backup import archive, instance
from hub.services.backup.instance import Files
from hub.settings import Settings
from hub.testing.booted import administrator
from hub.testing.databases import DIALECTS, server_of
from hub.vault import new_key_text
from tests.web.backup_project import KEY_SECRET, furnished

PASSPHRASE = "correct horse battery"
RING = f"k1:{new_key_text()}"
PAIRS = [
    ("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres"), ("sqlite", "mysql"),
]  # fmt: skip


@asynccontextmanager
async def place(kind: str, data: Path, **more: Any) -> AsyncIterator[Settings]:
    """Settings of a hub without any tables yet."""
    given = {"data_dir": data, "vault_keys": RING, "admin_password": "changeme"} | more
    if kind == "sqlite":
        yield Settings(**given)
        return
    server = await server_of(kind)
    name = await server.create()
    yield Settings(**given, database_url=server.url(name))
    await server.drop(name)


_filled: dict[str, Any] = {}


async def fill(settings: Settings, plugins) -> None:
    """Use a hub for a while; the second time with a copy of the first one's file."""
    if not settings.embedded_database or settings.vault_keys != RING:
        await use(settings, plugins)
        return
    if "file" not in _filled:
        await use(settings, plugins)
        _filled["file"] = (settings.data_dir / "hub.sqlite3").read_bytes()
        return
    settings.data_dir.mkdir(mode=0o700)
    (settings.data_dir / "hub.sqlite3").write_bytes(_filled["file"])


async def use(settings: Settings, plugins) -> None:
    """Make a project with everything, and tasks with their logs."""
    await schema.upgrade(settings.database)
    async with open_hub(settings, plugins=plugins) as hub:
        actor = await administrator()
        pid = await furnished(hub, actor)
        template = await Template.filter(project_id=pid).first()
        for status in ("success", "running", "waiting"):
            task = await Task.create(project_id=pid, template=template, status=status, created=hub.clock(),
                                     params={"limit": ["a"]}, user_id=actor.user_id)  # fmt: skip
            await TaskChunk.create(task=task, seq=0, first_line=0, lines=1, time=hub.clock(), times=[[0, 1]],
                                   data=b"\x00\xff\n binary")  # fmt: skip


async def everything(settings: Settings) -> dict[str, list[Any]]:
    """All rows of all tables that outlive a restore, but for what the restore does to tasks."""
    found: dict[str, list[Any]] = {}
    async with tables.opened(settings.database) as source:
        for name, columns in source.columns.items():
            if name in instance.PASSING or name in {"task", "task_move"}:
                continue
            rows = [row async for some in source.rows(name) for row in some]
            found[name] = sorted(
                json.dumps(dict(zip(columns, map(comparable, row), strict=True)), sort_keys=True) for row in rows
            )
    return found


def comparable(value: Any) -> Any:
    """JSON texts are written with other spaces by every database, moments with other zeros."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


@pytest.mark.parametrize(("source", "target"), PAIRS)
async def test_a_hub_moves_from_any_database_to_any_and_nothing_is_lost(source, target, tmp_path, plugins):
    async with place(source, tmp_path / "one") as one, place(target, tmp_path / "two") as two:
        await fill(one, plugins)
        done = await instance.write(one, tmp_path / "hub.backup")
        assert done.rows["project"] == 1
        await instance.restore(two, tmp_path / "hub.backup")
        assert await everything(two) == await everything(one)
        async with open_hub(two, plugins=plugins) as hub:
            login = await Key.get(name="Login")
            assert (await keys.read_secret(hub, login))["password"] == KEY_SECRET
            assert [one.status for one in await Task.all().order_by("id")] == ["success", "stopped", "stopped"]
            assert await TaskMove.filter(target="stopped").count() == 2
            made = await projects.create_project(hub, await administrator(), projects.ProjectDraft(name="Next"))
            assert made["id"] == 2


async def test_the_file_is_private_whole_and_without_the_key_ring(tmp_path, plugins):
    async with place("sqlite", tmp_path / "one") as one:
        await fill(one, plugins)
        file = tmp_path / "hub.backup"
        await instance.write(one, file)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["hub.backup"]
        text = gzip.decompress(file.read_bytes()).decode()
        for secret in (KEY_SECRET, RING.partition(":")[2], "changeme"):
            assert secret not in text
        with pytest.raises(HubError, match="is there already"):
            await instance.write(one, file)


async def test_it_is_of_one_moment_and_hinders_nobody(tmp_path, plugins):
    for kind in DIALECTS:
        async with place(kind, tmp_path / kind) as one:
            await fill(one, plugins)
            async with database(one.database), tables.opened(one.database) as source:
                project = await Project.get()
                await View.create(project=project, title="Meanwhile")
                rows = [row async for some in source.rows("view") for row in some]
                assert "Meanwhile" not in str(rows)
                assert await View.filter(title="Meanwhile").exists()


async def test_a_hub_in_use_is_replaced_only_when_told(tmp_path, plugins):
    async with place("sqlite", tmp_path / "one") as one:
        await fill(one, plugins)
        await instance.write(one, tmp_path / "hub.backup")
        before = await everything(one)
        with pytest.raises(HubError, match="--replace"):
            await instance.restore(one, tmp_path / "hub.backup")
        async with open_hub(one, plugins=plugins) as hub:
            await User.create(username="late", name="L", email="l@example.org", created=hub.clock())
        await instance.restore(one, tmp_path / "hub.backup", replace=True)
        assert await everything(one) == before


def spoilt(file: Path, how: str) -> None:
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    changed = {
        "cut": lambda: file.write_bytes(file.read_bytes()[:-40]),
        "no end": lambda: file.write_bytes(gzip.compress(b"".join(lines[:-1]))),
        "a row less": lambda: file.write_bytes(gzip.compress(b"".join(lines[:-3] + lines[-2:]))),
        "a letter": lambda: file.write_bytes(gzip.compress(b"".join(lines).replace(b"Everything", b"Everythink"))),
        "more": lambda: file.write_bytes(gzip.compress(b"".join([*lines, lines[1]]))),
        "no gzip": lambda: file.write_bytes(b"".join(lines)),
        "empty": lambda: file.write_bytes(b""),
        "other JSON": lambda: file.write_bytes(gzip.compress(b'{"meta": {}}\n')),
        "newer": lambda: file.write_bytes(
            gzip.compress(b"".join(lines).replace(b'"hub_backup":1', b'"hub_backup":2'))
        ),
    }  # fmt: skip
    changed[how]()


@pytest.mark.parametrize(
    "how", ["cut", "no end", "a row less", "a letter", "more", "no gzip", "empty", "other JSON", "newer"]
)
async def test_a_damaged_file_is_told_before_anything_is_touched(how, tmp_path, plugins):
    async with place("sqlite", tmp_path / "one") as one:
        await fill(one, plugins)
        file = tmp_path / "hub.backup"
        await instance.write(one, file)
        before = await everything(one)
        spoilt(file, how)
        with pytest.raises(HubError):
            await instance.restore(one, file, replace=True)
        assert await everything(one) == before


@pytest.mark.parametrize("kind", DIALECTS)
async def test_rows_that_refer_to_nothing_undo_the_restore(kind, tmp_path, plugins):
    async with place("sqlite", tmp_path / "one") as one, place(kind, tmp_path / "two") as two:
        await fill(one, plugins)
        file = tmp_path / "hub.backup"
        found: list[Any] = []
        async with tables.opened(one.database) as source:
            with archive.created(file) as written:
                standing = await schema.status(one.database)
                columns = {name: list(source.columns[name]) for name in ("option", "view")}
                written.begin(archive.Contents("now", "0", list(standing.applied), columns))
                written.table("view")
                async for rows in source.rows("view"):
                    found += rows
                written.add(found)
                written.end()
        assert found
        await fill(two, plugins)
        before = await everything(two)
        with pytest.raises(HubError, match="refer to nothing"):
            await instance.restore(two, file, replace=True)
        assert await everything(two) == before


async def test_the_key_ring_travels_only_locked(tmp_path, plugins):
    async with place("sqlite", tmp_path / "one", vault_keys="") as one, place(
        "sqlite", tmp_path / "two", vault_keys=""
    ) as two:  # fmt: skip
        await fill(one, plugins)
        await instance.write(one, tmp_path / "plain")
        await instance.write(one, tmp_path / "locked", passphrase=PASSPHRASE)
        for name, passphrase, told in (
            ("plain", "", "not here"), ("locked", "", "--with-keys"), ("locked", "wrong passphrase", "do not open"),
        ):  # fmt: skip
            with pytest.raises(HubError, match=told):
                await instance.restore(two, tmp_path / name, passphrase=passphrase)
            assert not (tmp_path / "two").exists()
        await instance.restore(two, tmp_path / "locked", passphrase=PASSPHRASE)
        assert stat.S_IMODE((tmp_path / "two" / "vault.json").stat().st_mode) == 0o600
        async with open_hub(two, plugins=plugins) as hub:
            assert (await keys.read_secret(hub, await Key.get(name="Login")))["password"] == KEY_SECRET


async def test_files_of_tasks_travel_when_asked(tmp_path, plugins):
    def files(settings: Settings) -> Files:
        store = plugins.blob_stores["disk"]
        return Files(store, store.params_type.model_validate({"folder": str(settings.data_dir / "blobs")}))

    async def data(content: bytes) -> AsyncIterator[bytes]:
        yield content

    async with place("sqlite", tmp_path / "one") as one, place("sqlite", tmp_path / "two") as two:
        await fill(one, plugins)
        kept = {"tasks/1/plan": b"\x00" * 200_000, "tasks/1/empty": b"", "tasks/2/report": b"fine"}
        for name, content in kept.items():
            await files(one).store.put(files(one).params, name, data(content))
        done = await instance.write(one, tmp_path / "hub.backup", files=files(one))
        assert done.blobs == 3
        await instance.restore(two, tmp_path / "hub.backup", files=files(two))
        for name, content in kept.items():
            got = [piece async for piece in files(two).store.get(files(two).params, name)]
            assert b"".join(got) == content


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_backup_of_older_tables_is_brought_up_to_date(kind, tmp_path):
    async with place("sqlite", tmp_path / "one") as one, place(kind, tmp_path / "two") as two:
        one.data_dir.mkdir()
        await schema.upgrade(one.database, "0001")
        async with tables.emptied(one.database) as target:
            now = datetime.now(UTC).isoformat(sep=" ")
            await target.add("project", ["id", "name", "created", "alert", "max_parallel_tasks", "type"],
                             [[7, "Old", now, 0, 0, ""]])  # fmt: skip
        await instance.write(one, tmp_path / "hub.backup")
        await instance.restore(two, tmp_path / "hub.backup")
        assert await schema.check(two.database) is schema.State.CURRENT
        async with database(two.database):
            assert (await Project.get()).name == "Old"
            assert (await Project.create(name="x", created=datetime.now(UTC))).id == 8


async def test_memory_stays_flat_however_many_rows_there_are(tmp_path, plugins):
    async with place("sqlite", tmp_path / "one") as one, place("sqlite", tmp_path / "two") as two:
        await fill(one, plugins)
        tops = []
        for count in (2_000, 20_000):
            async with tables.emptied(one.database) as target:
                await target.add("option", ["key", "value"], ((f"k{n}", "x" * 900) for n in range(count)))
            tracemalloc.start()
            await instance.write(one, tmp_path / f"{count}")
            await instance.restore(two, tmp_path / f"{count}", replace=True)
            tops.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert tops[1] < tops[0] + 2_000_000
