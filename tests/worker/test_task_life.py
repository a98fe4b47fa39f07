"""The life of a task in a working hub, with real processes. W-numbers name weaknesses that we must not have."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import Conflict
from hub.models import Event, Task, TaskMove
from hub.services.tasks import stop
from hub.testing.carriers import SETUPS
from hub.testing.scene import commit_files


@pytest.fixture(params=SETUPS)
def setup(request: pytest.FixtureRequest) -> str:
    """Every test of this module is for both."""
    return str(request.param)


def runs(pid: int) -> bool:
    """True while a process runs; one that only waits to be reaped by its new parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_task_runs_its_script_and_ends_with_success(stage):
    task = await stage.run(await stage.template("hello.sh"))
    assert task["status"] == "success"
    assert task["exit_code"] == 0
    assert (await stage.lines(task["id"]))[-1] == "hello"


async def test_the_log_begins_with_the_lines_that_clients_know(stage):
    task = await stage.run(await stage.template("hello.sh", name="Hello"))
    number = task["id"]
    assert (await stage.lines(number))[:3] == [
        f"Task Hello {number} added to queue",
        f"Started: {number}",
        "Run TaskRunner with template: Hello",
    ]


async def test_a_failing_script_ends_with_error_and_its_exit_code(stage):
    task = await stage.run(await stage.template("fail.sh"))
    assert (task["status"], task["exit_code"]) == ("error", 3)


async def test_nothing_that_short_tasks_wrote_is_missing_w33(stage):
    template = await stage.template("four_hundred.sh", allow_parallel_tasks=True)
    tasks = await asyncio.gather(*[stage.run(template) for _ in range(40)])
    wanted = [str(number) for number in range(1, 401)]
    for task in tasks:
        assert task["status"] == "success"
        assert (await stage.lines(task["id"]))[-400:] == wanted


async def test_lines_with_nul_and_broken_text_do_not_poison_the_log_w34(stage):
    commit_files(stage.folder, {"odd.sh": r"printf 'a\0b\n\377\376\nlast\n'" + "\n"}, "odd")
    task = await stage.run(await stage.template("odd.sh"))
    lines = await stage.lines(task["id"])
    assert lines[-3] == "ab"
    assert lines[-1] == "last"


async def test_start_and_end_are_set_once_w09(stage):
    task = await stage.run(await stage.template("hello.sh"))
    assert task["created"] <= task["start"] <= task["end"]


async def test_a_template_without_variable_group_takes_an_empty_environment_w11(stage):
    task = await stage.run(await stage.template("hello.sh"), environment="{}", secret="{}")
    assert task["status"] == "success"


async def test_a_queued_task_that_was_stopped_never_runs_w01(scene):
    from hub.testing.booted import working

    number = await scene.launch(await scene.template("hello.sh"))
    assert await stop.stop(scene.hub, scene.actor, scene.project.id, number, force=True) == "stopped"
    async with working(scene.hub):
        other = await scene.run(await scene.template("hello.sh", name="other"))
        assert other["status"] == "success"
        task = await scene.task(number)
    assert task["status"] == "stopped"
    assert task["end"] is not None
    assert await scene.lines(number) == []


async def test_an_admitted_task_without_a_worker_stops_at_once_w06(scene):
    from hub.services.tasks.dispatch import admit

    number = await scene.launch(await scene.template("hello.sh"))
    await admit(scene.hub)
    assert (await scene.task(number))["status"] == "starting"
    assert await stop.stop(scene.hub, scene.actor, scene.project.id, number) == "stopped"


async def test_a_running_task_is_asked_to_end(stage):
    number = await stage.launch(await stage.template("wait.sh"))
    await stage.until_line(number, "begun")
    assert await stop.stop(stage.hub, stage.actor, stage.project.id, number) == "stopping"
    assert (await stage.until(number))["status"] == "stopped"


async def test_a_task_that_ignores_the_asking_is_killed_after_the_grace_time_w38(stage):
    number = await stage.launch(await stage.template("stubborn.sh"))
    await stage.until_line(number, "begun")
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    assert (await stage.until(number))["status"] == "stopped"


async def test_force_kills_at_once(plugins, carriers):
    from hub.testing.booted import booted, working
    from hub.testing.scene import make_scene

    async with booted(plugins=plugins, **carriers, stop_grace=3600) as hub:
        scene = await make_scene(hub, {"stubborn.sh": "trap '' TERM\necho begun\nwhile true; do sleep 0.1; done\n"})
        async with working(hub):
            number = await scene.launch(await scene.template("stubborn.sh"))
            await scene.until_line(number, "begun")
            await stop.stop(hub, scene.actor, scene.project.id, number)
            await stop.stop(hub, scene.actor, scene.project.id, number, force=True)
            assert (await scene.until(number))["status"] == "stopped"


async def test_children_that_left_the_group_are_ended_too_w38(stage, tmp_path: Path):
    pids = tmp_path / "pids"
    script = f"setsid sh -c 'echo $$ > {pids}; echo begun; exec sleep 300' &\nwait\n"
    commit_files(stage.folder, {"escape.sh": script}, "escape")
    number = await stage.launch(await stage.template("escape.sh"))
    await stage.until_line(number, "begun")
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    await stage.until(number)
    assert not runs(int(pids.read_text()))


async def test_stopping_a_finished_task_leaves_it_as_it_is_s22(stage):
    task = await stage.run(await stage.template("hello.sh"))
    assert await stop.stop(stage.hub, stage.actor, stage.project.id, task["id"]) == "success"
    assert (await stage.task(task["id"]))["status"] == "success"


async def test_confirming_a_running_task_is_refused_w04(stage):
    number = await stage.launch(await stage.template("wait.sh"))
    await stage.until_line(number, "begun")
    for verb in (stop.confirm, stop.reject):
        with pytest.raises(Conflict):
            await verb(stage.hub, stage.actor, stage.project.id, number)
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    assert (await stage.until(number))["status"] == "stopped"


async def test_the_time_limit_of_a_template_ends_a_task_as_an_error_w37(stage):
    task = await stage.run(await stage.template("wait.sh", time_limit=1))
    assert task["status"] == "error"
    assert "time limit" in task["reason"]
    assert "time limit" in (await stage.lines(task["id"]))[-1]


async def test_a_worker_error_ends_one_task_and_the_hub_goes_on_w35(stage, monkeypatch):
    from hub.worker import run

    def broken(*_: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr(run, "base_env", broken)
    assert (await stage.run(await stage.template("hello.sh")))["status"] == "error"
    monkeypatch.undo()
    assert (await stage.run(await stage.template("hello.sh", name="again")))["status"] == "success"


async def test_waiting_tasks_cost_no_events_and_say_why_w42(plugins, carriers):
    from hub.services.tasks.dispatch import admit
    from hub.testing.booted import booted
    from hub.testing.scene import make_scene

    async with booted(plugins=plugins, **carriers, max_parallel_tasks=1) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        template = await scene.template("hello.sh", allow_parallel_tasks=True)
        first, second = await scene.launch(template), await scene.launch(template)
        for _ in range(5):
            await admit(hub)
        await Task.filter(id=second).update(created=hub.clock() - timedelta(minutes=1))  # for long enough to be told
        assert (await scene.task(first))["status"] == "starting"
        waiting = await scene.task(second)
        assert waiting["status"] == "waiting"
        assert "free slot" in waiting["reason"]
        assert await Event.filter(object_type="task", object_id=second).count() == 1


async def test_every_move_names_who_made_it_w89(stage):
    number = await stage.launch(await stage.template("wait.sh"))
    await stage.until_line(number, "begun")
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    await stage.until(number)
    moves = await TaskMove.filter(task_id=number).order_by("id").values_list("source", "target", "actor")
    assert [(source, target) for source, target, _ in moves] == [
        ("", "waiting"), ("waiting", "starting"), ("starting", "running"), ("running", "stopping"),
        ("stopping", "stopped"),
    ]  # fmt: skip
    assert moves[3][2] == "admin"


async def test_old_tasks_of_a_template_go_when_the_limit_is_reached(plugins, carriers):
    from hub.testing.booted import booted, working
    from hub.testing.scene import make_scene

    async with booted(plugins=plugins, **carriers, max_tasks_per_template=3) as hub:
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        template = await scene.template("hello.sh")
        async with working(hub):
            numbers = [(await scene.run(template))["id"] for _ in range(6)]
        kept = await Task.filter(template_id=template.id).order_by("id").values_list("id", flat=True)
    assert kept == numbers[-3:]


async def test_a_task_folder_is_private_and_vanishes(stage, tmp_path: Path):
    out = tmp_path / "seen"
    script = f'stat -c %a . "$HOME" "$TMPDIR" > {out}; pwd >> {out}\n'
    commit_files(stage.folder, {"look.sh": script}, "look")
    await stage.run(await stage.template("look.sh"))
    modes = out.read_text().split("\n")
    assert modes[1:3] == ["700", "700"]
    for _ in range(200):
        if not Path(modes[3]).exists():
            break
        await asyncio.sleep(0.02)
    assert not Path(modes[3]).exists()


async def test_parallel_tasks_of_one_template_never_share_a_folder_w20(stage, tmp_path: Path):
    out = tmp_path / "folders"
    commit_files(stage.folder, {"where.sh": f"pwd >> {out}\n"}, "where")
    template = await stage.template("where.sh", allow_parallel_tasks=True)
    await asyncio.gather(*[stage.run(template) for _ in range(8)])
    folders = out.read_text().split()
    assert len(folders) == len(set(folders)) == 8


async def test_the_hubs_own_settings_do_not_reach_a_task_w57(stage, monkeypatch):
    monkeypatch.setenv("HUB_ADMIN_PASSWORD", "hunter2-of-the-hub")
    monkeypatch.setenv("SOME_SECRET_OF_THE_SERVER", "hunter3-of-the-hub")
    task = await stage.run(await stage.template("environment.sh"))
    text = await stage.text(task["id"])
    assert "HOME=" in text
    assert "hunter" not in text


async def test_a_signalled_script_tells_its_signal(stage):
    commit_files(stage.folder, {"suicide.sh": "kill -9 $$\n"}, "suicide")
    task = await stage.run(await stage.template("suicide.sh"))
    assert (task["status"], task["exit_code"]) == ("error", -signal.SIGKILL)
