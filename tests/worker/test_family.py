"""Nothing that a program starts outlives it, however it hides (W-38)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.worker import family
from hub.worker.process import run

sys.path.insert(0, str(Path(__file__).parent))
from worker_programs import ENV, Heard, lives, python, shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")

# Each of these starts a process that hides, prints its pid and leaves it alone or stays.
HIDING = {
    "in the background": "sleep 1000 & echo $!",
    "in the background and silent": "sleep 1000 >/dev/null 2>&1 & echo $!",
    "in another session": "setsid sh -c 'echo $$; exec sleep 1000' & wait_line",
    "as a daemon": "setsid sh -c 'echo $$; exec >/dev/null 2>&1; (exec sleep 1000) & ' & wait_line",
    "behind nohup": "nohup sh -c 'echo $$; exec sleep 1000' 2>/dev/null & wait_line",
    "without environment": "env -i sh -c 'echo $$; exec sleep 1000' & wait_line",
}
TWICE = """
import os, sys, signal, time
r, w = os.pipe()
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    print(os.getpid(), flush=True)
    if SILENT:
        os.dup2(os.open("/dev/null", os.O_RDWR), 1); os.dup2(1, 2)
    signal.signal(15, signal.SIG_IGN) if DEAF else None
    os.write(w, b"x"); os.close(w)
    while True: signal.pause()
os.close(w)
os.read(r, 1)
STAY and (print("ready", flush=True), signal.pause())
"""


def twice(*, silent: bool, deaf: bool = False, stay: bool = False) -> str:
    return f"SILENT, DEAF, STAY = {silent}, {deaf}, {stay}\n{TWICE}"


@pytest.mark.parametrize("way", HIDING)
async def test_a_process_left_behind_is_ended(way: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    sink = Heard()
    script = HIDING[way].replace("wait_line", "read go <fifo")
    running = asyncio.create_task(run(shell(script, cwd=tmp_path), sink, asyncio.Event(), marker="left/1"))
    await sink.until(b"\n")
    if "fifo" in script:
        await asyncio.to_thread((tmp_path / "fifo").write_text, "go\n")
    assert await running == 0
    assert len(sink.numbers()) == 1
    assert not lives(sink.numbers()[0])
    assert family.members("left/1", 0) == set()


@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.parametrize("deaf", [True, False])
async def test_a_process_that_forked_twice_into_its_own_session_is_ended(*, silent: bool, deaf: bool) -> None:
    sink = Heard()
    program = python(twice(silent=silent, deaf=deaf), grace=0.2)
    assert await run(program, sink, asyncio.Event(), marker="twice/1") == 0
    assert not lives(sink.numbers()[0])


async def test_a_stop_reaches_those_who_left_the_group() -> None:
    sink, stop = Heard(), asyncio.Event()
    running = asyncio.create_task(run(python(twice(silent=True, stay=True)), sink, stop, marker="stop/1"))
    await sink.until(b"ready")
    escaped = sink.numbers()[0]
    assert escaped in family.members("stop/1", 0)
    stop.set()
    assert await running == -signal.SIGTERM
    assert not lives(escaped)


async def test_a_child_without_environment_in_its_own_session_is_found_by_its_living_parent() -> None:
    sink, stop = Heard(), asyncio.Event()
    program = shell("env -i setsid sh -c 'echo $$ ready; exec sleep 1000 >/dev/null 2>&1' & wait")
    running = asyncio.create_task(run(program, sink, stop, marker="wiped/1"))
    await sink.until(b"ready")
    stop.set()
    assert await running == -signal.SIGTERM
    assert not lives(sink.numbers()[0])


async def test_members_are_the_leader_and_all_it_started_and_nobody_else() -> None:
    sink, stop = Heard(), asyncio.Event()
    other = asyncio.create_task(run(shell("echo other; exec sleep 1000"), other_sink := Heard(), stop, marker="m/12"))
    running = asyncio.create_task(run(shell("sleep 1000 & echo $$ $! ready; wait"), sink, stop, marker="m/1"))
    await asyncio.gather(sink.until(b"ready"), other_sink.until(b"other"))
    leader, child = sink.numbers()
    assert family.members("m/1", leader) == {leader, child}
    assert family.members("m/1", 0) == {leader, child}
    assert os.getpid() not in family.members("m/1", leader)
    stop.set()
    await asyncio.gather(running, other)


async def test_two_runs_side_by_side_leave_each_other_alone() -> None:
    stop, sink = asyncio.Event(), Heard()
    long = asyncio.create_task(run(shell("sleep 1000 & echo $! ready; wait"), sink, stop, marker="side/1"))
    await sink.until(b"ready")
    for index in range(5):
        await run(shell("sleep 1000 >/dev/null 2>&1 & exit 0"), Heard(), asyncio.Event(), marker=f"side/1{index}")
    assert lives(sink.numbers()[0])
    stop.set()
    await long


def _orphan(marker: str, cwd: Path = Path("/")) -> int:
    """A process of a server that is gone: nobody of ours is its parent, its leader is dead."""
    script = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1' &"
    env = {**ENV, family.MARK: marker}
    return int(subprocess.run(["/bin/sh", "-c", script], env=env, cwd=cwd, stdout=subprocess.PIPE, check=True).stdout)


async def test_after_a_restart_the_leftovers_of_the_killed_server_are_ended_and_no_others() -> None:
    mine, theirs = _orphan("hub-a/1/2"), _orphan("hub-ab/1/2")
    try:
        assert await family.end_marked("hub-a/") == set()
        assert not lives(mine)
        assert lives(theirs)
    finally:
        await family.end_marked("hub-ab/")
    assert not lives(theirs)


@pytest.mark.parametrize("prefix", ["", "a b", "a\0"])
async def test_a_prefix_that_would_match_everything_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        await family.end_marked(prefix)


async def test_what_works_in_a_private_folder_is_found_without_any_mark(tmp_path: Path) -> None:
    (tmp_path / "task" / "repo").mkdir(parents=True)
    (tmp_path / "task2").mkdir()
    inside, beside = _orphan("x/1", tmp_path / "task" / "repo"), _orphan("x/2", tmp_path / "task2")
    try:
        assert await family.end_inside(tmp_path / "task") == set()
        assert not lives(inside)
        assert lives(beside)
    finally:
        await family.end_marked("x/")


async def test_a_later_process_with_the_same_pid_is_not_signalled() -> None:
    with subprocess.Popen(["sleep", "1000"]) as child:
        born = family._process(child.pid).born
        family._send(child.pid, born - 1, signal.SIGKILL)
        family._send(child.pid, born, signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM


async def test_a_name_with_spaces_and_parentheses_is_read_right(tmp_path: Path) -> None:
    odd = tmp_path / "a) R 1 (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "1000"]) as child:
        process = family._process(child.pid)
        assert (process.pid, process.parent, process.alive) == (child.pid, os.getpid(), True)
        child.kill()


async def test_without_proc_the_group_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family, "_HAS_PROC", False)
    sink, stop = Heard(), asyncio.Event()
    running = asyncio.create_task(run(shell("sleep 1000 & echo $! ready; wait", grace=0.2), sink, stop, marker="g/1"))
    await sink.until(b"ready")
    stop.set()
    assert await running == -signal.SIGTERM
    while lives(sink.numbers()[0]):  # it was told as well; nobody can be waited for who is not our child
        await asyncio.sleep(0.01)
    assert family.members("g/1", 0) == set()
