"""`hub serve` that is killed or told to end in the middle of work. W-36."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hub.services.tasks.leases import RESTARTED
from hub.testing.aftermath import runs
from hub.worker.main import SHUTDOWN

from .hub_process import Cluster, Person, cluster, stored, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Cluster]:
    notes = tmp_path / "notes"  # tasks may not write right beside the data folder
    notes.mkdir()
    note = f'echo "$SEMAPHORE_TASK_DETAILS_ID" >> {notes}/starts; '
    pids = f"echo $$ >> {notes}/pids; "
    scripts = {
        "long.sh": f"{note}{pids}setsid sh -c '{pids}exec sleep 600' >/dev/null 2>&1 & echo begun; sleep 600\n",
        "quick.sh": f"{note}echo hello\n",
        "patient.sh": f"{pids}echo begun; until [ -e {notes}/go ]; do sleep 0.05; done; echo went\n",
    }
    with cluster(tmp_path, scripts, HUB_DRAIN="600") as one:
        yield one


def numbers(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_after_a_kill_no_task_hangs_none_runs_twice_and_what_waited_runs(hub: Cluster, tmp_path: Path) -> None:
    server = hub.serve()
    person = Person(hub, server)
    running = person.launch(person.template("long.sh"), 10)
    waiting = person.launch(person.template("quick.sh"), 5)
    wait_for("ten tasks to run", lambda: len(numbers(tmp_path / "notes/pids")) == 20)
    for number in running:
        wait_for("its line", lambda number=number: "begun\n" in person.text(number))
    assert set(person.statuses(waiting).values()) == {"waiting"}
    server.kill()
    left = numbers(tmp_path / "notes/pids")
    assert any(runs(pid) for pid in left)

    person = Person(hub, hub.serve())
    for task in person.until_ended(running):
        assert (task["status"], task["reason"]) == ("error", RESTARTED)
        assert "begun\n" in person.text(task["id"])
        assert task["end"]
    assert {task["status"] for task in person.until_ended(waiting)} == {"success"}
    starts = tmp_path / "notes/starts"
    assert sorted(numbers(starts)) == sorted(running + waiting)
    told, quick = r"^Worker \S+ was killed: task", person.template("quick.sh", name="after")
    person.judge(starts, {number: ["begun"] for number in running}, further=quick, tells=told)
    wait_for("the leftover processes to end", lambda: not any(runs(pid) for pid in left))
    kept = tmp_path / "data" / "run"  # a task's own folder goes when its end is stored
    wait_for("the folders to go", lambda: not [path for path in kept.glob("*/*") if path.is_dir()])


def test_two_servers_that_start_together_migrate_once_and_leave_each_others_tasks_alone(
    hub: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "data/hub.sqlite3").unlink()
    first, second = hub.begin(), hub.begin()
    for node in (first, second):
        hub.until_answered(node)
    person = Person(hub, first)
    told = [one["description"] for one in person.get("/events")]
    assert [bool(re.match(r"The database was brought up to \S+ by", text)) for text in told].count(True) == 1, told
    (number,) = person.launch(person.template("long.sh"))
    wait_for("its line", lambda: "begun\n" in person.text(number))
    assert person.task(number)["status"] == "running"
    second.end()
    assert person.task(number)["status"] == "running"
    person.post(f"/project/{person.project}/tasks/{number}/stop", {"force": True})
    assert person.until_ended([number])[0]["status"] == "stopped"
    quick = person.template("quick.sh")
    person.judge(
        tmp_path / "notes/starts", {number: ["begun"]}, further=quick, tells=r"^The program, with \d+ processes that it"
    )


async def end_of(socket: ClientConnection) -> None:
    while True:
        json.loads(await socket.recv())


def test_told_to_end_it_lets_running_tasks_end_and_told_twice_it_ends_at_once(hub: Cluster, tmp_path: Path) -> None:
    server = hub.serve()
    person = Person(hub, server)
    (number,) = person.launch(person.template("patient.sh"))
    wait_for("its line", lambda: "begun\n" in person.text(number))
    server.process.send_signal(signal.SIGTERM)
    wait_for("the hub to wait", lambda: "1 running task has 600 seconds" in server.log.read_text())
    (tmp_path / "notes/go").touch()
    assert server.process.wait(60) == 0
    assert stored(server.data, number) == ("success", "")

    (tmp_path / "notes/go").unlink()
    server = hub.serve()
    person = Person(hub, server)
    (number,) = person.launch(person.template("patient.sh"))
    wait_for("its line", lambda: "begun\n" in person.text(number))
    server.process.send_signal(signal.SIGTERM)
    wait_for("the hub to wait", lambda: "1 running task has 600 seconds" in server.log.read_text())
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == -signal.SIGTERM
    (tmp_path / "notes/go").touch()  # which ends what it left behind
    wait_for("its program to end", lambda: not any(runs(pid) for pid in numbers(tmp_path / "notes/pids")))


async def test_told_to_end_it_ends_views_and_tasks_and_says_why(hub: Cluster, tmp_path: Path) -> None:
    hub.settings["HUB_DRAIN"] = "1"
    server = await asyncio.to_thread(hub.serve)
    person = await asyncio.to_thread(Person, hub, server)
    (number,) = await asyncio.to_thread(lambda: person.launch(person.template("long.sh")))
    await asyncio.to_thread(wait_for, "its line", lambda: "begun\n" in person.text(number))
    address = f"127.0.0.1:{server.port}/api"
    stream = f"http://{address}/project/{person.project}/tasks/{number}/stream"
    headers = {"Cookie": person.cookie}
    async with (
        connect(f"ws://{address}/ws", additional_headers=headers) as socket,
        httpx.AsyncClient(timeout=60, verify=False) as client,
        client.stream("GET", stream, headers=headers) as response,
    ):
        pieces = response.aiter_raw()
        assert b"event: lines" in await anext(pieces)
        server.process.send_signal(signal.SIGTERM)
        async for _ in pieces:
            pass
        with pytest.raises(ConnectionClosed):
            await end_of(socket)
        await asyncio.to_thread(server.process.wait, 30)
    assert server.process.returncode == 0
    assert "Traceback" not in server.log.read_text()
    assert stored(server.data, number) == ("error", SHUTDOWN)
    assert not any(runs(pid) for pid in numbers(tmp_path / "notes/pids"))
