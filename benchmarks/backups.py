"""Measures how long `hub backup` takes for a hub with a million tasks, and how much memory.

usage: python benchmarks/backups.py [--tasks 1000000]
       python benchmarks/backups.py --data FOLDER [--url URL]      backs up a hub that `seed.py` has filled before
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from seed import seed


def back_up(data: Path, database_url: str, file: Path) -> str:
    """Run it as people do; return the figures."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment["HUB_DATA_DIR"] = str(data)
    if database_url:
        environment["HUB_DATABASE_URL"] = database_url
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "hub", "backup", str(file)], env=environment, check=True)
    took, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        f"took {took:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of processor time), at most "
        f"{used.ru_maxrss / 1024:.0f} MB of memory; the file has {file.stat().st_size / 2**20:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        data = given.data or Path(folder) / "data"
        if not given.data:
            asyncio.run(seed(data, tasks=given.tasks))
        print(back_up(data, given.url, Path(folder) / "all.backup"))


if __name__ == "__main__":
    main()
