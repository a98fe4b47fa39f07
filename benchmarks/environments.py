"""Measures Python environments: a script's first run with requirements, further runs, and what a warm one costs.

usage: python benchmarks/environments.py [--rounds 20] [REQUIREMENT …]

The requirements (`ansible-core==2.18.*` when none are named) are installed from the index that pip is set up for.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hub_shell.interpreters import PythonExecutor

from hub.plugin import NoParams, PythonNeeds, Requirements, python_environment
from hub.testing import RunningIO, task_view
from hub.worker.shared import SharedFolders


class WorkersIO(RunningIO):
    """Shares folders as a worker does."""

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        return await SharedFolders(self.cache).folder(name, fill)


async def _timed(work: Awaitable[Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = await work
    return time.perf_counter() - began, result


async def _measure(folder: Path, requirements: list[str], rounds: int) -> None:
    base = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    io = WorkersIO(folder, base=base | {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"})
    (io.checkout / "run.py").write_text("print('done')\n")
    task, executor = task_view(io.checkout, app="python", script="run.py"), PythonExecutor(sys.executable)

    async def run() -> float:
        seconds, outcome = await _timed(executor.run(task, executor.params_type(), NoParams(), io))
        if outcome.kind != "success":
            raise SystemExit(f"{outcome.reason}\n{io.output}")
        return seconds

    bare = statistics.median([await run() for _ in range(rounds)])
    file = io.checkout / "requirements.txt"
    file.write_text("".join(f"{line}\n" for line in requirements))
    first = await run()
    further = statistics.median([await run() for _ in range(rounds)])
    needs = PythonNeeds([Requirements(file, io.checkout)], python=sys.executable)
    asking = statistics.median([(await _timed(python_environment(needs, task, io)))[0] for _ in range(rounds)])
    print(f"{', '.join(requirements)}, {rounds} rounds")
    print(f"script without requirements {bare * 1000:8.1f} ms")
    print(f"first run with them         {first * 1000:8.1f} ms")
    print(f"further runs                {further * 1000:8.1f} ms, ratio {first / further:.0f}")
    print(f"asking for a warm one       {asking * 1000:8.2f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("requirements", nargs="*", default=["ansible-core==2.18.*"])
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_measure(Path(name), asked.requirements, asked.rounds))


if __name__ == "__main__":
    main()
