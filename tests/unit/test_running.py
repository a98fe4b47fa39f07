"""What `hub serve` and `hub worker` do alike when they start."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from hub.cli.running import wait_for_children_quietly


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="Python waits without a thread by itself from 3.12 on")
async def test_the_end_of_a_program_is_heard_without_a_thread_that_waits_for_it():
    policy = asyncio.get_event_loop_policy()
    former = policy.get_child_watcher()
    wait_for_children_quietly()
    try:
        before = threading.active_count()
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", "input(); raise SystemExit(7)", stdin=-1)
        during = threading.active_count()
        await program.communicate(b"\n")
        assert (during, program.returncode) == (before, 7)
    finally:
        policy.set_child_watcher(former)
