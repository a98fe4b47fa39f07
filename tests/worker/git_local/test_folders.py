"""What checkouts leave on disk: private, and gone when it is used no more; nothing out of the roots."""

from __future__ import annotations

import os
import stat

import pytest

from hub.errors import Invalid
from hub.testing.git_server import Repository
from hub.worker.git import Mirrors
from hub.worker.git.locks import held


async def test_everything_is_private(desk, repo):
    """W-58"""
    repo.path.joinpath("run.sh").write_text("#!/bin/sh")
    repo.path.joinpath("run.sh").chmod(0o755)
    repo.commit("A program")
    _, target = await desk.checkout(repo.path, "main")
    for top in (desk.root / "mirrors", target):
        for path in [top, *top.rglob("*")]:
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert os.access(target / "run.sh", os.X_OK)


async def test_a_released_checkout_is_gone_at_once_and_leaves_nothing(desk, repo):
    _, target = await desk.checkout(repo.path, "main")
    (target / "locked").mkdir()
    (target / "locked/file").write_text("x")
    (target / "locked").chmod(0o500)
    await desk.mirrors.release(target)
    assert not target.exists()
    await desk.mirrors.close()
    assert list((desk.root / "mirrors/rubbish").iterdir()) == []
    await desk.mirrors.release(target)
    assert (await desk.checkout(repo.path, "main"))[0].message == "First"


async def test_the_sweep_removes_left_overs_and_keeps_what_is_used(desk, repo):
    await desk.checkout(repo.path, "main")
    mirrors = desk.root / "mirrors"
    used = desk.mirror()
    for name in ("rubbish/x", "half.new", "busy.new", "old.git"):
        (mirrors / name).mkdir(parents=True)
    os.utime(mirrors / "old.git", (0, 0))
    async with held(mirrors / "busy.lock"):
        await Mirrors(mirrors, local_roots=[]).sweep()
    assert not (mirrors / "rubbish/x").exists()
    assert not (mirrors / "half.new").exists()
    assert not (mirrors / "old.git").exists()
    assert (mirrors / "busy.new").exists()
    assert used.exists()


async def test_a_repository_may_not_lead_out_of_the_roots(desk, repo):
    """W-55"""
    hidden = Repository(desk.root / "hidden")
    hidden.commit("Secret")
    (desk.sources / "a").mkdir()
    (desk.sources / "a/.git").symlink_to(hidden.path / ".git")
    (desk.sources / "b").mkdir()
    (desk.sources / "b/.git").write_text(f"gitdir: {hidden.path}/.git\n")
    (desk.sources / "c").symlink_to(hidden.path)
    for name in "abc":
        for url in (desk.sources / name, f"file://{desk.sources}/{name}"):
            with pytest.raises(Invalid, match="HUB_LOCAL_REPOSITORY_ROOTS"):
                await desk.checkout(url, "main")
