"""Tasks that are stopped while git works for them (W-58)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hub.worker.git import GitStopped, Mirrors, Wish
from hub.worker.git.locks import held


async def test_a_stopped_task_starts_no_git_and_ends_a_waiting_one(desk, repo):
    desk.stop.set()
    with pytest.raises(GitStopped):
        await desk.checkout(repo.path, "main")


def lives(number: str) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_a_stop_ends_gits_whole_process_group(desk, repo, monkeypatch):
    """A stop during a clone does not wait for git."""
    tools = desk.root / "tools"
    tools.mkdir()
    pids = desk.root / "pids"
    os.mkfifo(pids)
    (tools / "git").write_text(
        f'#!/bin/sh\n[ "$1" = version ] && exit\nsleep 1000 &\nprintf "$$ $!\\n" > {pids}\nwait\n'
    )
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    desk.mirrors = Mirrors(desk.root / "mirrors", local_roots=[desk.sources])
    task = asyncio.create_task(desk.checkout(repo.path, "main"))
    numbers = (await asyncio.to_thread(pids.read_text)).split()
    desk.stop.set()
    with pytest.raises(GitStopped):
        await task
    for each in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait({each})
    while any(lives(number) for number in numbers):
        await asyncio.sleep(0.01)
    async with held(next((desk.root / "mirrors").glob("*.lock"))):
        pass


async def test_one_stopped_task_does_not_end_the_fetch_of_the_others(desk, repo):
    await desk.checkout(repo.path, "main")
    repo.commit("Second")
    stopped = asyncio.Event()
    wish = Wish(str(repo.path), "main")
    async with held(desk.mirror().with_suffix(".lock")):
        checkout = desk.mirrors.checkout(wish, desk.place(), credential=None, log=desk.log, stop=stopped)
        first, second = asyncio.create_task(checkout), asyncio.create_task(desk.checkout(repo.path, "main"))
        (only,) = desk.mirrors._mirrors.values()
        while not any(len(flight.members) == 2 for flight in only._boarding.values()):
            await asyncio.sleep(0)
        stopped.set()
        with pytest.raises(GitStopped):
            await first
    assert (await second)[0].message == "Second"
