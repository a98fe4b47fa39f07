"""A server is killed while somebody watches a task there: another one goes on at the very line. W-40, W-45."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from hub.testing.aftermath import NOTE
from hub.testing.databases import migrated
from hub.testing.redis_server import RedisServer
from hub.testing.tools import missing

from .hub_process import Cluster, Person, cluster

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Cluster]:
    notes = tmp_path / "notes"  # tasks may not write right beside the data folder
    notes.mkdir()
    wait = f"until [ -e {notes}/go.%s ]; do sleep 0.05; done"
    script = f"{NOTE.format(notes / 'starts')}seq 1 200; {wait % 1}; seq 201 400; {wait % 2}; seq 401 600\n"
    try:
        redis = RedisServer()
    except FileNotFoundError as error:
        missing(str(error))
        raise
    with redis:
        async with migrated("postgres") as url:
            scripts = {"count.sh": script, "hello.sh": "echo hello\n"}
            with cluster(tmp_path, scripts, HUB_DATABASE_URL=url, HUB_REDIS_URL=redis.url) as one:
                yield one


async def until_line(lines: list[str], numbers: list[int], pieces: AsyncIterator[str], last: str) -> str:
    """Take what the stream sends until this line has come; return the id to go on from."""
    pending, place = "", ""
    async for piece in pieces:
        *whole, pending = (pending + piece).split("\n\n")
        for block in whole:
            members = dict(line.partition(": ")[::2] for line in block.split("\n"))
            if members.get("event") == "lines":
                data, place = json.loads(members["data"]), members["id"]
                texts = data["text"].split("\n")
                lines += texts
                numbers += range(data["first"], data["first"] + len(texts))
        if last in lines:
            return place
    raise AssertionError(f"the stream ended before the line {last!r}")


async def test_a_reader_goes_on_at_another_server_and_misses_nothing(hub: Cluster, tmp_path: Path) -> None:
    servers = [await asyncio.to_thread(hub.serve, name) for name in ("one", "two")]
    await asyncio.to_thread(hub.worker, "three")
    person = await asyncio.to_thread(Person, hub, servers[0])
    (number,) = await asyncio.to_thread(lambda: person.launch(person.template("count.sh")))
    path = f"/api/project/{person.project}/tasks/{number}/stream"
    lines: list[str] = []
    numbers: list[int] = []
    headers = {"Cookie": person.cookie}
    async with httpx.AsyncClient(timeout=90, verify=False) as client:
        for turn, last in ((1, "200"), (2, "400")):
            lost = servers.pop(0)
            async with client.stream("GET", f"http://127.0.0.1:{lost.port}{path}", headers=headers) as response:
                pieces = response.aiter_text()
                headers["Last-Event-ID"] = await until_line(lines, numbers, pieces, last)
                await asyncio.to_thread(lost.kill)
                with pytest.raises(httpx.TransportError):
                    await until_line(lines, numbers, pieces, "never")
            if not servers:
                servers.append(await asyncio.to_thread(hub.serve, "one"))
            (tmp_path / f"notes/go.{turn}").touch()
        async with client.stream("GET", f"http://127.0.0.1:{servers[0].port}{path}", headers=headers) as response:
            await until_line(lines, numbers, response.aiter_text(), "600")
    person = await asyncio.to_thread(Person, hub, servers[0])
    wrote = {number: [str(one) for one in range(1, 601)]}
    told = r"^Server \S+ was killed, or cut off: it was not heard of for 10 s$"
    further = await asyncio.to_thread(person.template, "hello.sh")
    await asyncio.to_thread(lambda: person.judge(tmp_path / "notes/starts", wrote, further=further, tells=told))
    assert person.task(number)["status"] == "success"
    assert numbers == list(range(len(lines)))
    assert [line for line in lines if line.isdigit()] == [str(one) for one in range(1, 601)]
