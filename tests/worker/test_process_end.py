"""Running a program: its end, wanted or not (W-58)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from hub.worker import family
from hub.worker.process import CannotEnd, run

from .worker_programs import Heard, lives, python, shell, stopped, zombie

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")


async def test_a_stop_that_is_set_beforehand_starts_nothing(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    assert await run(shell("touch ran", cwd=tmp_path), Heard(), stop, marker="test/1") == -signal.SIGTERM
    assert not (tmp_path / "ran").exists()


async def test_a_stopped_program_may_clean_up_and_what_it_then_says_is_heard() -> None:
    code, sink = await stopped(shell("trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done"))
    assert code == 9
    assert sink.data.endswith(b"bye\n")


async def test_a_program_that_ignores_term_is_killed_after_the_grace() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    code, _ = await stopped(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", grace=0.3))
    assert code == -signal.SIGKILL
    assert loop.time() - began >= 0.3


async def test_without_grace_there_is_no_term() -> None:
    code, sink = await stopped(shell("trap 'echo bye' TERM; echo ready; while :; do sleep 0.01; done", grace=0))
    assert code == -signal.SIGKILL
    assert b"bye" not in sink.data


async def test_a_suspended_program_can_be_stopped() -> None:
    script = "(while ! grep -q 'State:.T' /proc/$$/status; do :; done; echo ready) & kill -STOP $$"
    code, sink = await stopped(shell(script))
    assert code == -signal.SIGTERM
    assert b"ready" in sink.data


async def test_a_script_with_200_children_is_stopped_with_all_of_them() -> None:
    """W-38."""
    script = """
import os, signal
for _ in range(200):
    if not os.fork():
        signal.pause()
        os._exit(0)
with open("/proc/self/task/%d/children" % os.getpid()) as f: print(f.read())
print("ready", flush=True)
signal.pause()
"""
    for _ in range(2):
        code, sink = await stopped(python(script))
        assert code == -signal.SIGTERM
        children = sink.numbers()
        assert len(children) == 200
        assert not any(map(lives, children))


async def test_a_program_that_forks_on_and_on_is_ended() -> None:
    script = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os.fork() or os.setsid())
print("ready", flush=True)
while True: signal.pause()
"""
    code, _ = await stopped(python(script, grace=0.2), marker="forks/1")
    assert code == -signal.SIGKILL
    assert family.members("forks/1", 0) == set()


async def test_a_cancelled_run_ends_the_family_with_grace_and_hears_it_out() -> None:
    sink = Heard()
    program = shell("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
    running = asyncio.create_task(run(program, sink, asyncio.Event(), marker="cancel/1"))
    await sink.until(b"ready")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sink.data.endswith(b"bye\n")
    assert family.members("cancel/1", 0) == set()


async def test_a_run_that_is_cancelled_twice_kills_at_once() -> None:
    sink = Heard()
    program = shell("trap 'echo $$ asked' TERM; echo ready; while :; do sleep 0.01; done", grace=3600)
    running = asyncio.create_task(run(program, sink, asyncio.Event(), marker="cancel/2"))
    await sink.until(b"ready")
    running.cancel()
    await sink.until(b"asked")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not lives(sink.numbers()[0])


async def test_a_sink_that_fails_ends_the_program_and_its_error_is_raised() -> None:
    async def full(_: bytes) -> None:
        raise OSError("No space left.")

    with pytest.raises(OSError, match="No space left"):
        await run(shell("yes"), full, asyncio.Event(), marker="full/1")
    assert family.members("full/1", 0) == set()


async def test_what_cannot_be_ended_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a program of another user; here the signals are withheld."""
    sink, stop = Heard(), asyncio.Event()
    with monkeypatch.context() as patch:
        patch.setattr(family, "_send", lambda *_: False)
        running = asyncio.create_task(
            run(shell("echo $$ ready; exec sleep 1000", grace=0), sink, stop, marker="sudo/1")
        )
        await sink.until(b"ready")
        stop.set()
        with pytest.raises(CannotEnd, match="by hand"):
            await running
    pid = sink.numbers()[0]
    os.kill(pid, signal.SIGKILL)
    for thread in threading.enumerate():
        if thread.name == f"reaper-{pid}":
            thread.join()
    assert zombie() is None
