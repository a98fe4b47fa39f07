"""The worker's shared cache: made once, kept while it is used, gone when nobody wants it any more."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.plugin import Stopped
from hub.worker.shared import SharedFolders

DAY = 86400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def folders(root: Path) -> SharedFolders:
    return SharedFolders(root)


async def fill(folder: Path) -> None:
    (folder / "it").write_text("made")


def last_used(root: Path, name: str, days: float) -> None:
    moment = time.time() - days * DAY
    os.utime(root / f".{name}.lock", (moment, moment))


def left(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir())


async def test_a_folder_is_made_once_for_all_that_wait_for_it(root: Path) -> None:
    """Each with its own view of the cache, as two processes have."""
    begun, go, made = asyncio.Event(), asyncio.Event(), []

    async def slowly(folder: Path) -> None:
        made.append(folder)
        begun.set()
        await go.wait()
        await fill(folder)

    asked = [asyncio.create_task(SharedFolders(root).folder("digest", slowly)) for _ in range(3)]
    await begun.wait()
    go.set()
    assert set(await asyncio.gather(*asked)) == {root / "digest"}
    assert len(made) == 1
    assert made[0] != root / "digest"


async def test_what_waits_for_another_can_be_stopped(root: Path) -> None:
    begun, go, waits = asyncio.Event(), asyncio.Event(), 0

    async def slowly(folder: Path) -> None:
        begun.set()
        await go.wait()

    def stopped() -> None:
        nonlocal waits
        waits += 1
        raise Stopped

    making = asyncio.create_task(SharedFolders(root).folder("digest", slowly))
    await begun.wait()
    with pytest.raises(Stopped):
        await SharedFolders(root).folder("digest", fill, None, stopped)
    go.set()
    assert await making == root / "digest"
    assert waits == 1


async def test_when_the_one_who_makes_it_fails_the_next_one_makes_it(folders: SharedFolders, root: Path) -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def badly(folder: Path) -> None:
        (folder / "half").touch()
        begun.set()
        await go.wait()
        raise OSError("no network")

    first = asyncio.create_task(folders.folder("digest", badly))
    await begun.wait()
    second = asyncio.create_task(folders.folder("digest", fill))
    go.set()
    with pytest.raises(OSError, match="no network"):
        await first
    assert [entry.name for entry in (await second).iterdir()] == ["it"]
    assert left(root) == [".digest.lock", "digest"]


async def test_a_folder_in_use_is_never_removed(folders: SharedFolders, root: Path) -> None:
    with ExitStack() as held:
        await folders.folder("digest", fill, held)
        last_used(root, "digest", 400)
        assert SharedFolders(root).clear(30) == 0
        assert SharedFolders(root).clear() == 0
        assert (root / "digest" / "it").read_text() == "made"
    assert folders.clear(30) == 1
    assert left(root) == []


async def test_a_folder_that_is_being_made_is_left_alone(folders: SharedFolders, root: Path) -> None:
    async def look(folder: Path) -> None:
        assert SharedFolders(root).clear() == 0
        await fill(folder)

    await folders.folder("digest", look)
    assert (root / "digest" / "it").is_file()


async def test_what_nobody_used_for_long_goes_and_use_keeps_the_rest(folders: SharedFolders, root: Path) -> None:
    for name in ("old", "new", "used"):
        await folders.folder(name, fill)
    last_used(root, "old", 31)
    last_used(root, "new", 29)
    last_used(root, "used", 31)
    await folders.folder("used", fill)
    assert folders.clear(30) == 1
    assert left(root) == [".new.lock", ".used.lock", "new", "used"]


async def test_what_a_killed_worker_left_half_made_goes(folders: SharedFolders, root: Path) -> None:
    await folders.folder("digest", fill)
    (root / ".digest.a1b2c3d4").mkdir()
    (root / ".other.a1b2c3d4" / "deep").mkdir(parents=True)
    (root / ".failed.lock").touch()
    assert folders.clear(30) == 0
    assert left(root) == [".digest.lock", "digest"]


async def test_a_folder_can_be_had_again_after_it_was_removed(folders: SharedFolders, root: Path) -> None:
    await folders.folder("digest", fill)
    assert folders.clear() == 1
    assert (await folders.folder("digest", fill) / "it").is_file()
