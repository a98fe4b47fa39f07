"""Two servers and two workers on one database and one Redis, and what happens when one of them goes. W-40."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hub.services.outages import FORGOT
from hub.services.tasks.leases import LOST, RESTARTED
from hub.testing.aftermath import runs
from hub.testing.databases import migrated
from hub.testing.redis_server import RedisServer
from hub.testing.tools import missing

from .hub_process import Cluster, Person, cluster, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    try:
        server = RedisServer()
    except FileNotFoundError as error:
        missing(str(error))
        raise
    with server:
        yield server


@pytest.fixture
def dialect() -> str:
    """The database that they share."""
    return "postgres"


@pytest.fixture
async def hub(tmp_path: Path, redis: RedisServer, dialect: str) -> AsyncIterator[Cluster]:
    notes = tmp_path / "notes"  # tasks may not write right beside the data folder
    notes.mkdir()
    note = f'echo "$SEMAPHORE_TASK_DETAILS_ID" >> {notes}/starts; '
    scripts = {
        "quick.sh": f"{note}echo hello\n",
        "long.sh": f"{note}echo $$ >> {notes}/pids; echo begun; sleep 600\n",
        "until.sh": f"{note}echo begun; while [ ! -e {notes}/go ]; do sleep 0.1; done; echo done\n",
    }
    async with migrated(dialect) as url:
        settings = {"HUB_DATABASE_URL": url, "HUB_REDIS_URL": redis.url, "HUB_MAX_PARALLEL_TASKS": "6"}
        with cluster(tmp_path, scripts, **settings) as one:
            yield one


def starts(folder: Path) -> Counter[int]:
    path = folder / "notes/starts"
    return Counter(int(line) for line in path.read_text().split()) if path.exists() else Counter()


@pytest.mark.parametrize(("dialect", "most"), [("postgres", 50), ("mysql", 10)])
def test_each_of_many_tasks_runs_exactly_once(hub: Cluster, tmp_path: Path, most: int) -> None:
    servers = [hub.serve("one"), hub.serve("two")]
    hub.worker("three", "--slots", "3")
    hub.worker("four", "--slots", "3")
    one, two = (Person(hub, server) for server in servers)
    template = one.template("quick.sh")
    launched = [number for _ in range(most) for person in (one, two) for number in person.launch(template)]
    tasks = two.until_ended(launched)
    assert Counter(task["status"] for task in tasks) == {"success": 2 * most}
    assert starts(tmp_path) == Counter(launched)
    assert all(one.text(number).endswith("hello\n") for number in launched[::10])


def test_a_killed_worker_costs_its_tasks_and_nothing_else(hub: Cluster, tmp_path: Path) -> None:
    person = Person(hub, hub.serve("one"))
    long = person.template("long.sh")
    lost: list[int] = []
    for _ in range(2):  # the second one, in the same folder, ends what the first one left, and is killed as well
        victim = hub.worker("two", "--slots", "2")
        lost += (held := person.launch(long, 2))
        wait_for("both to run", lambda held=held: all("begun\n" in person.text(number) for number in held))
        victim.kill()
    hub.worker("three", "--slots", "2")
    after = person.launch(person.template("quick.sh"), 4)
    assert {task["status"] for task in person.until_ended(after)} == {"success"}
    for task, reasons in zip(person.until_ended(lost), ({RESTARTED, LOST},) * 2 + ({LOST},) * 2, strict=True):
        assert task["status"] == "error"
        assert task["reason"] in reasons
        assert "begun\n" in person.text(task["id"])
    pids = [int(line) for line in (tmp_path / "notes/pids").read_text().split()]
    hub.worker("two", "--slots", "2")
    wait_for("its successor to end what is left", lambda: not any(runs(pid) for pid in pids))
    assert starts(tmp_path) == Counter(lost + after)
    person.judge(
        tmp_path / "notes/starts", {number: ["begun"] for number in lost}, further=person.template("quick.sh"),
        tells=r"^Worker \S+ was (lost|killed): task",
    )  # fmt: skip


def test_a_worker_told_to_end_lets_its_tasks_end(hub: Cluster, tmp_path: Path) -> None:
    person = Person(hub, hub.serve("one"))
    leaving = hub.worker("two", "--slots", "2")
    (number,) = person.launch(person.template("until.sh"))
    wait_for("it to run", lambda: "begun\n" in person.text(number))
    leaving.process.terminate()
    hub.worker("three", "--slots", "2")
    (other,) = person.launch(person.template("quick.sh"))
    assert person.until_ended([other])[0]["status"] == "success"
    (tmp_path / "notes/go").touch()
    assert person.until_ended([number])[0]["status"] == "success"
    assert leaving.process.wait(timeout=60) == 0


def test_a_redis_that_dies_and_forgets_everything_loses_no_task(
    hub: Cluster, redis: RedisServer, tmp_path: Path
) -> None:
    person = Person(hub, hub.serve("one"))
    hub.worker("two", "--slots", "3")
    quick, until, go = person.template("quick.sh"), person.template("until.sh"), tmp_path / "notes/go"
    all_of_them: list[int] = []
    for _ in range(2):
        (running,) = person.launch(until)
        wait_for("it to run", lambda running=running: "begun\n" in person.text(running))
        launched = person.launch(quick, 4)
        redis.stop()
        launched += person.launch(quick, 4)
        redis.start()
        launched += person.launch(quick, 4)
        redis.flush()
        go.touch()
        tasks = person.until_ended([*launched, running])
        assert Counter(task["status"] for task in tasks) == {"success": 13}
        assert person.text(running).endswith("begun\ndone\n")
        go.unlink()
        wrote = {number: ["hello"] for number in launched} | {running: ["begun", "done"]}
        told = r"^The queue did not answer \S+ for \d+ s; it does again$", f"^{FORGOT}$"
        after = [person.judge(tmp_path / "notes/starts", wrote, further=quick, tells=tells) for tells in told]
        all_of_them += [*wrote, *after]
    assert starts(tmp_path) == Counter(all_of_them)


def test_a_stop_reaches_the_worker_from_any_server(hub: Cluster, tmp_path: Path) -> None:
    one, two = (Person(hub, hub.serve(name)) for name in ("one", "two"))
    hub.worker("three")
    (number,) = one.launch(one.template("long.sh"))
    wait_for("it to run", lambda: "begun\n" in two.text(number))
    two.post(f"/project/{two.project}/tasks/{number}/stop", {"force": False})
    assert one.until_ended([number])[0]["status"] == "stopped"
