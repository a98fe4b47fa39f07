"""`hub task run` beside a hub that works on the same data folder."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from .command_line import Terminal

pytestmark = pytest.mark.e2e


def terminal(stage: Any, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, stage.hub.settings.data_dir)


async def run(stage: Any, tmp_path: Path, template: str, *more: str, stdin: str = "") -> CompletedProcess[str]:
    """Run a task while this process's hub carries it out."""
    arguments = ("task", "run", "--project", stage.project.name, "--template", template, *more)
    roots = str(stage.hub.settings.data_dir / "repositories")
    return await asyncio.to_thread(
        terminal(stage, tmp_path).run, *arguments, stdin=stdin, HUB_LOCAL_REPOSITORY_ROOTS=roots
    )


async def test_a_followed_task_shows_its_log_and_ends_with_success(stage: Any, tmp_path: Path) -> None:
    await stage.template("four_hundred.sh")
    done = await run(stage, tmp_path, "four_hundred.sh", "--follow")
    assert done.returncode == 0, done.stderr
    numbers = [line for line in done.stdout.splitlines() if line.isdecimal()]
    assert numbers == [str(number) for number in range(1, 401)]
    assert done.stderr == "Task 1 was started.\n"


async def test_a_failed_task_hands_on_its_exit_code(stage: Any, tmp_path: Path) -> None:
    await stage.template("fail.sh")
    done = await run(stage, tmp_path, "fail.sh", "--follow")
    assert done.returncode == 3
    assert "it goes wrong" in done.stdout
    assert "Task 1: error." in done.stderr


async def test_without_follow_the_id_alone_is_printed(stage: Any, tmp_path: Path) -> None:
    template = await stage.template("hello.sh")
    done = await run(stage, tmp_path, str(template.id), "--message", "by hand")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
    task = await stage.until(1)
    assert (task["status"], task["message"]) == ("success", "by hand")


async def test_json_is_alone_on_standard_output(stage: Any, tmp_path: Path) -> None:
    await stage.template("hello.sh")
    done = await run(stage, tmp_path, "hello.sh", "--follow", "--json")
    task = json.loads(done.stdout)
    assert (task["id"], task["status"], done.returncode) == (1, "success", 0)
    assert "hello" in done.stderr


async def test_variables_reach_the_task_and_secret_ones_come_by_standard_input(stage: Any, tmp_path: Path) -> None:
    survey = [{"name": "colour", "title": "Colour"}, {"name": "pin", "title": "Pin", "type": "secret"}]
    await stage.template("environment.sh", survey_vars=survey)
    done = await run(
        stage, tmp_path, "environment.sh", "--follow", "--var", "colour=a=b", "--secrets-stdin",
        stdin='{"pin": "canary-4711"}',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "a=b" in done.stdout
    assert "canary-4711" not in done.stdout + done.stderr


async def test_a_stopped_task_ends_with_130(stage: Any, tmp_path: Path) -> None:
    from hub.services.tasks.stop import stop

    await stage.template("wait.sh")
    following = asyncio.create_task(run(stage, tmp_path, "wait.sh", "--follow"))
    await until_row(stage, 1)
    await stage.until(1, "running")
    await stop(stage.hub, stage.actor, stage.project.id, 1)
    assert (await following).returncode == 130


@pytest.fixture
def heard() -> Iterator[None]:
    """Commands hear Ctrl-C, whoever started these tests: what a shell runs in the background is told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
async def test_ctrl_c_lets_the_task_go_on(stage: Any, tmp_path: Path) -> None:
    await stage.template("wait.sh")
    process = terminal(stage, tmp_path).start(
        "task", "run", "--project", stage.project.name, "--template", "wait.sh", "--follow"
    )
    assert await asyncio.to_thread(process.stderr.readline) == "Task 1 was started.\n"
    process.send_signal(signal.SIGINT)
    _, told = await asyncio.to_thread(process.communicate)
    assert process.returncode == 130
    assert "Task 1 goes on without you." in told
    assert "Traceback" not in told
    assert (await stage.task(1))["status"] not in {"stopped", "error"}


async def test_what_cannot_be_started_is_told_in_a_sentence(stage: Any, tmp_path: Path) -> None:
    await stage.template("hello.sh")
    await stage.template("hello.sh", name="twice")
    await stage.template("hello.sh", name="twice")
    for template, sentence in (("none", "There is no template none."), ("twice", "use one of the ids 2, 3")):
        done = await run(stage, tmp_path, template)
        assert done.returncode == 1
        assert sentence in done.stderr
    assert (await run(stage, tmp_path, "hello.sh", "--var", "x")).returncode == 2


async def until_row(stage: Any, task_id: int) -> None:
    """Wait until another process has made the task."""
    from hub.models import Task

    while not await Task.filter(id=task_id).exists():
        await asyncio.sleep(0.05)
