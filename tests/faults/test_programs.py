"""Programs that do what no program should: the task tells it, and the hub and the next task are none the worse."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.services.tasks.stop import stop
from hub.testing.aftermath import NOTE, aftermath, runs
from hub.testing.scene import Scene, commit_files
from hub.worker import leftovers, process
from hub.worker.journal import CUT
from hub.worker.lines import LONGEST
from hub.worker.teller import MUTE

MIB = 1 << 20
AGAIN = 2
"""How often a program does it to one hub, so that what it left behind would show."""


async def appears(path: Path) -> None:
    """Wait until a program has made a file."""
    async with asyncio.timeout(60):
        while not path.exists():
            await asyncio.sleep(0.05)


async def test_a_line_of_50_megabytes_is_kept_in_pieces_and_what_follows_is_there(stage: Scene, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    script = NOTE.format(starts) + "echo before; head -c 50M /dev/zero | tr '\\0' x; echo; echo after\n"
    commit_files(stage.folder, {"long.sh": script}, "long")
    template = await stage.template("long.sh")
    for _ in range(AGAIN):
        task = await stage.run(template)
        assert task["status"] == "success"
        lines = await stage.lines(task["id"])
        assert max(map(len, lines)) == LONGEST
        assert sum(len(line) for line in lines if set(line) == {"x"}) == 50 * MIB
        (await aftermath(stage, starts, [task["id"]])).check({task["id"]: ["before", "after"]}, tells=CUT)


async def test_a_program_that_closes_its_output_and_goes_on_is_waited_for(
    stage: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "SILENT", 0.05)
    gate, here, starts = tmp_path / "gate", tmp_path / "here", tmp_path / "starts"
    script = f"{NOTE.format(starts)}echo last; exec >&- 2>&-; mkdir {here}; until [ -e {gate} ]; do sleep 0.05; done\n"
    commit_files(stage.folder, {"mute.sh": f"{script}exit 4\n"}, "mute")
    template = await stage.template("mute.sh")
    for _ in range(AGAIN):
        number = await stage.launch(template)
        await appears(here)
        await stage.until_line(number, MUTE)
        assert (await stage.task(number))["status"] == "running"
        gate.touch()
        task = await stage.until(number)
        assert (task["status"], (await stage.lines(number)).count("last")) == ("error", 1)
        assert "4" in task["reason"]
        (await aftermath(stage, starts, [number])).check({number: ["last", MUTE]}, tells=MUTE)
        gate.unlink()
        here.rmdir()


async def test_a_script_with_200_children_is_stopped_and_the_log_tells_how_many_went(
    stage: Scene, tmp_path: Path
) -> None:
    """W-38."""
    starts, pids = tmp_path / "starts", tmp_path / "pids"
    script = f"{NOTE.format(starts)}for _ in $(seq 200); do sleep 600 & echo $! >> {pids}; done; echo ready; wait\n"
    commit_files(stage.folder, {"many.sh": script}, "many")
    template = await stage.template("many.sh")
    for _ in range(AGAIN):
        number = await stage.launch(template)
        await stage.until_line(number, "ready")
        await stop(stage.hub, stage.actor, stage.project.id, number)
        after = await aftermath(stage, starts, [number])
        after.check({number: ["ready"]}, tells=r"^The program, with 200 processes that it started, is told to end")
        assert after.statuses[number] == "stopped"
        children = [int(line) for line in pids.read_text().split()]
        assert len(children) == 200
        assert not any(map(runs, children))
        pids.unlink()


async def test_a_program_that_writes_too_large_a_file_is_ended_and_told_so(stage: Scene) -> None:
    commit_files(stage.folder, {"large.sh": "exec head -c 5M /dev/zero > large\n"}, "large")
    task = await stage.run(await stage.template("large.sh", limits={"file_size_mib": 1}))
    assert task["status"] == "error"
    assert "1 MiB for each file" in await stage.text(task["id"])


@pytest.fixture
def small_disk(scene: Scene) -> Iterator[Path]:
    """The folder of the worker's tasks, on a disk of 4 MiB."""
    folder = leftovers.tasks_folder(scene.hub)
    words = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "hub-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let the test make a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


FULL = r"^The hub's disk is full\. Free some space and start the task again\.$"
FILLED = r"The disk of the task's folder on this worker is full\. Free some space and start the task again\.$"


async def test_a_full_disk_ends_the_task_with_a_sentence_and_the_next_one_runs(
    small_disk: Path, stage: Scene, tmp_path: Path
) -> None:
    """Both when a program fills it, and when there is no room left to begin with."""
    starts = tmp_path / "starts"
    commit_files(
        stage.folder, {"fill.sh": f"{NOTE.format(starts)}echo filling; exec head -c 20M /dev/zero > large\n"}, "fill"
    )
    fill, hello = await stage.template("fill.sh"), await stage.template("hello.sh")
    for _ in range(AGAIN):
        filled = await stage.run(fill)
        assert filled["status"] == "error"
        assert filled["reason"].endswith("Free some space and start the task again.")
        assert "No space left on device" in await stage.text(filled["id"])
        (await aftermath(stage, starts, [filled["id"]])).check({filled["id"]: ["filling"]}, tells=FILLED)

    ballast = small_disk / "ballast"
    async with asyncio.timeout(60):
        while any(small_disk.iterdir()):
            await asyncio.sleep(0.05)
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    refused = await stage.run(hello)
    assert refused["status"] == "error"
    ballast.unlink()
    (await aftermath(stage, starts, [refused["id"]])).check({}, tells=FULL)
