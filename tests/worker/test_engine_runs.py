"""Runs that meet trouble: lost leases, deaf executors, a database that fails for a moment, the end of the worker."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.models import Task, TaskMove
from hub.plugin import Outcome, PluginError, Stopped
from hub.services.listing import Asked
from hub.services.tasks import finish, leases, read, stop
from hub.testing.booted import booted, working
from hub.testing.scene import Scene, commit_files, make_scene
from hub.worker import door, main, patience, run

from .engine_plugins import stage_with
from .worker_programs import lives

LOOP = "echo $$ > {pid}; echo begun; while true; do {step}; sleep 0.05; done\n"

STAGES = Asked(filters={"kind": "stages"})


async def take_away(scene: Scene, number: int) -> None:
    """End a task as if its worker had been silent for too long."""
    await Task.filter(id=number).update(lease_until=scene.hub.clock() - timedelta(seconds=1))
    await leases.sweep(scene.hub)
    assert (await scene.task(number))["reason"] == leases.LOST


async def gone(pid_file: Path) -> None:
    """Wait until the process that wrote its number there has ended."""
    pid = int(pid_file.read_text())
    async with asyncio.timeout(20):
        while lives(pid):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("step", ["echo more", ":"], ids=["talkative", "silent"])
async def test_a_worker_that_lost_a_task_ends_its_processes_and_writes_nothing_more(
    stage, tmp_path, step, monkeypatch, caplog
):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.1)
    pid = tmp_path / "pid"
    commit_files(stage.folder, {"loop.sh": LOOP.format(pid=pid, step=step)}, "loop")
    async with working(stage.hub):  # a second worker, with the short period
        number = await stage.launch(await stage.template("loop.sh"))
        await stage.until_line(number, "begun")
        await take_away(stage, number)
        lines = len(await stage.lines(number))
        await gone(pid)
    task = await Task.get(id=number)
    assert (task.status, task.log_lines) == ("error", lines)
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert not stage.hub.registry.problems


async def test_a_task_runs_on_while_its_lease_is_renewed(plugins, monkeypatch, tmp_path):
    monkeypatch.setattr(leases, "LEASE", timedelta(seconds=1))
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.1)
    async with booted(plugins=plugins) as hub:
        scene = await make_scene(hub, {"while.sh": "while [ ! -e $GO ]; do sleep 0.05; done; echo done\n"})
        go = tmp_path / "go"
        commit_files(scene.folder, {"while.sh": f"while [ ! -e {go} ]; do sleep 0.05; done; echo done\n"}, "go")
        async with working(hub):
            number = await scene.launch(await scene.template("while.sh"))
            await scene.until(number, "running")
            first = (await Task.get(id=number)).lease_until
            while (await Task.get(id=number)).lease_until < first + timedelta(seconds=2):
                await leases.sweep(hub)
                await asyncio.sleep(0.05)
            go.touch()
            assert (await scene.until(number))["status"] == "success"


async def test_an_executor_that_is_deaf_to_a_stop_is_ended(monkeypatch):
    monkeypatch.setattr(run, "LAST_WORDS", 0.1)

    async def sleeps(task: Any, io: Any) -> Outcome:
        await io.log("begun")
        await asyncio.sleep(3600)
        return Outcome.success()

    async with stage_with(sleeps, stop_grace=0) as scene:
        number = await scene.launch(await scene.template("", name="x", app="made"))
        await scene.until_line(number, "begun")
        await stop.stop(scene.hub, scene.actor, scene.project.id, number)
        assert (await scene.until(number))["status"] == "stopped"


async def test_even_one_that_will_not_be_cancelled(monkeypatch):
    monkeypatch.setattr(run, "LAST_WORDS", 0.1)
    free = asyncio.Event()

    async def clings(task: Any, io: Any) -> Outcome:
        await io.log("begun")
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        raise PluginError("Too late.")

    async with stage_with(clings, stop_grace=0) as scene:
        number = await scene.launch(await scene.template("", name="x", app="made"))
        await scene.until_line(number, "begun")
        await stop.stop(scene.hub, scene.actor, scene.project.id, number)
        assert (await scene.until(number))["status"] == "stopped"
        free.set()
        await asyncio.sleep(0)


async def test_a_time_limit_ends_an_executor_without_a_process(monkeypatch):
    monkeypatch.setattr(run, "LAST_WORDS", 0.1)

    async def sleeps(task: Any, io: Any) -> Outcome:
        await asyncio.sleep(3600)
        return Outcome.success()

    async with stage_with(sleeps, stop_grace=0, task_time_limit=1) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        assert (task["status"], task["reason"]) == ("error", "It ran longer than its time limit of 1 s.")


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda: None, "must return an Outcome"),
        (lambda: Outcome.awaiting("?", {}, {"path": Path("/x")}), "is no JSON"),
        (lambda: 1 / 0, "ZeroDivisionError"),
        (lambda: _raise(PluginError("Nothing to do here.")), "Nothing to do here."),
        (lambda: _raise(Stopped()), "gave up"),
        (lambda: _raise(asyncio.CancelledError()), "CancelledError"),
        (lambda: _raise(SystemExit(3)), "SystemExit"),
    ],
    ids=["nothing", "no-json", "bug", "on-purpose", "stopped-itself", "cancelled-itself", "exit"],
)
async def test_what_a_plugin_does_wrong_is_a_sentence_of_its_task(work, sentence):
    async def odd(task: Any, io: Any) -> Any:
        return work()

    async with stage_with(odd) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        assert task["status"] == "error"
        assert sentence in task["reason"]
        again = await scene.run(await scene.template("hello.sh"))
        assert again["status"] == "success"


def _raise(error: BaseException) -> None:
    raise error


async def test_a_key_that_cannot_be_let_go_changes_no_result(stage, monkeypatch, caplog):
    kind = stage.hub.registry.key_types["none"]

    async def fails(material: Any) -> None:
        raise OSError("busy")

    monkeypatch.setattr(type(kind), "release", lambda _, material: fails(material))
    assert (await stage.run(await stage.template("hello.sh")))["status"] == "success"
    assert "was not released" in caplog.text


async def test_the_end_of_a_task_outlives_a_database_that_fails_for_a_moment(stage, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.01, 0.01, 0.01))
    real, tries = finish.finish, []

    async def fails_at_first(*given: Any, **named: Any) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("The database is away.")
        return await real(*given, **named)

    monkeypatch.setattr(finish, "finish", fails_at_first)
    assert (await stage.run(await stage.template("hello.sh")))["status"] == "success"
    assert len(tries) == 3


async def test_a_claim_that_fails_is_tried_again(stage, monkeypatch):
    monkeypatch.setattr(leases, "UNCLAIMED", timedelta(seconds=0.1))
    monkeypatch.setattr(main, "POLL", 0.1)
    real, tries = leases.claim, []

    async def fails_once(*given: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise Unavailable("The database is away.")
        return await real(*given)

    monkeypatch.setattr(leases, "claim", fails_once)
    assert (await stage.run(await stage.template("hello.sh")))["status"] == "success"


async def test_an_error_nobody_expected_at_the_end_leaves_the_task_to_the_sweep(stage, monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", ())

    met = asyncio.Event()

    async def broken(*_: Any, **__: Any) -> bool:
        met.set()
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr(finish, "finish", broken)
    number = await stage.launch(await stage.template("hello.sh"))
    await met.wait()
    monkeypatch.undo()
    other = await stage.run(await stage.template("hello.sh", name="other"))
    assert other["status"] == "success"
    await take_away(stage, number)


async def test_tasks_that_run_when_the_worker_ends_say_so(scene, tmp_path):
    pid = tmp_path / "pid"
    commit_files(scene.folder, {"loop.sh": LOOP.format(pid=pid, step=":")}, "loop")
    async with working(scene.hub):
        number = await scene.launch(await scene.template("loop.sh"))
        await scene.until_line(number, "begun")
    task = await scene.task(number)
    assert (task["status"], task["reason"]) == ("error", main.SHUTDOWN)
    assert (await scene.lines(number))[-1] == main.SHUTDOWN
    assert not lives(int(pid.read_text()))


async def test_what_waits_when_the_worker_ends_runs_when_the_next_one_starts(plugins):
    async with booted(plugins=plugins, max_parallel_tasks=1) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n", "wait.sh": "echo begun; exec sleep 300\n"})
        async with working(hub):
            first = await scene.launch(await scene.template("wait.sh"))
            await scene.until_line(first, "begun")
            second = await scene.launch(await scene.template("hello.sh"))
        assert (await scene.task(second))["status"] == "waiting"
        async with working(hub):
            assert (await scene.until(second))["status"] == "success"
        targets = await TaskMove.filter(task_id=second).order_by("id").values_list("target", flat=True)
        assert targets == ["waiting", "starting", "running", "success"]


async def test_a_worker_that_closes_takes_no_task_any_more(scene):
    from hub.services.tasks.dispatch import admit

    place = await main.open_place(scene.hub)
    place.close(main.SHUTDOWN)
    number = await scene.launch(await scene.template("hello.sh"))
    await admit(scene.hub)
    await run.run_task(scene.hub, place, number)
    assert (await scene.task(number))["status"] == "starting"


async def test_a_run_that_begins_while_the_worker_closes_goes_back(scene, monkeypatch):
    from hub.services.tasks.dispatch import admit

    place = await main.open_place(scene.hub)
    real = leases.claim

    async def claims_late(*given: Any) -> Any:
        claimed = await real(*given)
        place.close(main.SHUTDOWN)
        return claimed

    monkeypatch.setattr(leases, "claim", claims_late)
    number = await scene.launch(await scene.template("wait.sh"))
    await admit(scene.hub)
    await run.run_task(scene.hub, place, number)
    task = await scene.task(number)
    assert task["status"] in {"waiting", "starting"}  # a dispatcher may have it again already
    moves = TaskMove.filter(task_id=number, source="running", target="waiting", note=finish.HANDED_BACK)
    assert await moves.count() == 1


async def test_two_workers_of_one_hub_run_each_task_once(stage, tmp_path):
    out = tmp_path / "starts"
    commit_files(stage.folder, {"count.sh": f"echo $$ >> {out}\n"}, "count")
    template = await stage.template("count.sh", allow_parallel_tasks=True)
    async with working(stage.hub):
        tasks = await asyncio.gather(*[stage.run(template) for _ in range(20)])
    assert {task["status"] for task in tasks} == {"success"}
    assert len(out.read_text().split()) == 20


async def test_stages_know_their_first_line_while_output_is_being_stored():
    async def stages(task: Any, io: Any) -> Outcome:
        for number in range(5):
            await io.stage(f"stage {number}")
            await io.exec("sh", "-c", f"echo first of {number}; seq 1 200")
        return Outcome.success()

    async with stage_with(stages) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        lines = await scene.lines(task["id"])
        told = (await read.results_of(scene.actor, scene.project.id, task["id"], STAGES))[0]["data"]["stages"]
        assert [lines[one["first_line"]] for one in told] == [f"first of {number}" for number in range(5)]
        assert all(one["start"] <= one["end"] for one in told)


async def test_a_key_is_made_once_however_many_ask_at_the_same_time(monkeypatch):
    made: list[int] = []
    real = door.materialise

    async def counted(*given: Any) -> Any:
        made.append(1)
        await asyncio.sleep(0.01)
        return await real(*given)

    monkeypatch.setattr(door, "materialise", counted)

    async def asks(task: Any, io: Any) -> Outcome:
        from hub.plugin import Key

        found = await asyncio.gather(*[io.key(Key(1)) for _ in range(5)])
        assert all(one is found[0] for one in found)
        return Outcome.success()

    async with stage_with(asks) as scene:
        task = await scene.run(await scene.template("", name="x", app="made"))
        assert (task["status"], len(made)) == ("success", 1)
