"""Running a program: all of its output, its result, and its end (W-33, W-38, W-58, W-70)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from hub.worker import family
from hub.worker.process import CannotEnd, CannotStart, Command, TooMuchOutput, capture, run

sys.path.insert(0, str(Path(__file__).parent))
from worker_programs import ENV, Heard, lives, python, shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")


async def heard(command: Command, marker: str = "test/1") -> tuple[int, bytes]:
    sink = Heard()
    return await run(command, sink, asyncio.Event(), marker=marker), sink.data


async def stopped(command: Command, *, when: bytes = b"ready", marker: str = "test/1") -> tuple[int, Heard]:
    """Run until the program says that it is ready, stop it, and wait for its end."""
    sink, stop = Heard(), asyncio.Event()
    running = asyncio.create_task(run(command, sink, stop, marker=marker))
    await sink.until(when)
    stop.set()
    return await running, sink


# Output


async def test_all_output_of_200_short_programs_that_exit_at_once_is_there() -> None:
    """W-33."""
    lines = b"".join(b"line %d\n" % number for number in range(400))
    program = python("import sys; sys.stdout.write(''.join('line %d\\n' % n for n in range(400)))")
    for start in range(0, 200, 20):
        results = await asyncio.gather(*(heard(program, f"short/{start + index}") for index in range(20)))
        assert all(result == (0, lines) for result in results)


async def test_the_order_of_standard_output_and_error_is_kept() -> None:
    code, data = await heard(shell("for i in 1 2 3 4 5 6 7 8; do echo out $i; echo err $i >&2; done"))
    assert code == 0
    assert data == b"".join(b"out %d\nerr %d\n" % (number, number) for number in range(1, 9))


async def test_a_slow_sink_makes_the_program_wait_instead_of_filling_the_memory(tmp_path: Path) -> None:
    """W-70: with the sink held, the program gets one block and one full pipe away, and not a byte more."""
    total = 8 << 20
    taken, go, begun = 0, asyncio.Event(), asyncio.Event()

    async def slow(block: bytes) -> None:
        nonlocal taken
        begun.set()
        await go.wait()
        taken += len(block)

    script = f"""
import os, select
os.set_blocking(1, False)
left, told = {total}, False
while left:
    try:
        left -= os.write(1, b"x" * min(4096, left))
    except BlockingIOError:
        # Full twice in a row without having got rid of anything: the reader has stopped reading.
        if not told and not select.select([], [1], [], 0.2)[1]:
            fifo = os.open({str(tmp_path / "fifo")!r}, os.O_WRONLY)
            os.write(fifo, b"%d" % ({total} - left))
            os.close(fifo)
            told = True
        select.select([], [1], [])
"""
    os.mkfifo(tmp_path / "fifo")
    running = asyncio.create_task(run(python(script), slow, asyncio.Event(), marker="slow/1"))
    await begun.wait()
    written = int(await asyncio.to_thread((tmp_path / "fifo").read_bytes))
    assert written <= 3 * 65536
    assert taken == 0
    go.set()
    assert await running == 0
    assert taken == total


async def test_a_tee_that_outlives_its_shell_for_a_moment_loses_nothing(tmp_path: Path) -> None:
    script = "mkfifo pipe; tee <pipe & exec >pipe; seq 1 20000; exit 3"
    code, data = await heard(shell(script, cwd=tmp_path))
    assert code == 3
    assert data == b"".join(b"%d\n" % number for number in range(1, 20001))


async def test_a_program_that_closes_its_output_and_goes_on_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    running = asyncio.create_task(heard(shell("echo said; exec >&- 2>&-; read word <fifo; exit $word", cwd=tmp_path)))
    await asyncio.to_thread((tmp_path / "fifo").write_text, "7\n")
    assert await running == (7, b"said\n")


async def test_a_stranger_who_holds_the_pipe_does_not_keep_the_run_open(tmp_path: Path) -> None:
    """Somebody outside of the family has the output's descriptor; what the program wrote is complete all the same."""
    os.mkfifo(tmp_path / "fifo")
    sink = Heard()
    program = shell("echo $$; read go <fifo; seq 1 10000", cwd=tmp_path)
    running = asyncio.create_task(run(program, sink, asyncio.Event(), marker="held/1"))
    await sink.until(b"\n")
    stranger = os.open(f"/proc/{sink.numbers()[0]}/fd/1", os.O_WRONLY)
    await asyncio.to_thread((tmp_path / "fifo").write_text, "go\n")
    assert await running == 0
    assert sink.data.endswith(b"\n9999\n10000\n")
    os.close(stranger)


# Results


@pytest.mark.parametrize("code", [0, 1, 2, 42, 255])
async def test_the_exit_code_is_returned(code: int) -> None:
    assert await heard(shell(f"exit {code}")) == (code, b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
async def test_death_by_a_signal_is_its_negative_number(number: signal.Signals) -> None:
    assert (await heard(shell(f"ulimit -c 0; kill -{number.value} $$")))[0] == -number


async def test_a_program_is_found_by_the_path_of_its_own_environment(tmp_path: Path) -> None:
    (tmp_path / "tool").write_text("#!/bin/sh\necho mine\n")
    (tmp_path / "tool").chmod(0o700)
    assert await heard(Command(("tool",), Path("/"), {"PATH": str(tmp_path)})) == (0, b"mine\n")


@pytest.mark.parametrize(
    ("argv", "cwd", "sentence"),
    [
        (("no-such-program",), "/", "was not found"),
        (("/no/such/program",), "/", "was not found"),
        (("./orphan",), ".", "interpreter"),
        (("./plain",), ".", "may not be executed"),
        (("./text",), ".", "no program"),
        (("true",), "./missing", "folder"),
        (("true",), "./plain", "folder"),
        (("true", "x" * 5_000_000), "/", "given too much"),
        (("true", "nul\0"), "/", "not allowed"),
        ((), "/", "its name is empty"),
    ],
)
async def test_a_program_that_cannot_start_is_told_in_a_sentence_without_values(
    argv: tuple[str, ...], cwd: str, sentence: str, tmp_path: Path
) -> None:
    for name, text, mode in (("orphan", "#!/no/such\n", 0o700), ("plain", "", 0o600), ("text", "echo", 0o700)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    before = _descriptors()
    with pytest.raises(CannotStart, match=sentence) as caught:
        await heard(Command(argv, tmp_path / cwd, {**ENV, "PASSWORD": "hunter2"}))
    assert str(caught.value).endswith(".")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert _descriptors() == before


async def test_a_bad_variable_name_is_told_without_its_value() -> None:
    with pytest.raises(CannotStart) as caught:
        await heard(Command(("true",), Path("/"), {"A=B": "hunter2"}))
    assert "hunter2" not in str(caught.value)


async def test_a_marker_that_could_break_out_of_the_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="marker"):
        await heard(shell("true"), marker="a\0b")


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


# The end


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
    assert _zombie() is None


# Leaving nothing behind


async def test_100_programs_at_once_end_well() -> None:
    results = await asyncio.gather(*(heard(shell(f"echo {n}; exit {n}"), f"many/{n}") for n in range(100)))
    assert results == [(n, b"%d\n" % n) for n in range(100)]


async def test_after_100_runs_there_is_no_zombie_and_no_open_descriptor() -> None:
    await heard(shell("true"))
    before = _descriptors()
    for index in range(100):
        await heard(shell("sleep 100 >/dev/null 2>&1 & exit 0"), f"leak/{index}")
    assert _descriptors() == before
    assert _zombie() is None


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _zombie() -> os.waitid_result | None:
    with contextlib.suppress(ChildProcessError):
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return None


async def test_where_there_is_no_pidfd_a_thread_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    assert await heard(shell("echo said; exit 4")) == (4, b"said\n")
    code, _ = await stopped(shell("echo ready; sleep 1000"))
    assert code == -signal.SIGTERM


# Capture


async def test_capture_returns_output_and_hands_errors_on() -> None:
    errors = Heard()
    code, output = await capture(
        shell("echo out; echo err >&2; exit 5"), asyncio.Event(), marker="capture/1", errors=errors
    )
    assert (code, output, errors.data) == (5, b"out\n", b"err\n")


async def test_capture_ends_a_program_that_writes_more_than_can_be_kept() -> None:
    with pytest.raises(TooMuchOutput, match="1000 bytes"):
        await capture(shell("yes"), asyncio.Event(), marker="capture/2", errors=Heard(), limit=1000)
    assert family.members("capture/2", 0) == set()


# Interrupting: the program alone is told first

WITH_CHILD = """
import signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal, time; print('ready', flush=True); time.sleep(300)"])
def interrupted(number, frame):
    print("interrupted, child", child.poll(), flush=True)
    child.kill(); child.wait()
    sys.exit(5)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, lambda *_: (print("terminated", flush=True), sys.exit(6)))
signal.pause()
"""


async def test_a_program_that_wants_it_is_interrupted_alone_and_ends_its_children_itself() -> None:
    code, sink = await stopped(replace(python(WITH_CHILD), interrupt=True))
    assert code == 5
    assert b"interrupted, child None" in sink.data
    assert b"terminated" not in sink.data


async def test_a_program_that_does_not_end_when_interrupted_is_told_and_killed() -> None:
    deaf = python("import signal; signal.signal(2, lambda *_: print('deaf', flush=True)); print('ready', flush=True)\n"
                  "while True: signal.pause()")  # fmt: skip
    code, sink = await stopped(replace(deaf, interrupt=True, grace=0.3))
    assert code == -signal.SIGTERM
    assert b"deaf" in sink.data
    code, sink = await stopped(replace(python(WITH_CHILD.replace("sys.exit(5)", "pass").replace("signal.pause()",
                               "[signal.pause() for _ in range(9)]")), interrupt=True, grace=0.3))  # fmt: skip
    assert code == 6
    assert b"terminated" in sink.data


async def test_nobody_is_interrupted_without_grace() -> None:
    code, sink = await stopped(replace(python(WITH_CHILD), interrupt=True, grace=0))
    assert code == -signal.SIGKILL
    assert b"interrupted" not in sink.data
