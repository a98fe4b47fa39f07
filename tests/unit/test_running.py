"""What `hub serve` and `hub worker` do alike when they start."""

from __future__ import annotations

import subprocess
import sys

import pytest

WAITING = """
import asyncio, sys, threading
from hub.cli.running import wait_for_children_quietly

async def one():
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", "input(); raise SystemExit(7)", stdin=-1)
    threads = threading.active_count()
    await program.communicate(b"\\n")
    print(threads, program.returncode)

wait_for_children_quietly()
asyncio.run(one())
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python waits without a thread by itself from 3.12 on")
def test_the_end_of_a_program_is_heard_without_a_thread_that_waits_for_it() -> None:
    # In a process of its own: what hears of ends is one for the whole process.
    told = subprocess.run([sys.executable, "-c", WAITING], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "1 7\n"
