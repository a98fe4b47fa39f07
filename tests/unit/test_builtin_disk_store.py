"""Files that are all there or not there, under names that stay in their folder."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from hub.builtin.disk_store import PIECE, DiskParams, DiskStore, hub_blob_stores
from hub.plugin import NotReady, Refused

STORE = DiskStore()


@pytest.fixture
def params(tmp_path: Path) -> DiskParams:
    return DiskParams(folder=tmp_path / "data" / "blobs")


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def put(params: DiskParams, name: str, *parts: bytes) -> int:
    return await STORE.put(params, name, pieces(*parts))


async def get(params: DiskParams, name: str) -> bytes:
    return b"".join([piece async for piece in STORE.get(params, name)])


async def names(params: DiskParams, prefix: str = "") -> list[str]:
    return [name async for name in STORE.list(params, prefix)]


def test_the_store_is_called_disk() -> None:
    assert [store.name for store in hub_blob_stores()] == ["disk"]


@pytest.mark.parametrize("path", ["relative", "/", ""])
def test_the_folder_is_an_absolute_path_and_not_everything(path: str) -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        DiskParams(folder=path)


async def test_what_was_put_comes_back_in_pieces(params: DiskParams) -> None:
    data = os.urandom(3 * PIECE + 7)
    assert await put(params, "task/7/log", data[:10], data[10:], b"") == len(data)
    got = [piece async for piece in STORE.get(params, "task/7/log")]
    assert b"".join(got) == data
    assert max(map(len, got)) <= PIECE


async def test_an_empty_file_is_a_file(params: DiskParams) -> None:
    assert await put(params, "empty") == 0
    assert await get(params, "empty") == b""
    assert await names(params) == ["empty"]


async def test_w58_files_and_folders_belong_to_their_user_alone(params: DiskParams) -> None:
    old = os.umask(0)
    try:
        await put(params, "a/b/c", b"x")
    finally:
        os.umask(old)
    for path in (params.folder, *params.folder.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


async def test_a_second_put_replaces_the_first_while_a_reader_goes_on_with_the_old(params: DiskParams) -> None:
    await put(params, "plan", b"old" * PIECE)
    reader = STORE.get(params, "plan")
    first = await anext(reader)
    await put(params, "plan", b"new")
    assert first + b"".join([piece async for piece in reader]) == b"old" * PIECE
    assert await get(params, "plan") == b"new"


async def test_a_source_that_fails_leaves_the_old_file_and_nothing_else(params: DiskParams) -> None:
    await put(params, "plan", b"old")

    async def failing() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError("the source went away")

    with pytest.raises(ConnectionResetError, match="the source went away"):
        await STORE.put(params, "plan", failing())
    assert await get(params, "plan") == b"old"
    assert drafts(params) == []


async def test_a_cancelled_put_leaves_nothing(params: DiskParams) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"half"
        begun.set()
        await never.wait()

    task = asyncio.create_task(STORE.put(params, "plan", endless()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names(params) == []
    assert drafts(params) == []


async def test_puts_of_one_name_at_once_end_with_one_of_them_whole(params: DiskParams) -> None:
    versions = [bytes([number]) * 50_000 for number in range(8)]
    await asyncio.gather(*(put(params, "same", version[:9], version[9:]) for version in versions))
    assert await get(params, "same") in versions


async def test_what_a_dead_process_left_is_swept_after_a_day(params: DiskParams) -> None:
    await put(params, "first", b"x")
    old, young = (params.folder / "~incoming" / name for name in ("old", "young"))
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (1, 1))
    await put(params, "second", b"x")
    assert not old.exists()
    assert young.exists()
    assert await names(params) == ["first", "second"]


async def test_names_come_in_order_and_by_prefix(params: DiskParams) -> None:
    every = ["a", "b-1/x", "b.txt", "b/1/x", "b/10/x", "b/2", "b0", "c/d/e/f"]
    for name in reversed(every):
        await put(params, name, b"x")
    assert await names(params) == sorted(every)
    for prefix in ("a", "b", "b/", "b/1", "b/1/", "b-", "c/d/e/f", "c/d", "zzz", "c/d/e/f/g"):
        assert await names(params, prefix) == [name for name in sorted(every) if name.startswith(prefix)], prefix


async def test_an_absent_store_is_an_empty_store(params: DiskParams) -> None:
    assert await names(params) == []
    await STORE.delete(params, "nothing")
    with pytest.raises(Refused, match="no stored file"):
        await get(params, "nothing")


async def test_a_deleted_file_is_gone_with_the_folders_it_leaves_empty(params: DiskParams) -> None:
    await put(params, "task/1/log", b"x")
    await put(params, "task/2/log", b"x")
    await STORE.delete(params, "task/1/log")
    await STORE.delete(params, "task/1/log")
    assert await names(params) == ["task/2/log"]
    assert not (params.folder / "task" / "1").exists()
    with pytest.raises(Refused, match="no stored file"):
        await get(params, "task/1/log")
    await STORE.delete(params, "task/2/log")
    assert not (params.folder / "task").exists()
    assert params.folder.is_dir()


async def test_a_file_and_a_folder_of_one_name_do_not_fit_together(params: DiskParams) -> None:
    await put(params, "a", b"x")
    with pytest.raises(Refused, match="a part of it is a file"):
        await put(params, "a/b", b"x")
    await put(params, "c/d", b"x")
    with pytest.raises(Refused, match="a part of it is a file"):
        await put(params, "c", b"x")
    for absent in ("a/b", "c"):
        with pytest.raises(Refused, match="no stored file"):
            await get(params, absent)
        await STORE.delete(params, absent)
    assert await names(params) == ["a", "c/d"]
    assert drafts(params) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/..",
        "./a",
        "/etc/passwd",
        "a//b",
        "a/",
        "a\0b",
        "a\n",
        "a b",
        "~incoming/x",
        "é",
        "a\\b",
        "x" * 256,
        "a/" * 600 + "a",
    ],
)
async def test_no_name_leads_out_of_the_folder(params: DiskParams, name: str) -> None:
    with pytest.raises(Refused, match="A stored file's name"):
        await put(params, name, b"x")
    with pytest.raises(Refused, match="A stored file's name"):
        await get(params, name)
    with pytest.raises(Refused, match="A stored file's name"):
        await STORE.delete(params, name)


@pytest.mark.parametrize("name", ["...", "a..b", "..a", ".hidden", "a/.b/c-_.d"])
async def test_dots_inside_a_name_are_fine(params: DiskParams, name: str) -> None:
    await put(params, name, b"x")
    assert await names(params) == [name]
    assert await names(params, name[:3]) == [name]


@pytest.mark.parametrize("prefix", ["../", "a/../b", "./", "/", "a//", "~", "a b"])
async def test_no_prefix_leads_out_of_the_folder(params: DiskParams, prefix: str) -> None:
    with pytest.raises(Refused, match="A stored file's name"):
        await names(params, prefix)


async def test_a_link_in_the_store_leads_nowhere(params: DiskParams, tmp_path: Path) -> None:
    await put(params, "real", b"x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"outside")
    (params.folder / "link").symlink_to(outside)
    (params.folder / "direct").symlink_to(outside / "secret")
    for work in (put(params, "link/new", b"x"), get(params, "link/secret"), STORE.delete(params, "link/secret")):
        with pytest.raises(Refused, match="through a link"):
            await work
    with pytest.raises((Refused, NotReady)):
        await get(params, "direct")
    assert await names(params) == ["real"]
    assert [path.name for path in outside.iterdir()] == ["secret"]


async def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    params = DiskParams(folder=tmp_path / "file" / "below")
    with pytest.raises(NotReady, match="cannot be used just now"):
        await put(params, "a", b"x")


def drafts(params: DiskParams) -> list[Path]:
    return list((params.folder / "~incoming").iterdir())
