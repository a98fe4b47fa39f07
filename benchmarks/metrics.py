"""Measures what counting costs a request: the same hub with and without metrics, in turns, in one process.

usage: python benchmarks/metrics.py [--requests 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from hub.boot import open_hub
from hub.settings import Settings
from hub.web.app import make_app

ROUNDS = 10


async def ask(app, count: int) -> float:
    """Return the seconds that so many requests take, without a network."""
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/api/ping", "root_path": "",
        "raw_path": b"/api/ping", "query_string": b"", "headers": [(b"host", b"hub")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1), "extensions": {},
    }  # fmt: skip

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        pass

    began = time.process_time()
    for _ in range(count):
        await app(dict(scope), receive, send)
    return time.process_time() - began


async def measure(folder: Path, count: int) -> tuple[float, float]:
    plain = Settings(data_dir=folder, admin_password="changeme")
    async with open_hub(plain) as hub:
        apps = [make_app(hub).asgi_app]
        object.__setattr__(hub, "settings", plain.model_copy(update={"metrics": True}))
        apps.append(make_app(hub).asgi_app)
        times: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for kept, app in zip(times, apps, strict=True):
                kept.append(await ask(app, count))
        without, counted = (statistics.median(kept) / count * 1e6 for kept in times)
        return without, counted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        without, counted = asyncio.run(measure(Path(folder) / "data", parser.parse_args().requests))
    print(f"/api/ping without metrics {without:.1f} µs, with {counted:.1f} µs: ratio {counted / without:.3f}")


if __name__ == "__main__":
    main()
