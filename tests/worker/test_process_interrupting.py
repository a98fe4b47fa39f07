"""Programs that want it are interrupted alone, before their whole family is told to end."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

import pytest

from .worker_programs import python, stopped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc, which is Linux")

# A handler may run while the program is still inside a print, and a print within a print is an error of Python. So all
# that these programs say goes straight to the descriptor.
WITH_CHILD = """
import os, signal, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal, time; print('ready', flush=True); time.sleep(300)"])
def interrupted(number, frame):
    os.write(1, f"interrupted, child {child.poll()}".encode())
    child.kill(); child.wait()
    sys.exit(5)
signal.signal(signal.SIGINT, interrupted)
signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b"terminated"), sys.exit(6)))
signal.pause()
"""


async def test_a_program_that_wants_it_is_interrupted_alone_and_ends_its_children_itself() -> None:
    code, sink = await stopped(replace(python(WITH_CHILD), interrupt=True))
    assert code == 5
    assert b"interrupted, child None" in sink.data
    assert b"terminated" not in sink.data


async def test_a_program_that_does_not_end_when_interrupted_is_told_and_killed() -> None:
    deaf = python("import os, signal; signal.signal(2, lambda *_: os.write(1, b'deaf')); os.write(1, b'ready')\n"
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
