"""Running a program: what it gets from the hub, and that it leaves nothing behind (W-70)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from hub.worker.process import Command

from .worker_programs import descriptors, heard, python, shell, stopped, zombie

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")


# What the program gets


async def test_it_gets_the_given_environment_and_the_mark_only() -> None:
    _, data = await heard(Command(("/usr/bin/env",), Path("/"), {"A": "1"}, 1), "task/7.1")
    assert sorted(data.split()) == [b"A=1", b"HUB_RUN=task/7.1"]


async def test_its_files_are_private_its_input_is_empty_and_its_session_its_own() -> None:
    """W-58."""
    script = "umask; cat; ls -l /proc/$$/fd/0 | sed 's/.*-> //'; cut -d' ' -f 1,5,6 /proc/$$/stat"
    _, data = await heard(shell(script))
    mask, stdin, ids = data.decode().splitlines()
    assert mask == "0077"
    assert stdin == "/dev/null"
    assert len(set(ids.split())) == 1


async def test_no_descriptor_of_the_hub_is_inherited_not_even_an_inheritable_one() -> None:
    reader, writer = os.pipe()
    os.set_inheritable(reader, True)
    try:
        _, data = await heard(python("import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])"))
    finally:
        os.close(reader)
        os.close(writer)
    assert data == b"[0, 1, 2]\n"


async def test_a_broken_pipe_ends_a_program_as_it_would_in_a_terminal() -> None:
    code, data = await heard(shell("yes | head -n 1"))
    assert (code, data) == (0, b"y\n")


# Leaving nothing behind


async def test_100_programs_at_once_end_well() -> None:
    results = await asyncio.gather(*(heard(shell(f"echo {n}; exit {n}"), f"many/{n}") for n in range(100)))
    assert results == [(n, b"%d\n" % n) for n in range(100)]


async def test_after_100_runs_there_is_no_zombie_and_no_open_descriptor() -> None:
    await heard(shell("true"))
    before = descriptors()
    for index in range(100):
        await heard(shell("sleep 100 >/dev/null 2>&1 & exit 0"), f"leak/{index}")
    assert descriptors() == before
    assert zombie() is None


async def test_where_there_is_no_pidfd_a_thread_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert await heard(shell("echo said; exit 4")) == (4, b"said\n")
    code, _ = await stopped(shell("echo ready; sleep 1000"))
    assert code == -signal.SIGTERM
