"""Running a program: all of its output, and its result (W-33, W-38)."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from hub.worker import family
from hub.worker.process import CannotStart, Command, TooMuchOutput, capture, run

from .worker_programs import ENV, Heard, descriptors, heard, python, shell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")


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
    before = descriptors()
    with pytest.raises(CannotStart, match=sentence) as caught:
        await heard(Command(argv, tmp_path / cwd, {**ENV, "PASSWORD": "hunter2"}))
    assert str(caught.value).endswith(".")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert descriptors() == before


async def test_a_bad_variable_name_is_told_without_its_value() -> None:
    with pytest.raises(CannotStart) as caught:
        await heard(Command(("true",), Path("/"), {"A=B": "hunter2"}))
    assert "hunter2" not in str(caught.value)


async def test_a_marker_that_could_break_out_of_the_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="marker"):
        await heard(shell("true"), marker="a\0b")


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
