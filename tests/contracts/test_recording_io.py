"""The recording io of the kit for authors of plugins, and how pytest offers it."""

import asyncio
import inspect
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import hub
from hub.plugin import (
    HostDoor,
    Key,
    NotReady,
    PluginError,
    Refused,
    Stopped,
    TaskIO,
)
from hub.testing import RecordingIO, stop


@pytest.fixture
def io(tmp_path):
    return RecordingIO(
        tmp_path / "io", keys={7: {"login": "root", "password": "hunter2"}}, secret_values={"TOKEN": "t"}
    )


async def test_programs_are_recorded_and_never_run(io):
    assert await io.exec("rm", "-rf", "/", env={"A": "1"}, cwd=Path("/srv")) == 0
    assert (await io.capture("git", "status")).output == ""
    first, second = io.calls
    assert (first.argv, first.env, first.cwd, first.captured) == (("rm", "-rf", "/"), {"A": "1"}, Path("/srv"), False)
    assert (second.argv, second.cwd, second.captured) == (("git", "status"), io.checkout, True)


async def test_the_last_answer_that_fits_counts(io):
    io.answer("git", code=1)
    io.answer("git", "status", output="clean\n")
    io.answer(code=9, when=lambda call: "--broken" in call.argv)
    io.answer("sleep", effect=stop)
    io.answer("touch", effect=lambda call: (io.workspace / call.argv[1]).touch())
    assert await io.exec("git", "fetch") == 1
    assert (await io.capture("/usr/bin/git", "status")).output == "clean\n"
    assert await io.exec("git", "status", "--broken") == 9
    with pytest.raises(Stopped):
        await io.exec("sleep", "5")
    await io.exec("touch", "made")
    assert (io.workspace / "made").exists()


@pytest.mark.parametrize("argv", [(), ("echo", 1), ("echo", "a\0b"), (Path("/bin/echo"),)])
async def test_what_no_system_could_run_is_refused(io, argv):
    with pytest.raises(TypeError):
        await io.exec(*argv)


async def test_keys_are_private_files_and_the_same_key_is_the_same_material(io):
    material = await io.key(Key(7))
    assert material is await io.key(Key(7))
    assert (material.login, material.masks) == ("root", ("hunter2",))
    path = material.files["password"]
    assert path.read_text() == "hunter2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(io.workspace.stat().st_mode) == 0o700
    with pytest.raises(Refused):
        await io.key(Key(8))
    assert set((await RecordingIO(io.folder / "other", invent_keys=True).key(Key(8))).files) >= {
        "password",
        "private_key",
    }


async def test_results_take_the_way_through_json(io):
    await io.stage("plan")
    await io.log("All is well.")
    await io.result("plan", {"add": 1, "hosts": ("a", "b")})
    assert (io.stages, io.lines, io.results) == (
        ["plan"],
        ["All is well."],
        [("plan", {"add": 1, "hosts": ["a", "b"]})],
    )
    with pytest.raises(TypeError):
        await io.result("plan", {"path": Path("/")})


async def test_artifacts_come_back_and_a_missing_one_is_refused(io):
    (io.workspace / "plan").write_bytes(b"\x00plan")
    await io.keep(io.workspace / "plan", "plan.bin")
    (io.workspace / "plan").unlink()
    assert (await io.fetch("plan.bin")).read_bytes() == b"\x00plan"
    for name in ("other", "../plan.bin", ""):
        with pytest.raises(Refused):
            await io.fetch(name)


async def test_a_shared_folder_is_filled_once_while_others_wait(io):
    begun, go, fills = asyncio.Event(), asyncio.Event(), []

    async def fill(folder):
        fills.append(folder)
        begun.set()
        await go.wait()
        (folder / "module").write_text("x")

    tasks = [asyncio.create_task(io.shared("digest", fill)) for _ in range(3)]
    await begun.wait()
    go.set()
    homes = set(await asyncio.gather(*tasks))
    assert len(fills) == len(homes) == 1
    assert (homes.pop() / "module").read_text() == "x"


async def test_a_shared_folder_whose_filling_failed_is_not_kept(io):
    async def fail(folder):
        (folder / "half").touch()
        raise PluginError("no network")

    async def work(folder):
        (folder / "whole").touch()

    with pytest.raises(PluginError):
        await io.shared("digest", fail)
    home = await io.shared("digest", work)
    assert [path.name for path in home.iterdir()] == ["whole"]
    assert list(io.cache.iterdir()) == [home]


async def test_downloads_facts_and_holds_are_recorded(tmp_path):
    io = RecordingIO(tmp_path, pages={"https://a.example/": b"found"}, known_facts={"w1": {"a": 1}, "w2": {}})
    assert await io.download("https://a.example/", headers={"X": "y"}) == b"found"
    with pytest.raises(NotReady):
        await io.download("https://b.example/")
    assert io.downloads == [("https://a.example/", {"X": "y"}), ("https://b.example/", {})]
    assert await io.hosts.facts(["w1", "w3"]) == {"w1": {"a": 1}}
    assert (await io.hosts.facts()).keys() == {"w1", "w2"}
    await io.hosts.hold(["w1"])
    await io.hosts.hold(["w1", "w2"])
    assert io.held == ["w1", "w2"]


def test_the_recording_io_has_every_way_that_the_real_one_has(io):
    promised = {name for name in vars(TaskIO) if not name.startswith("_")}
    properties = {name for name in promised if isinstance(vars(TaskIO)[name], property)}
    assert all(hasattr(io, name) for name in properties)
    for name in promised - properties:
        assert inspect.signature(getattr(TaskIO, name)) == inspect.signature(getattr(RecordingIO, name)), name
    for name in ("facts", "hold"):
        assert inspect.signature(getattr(HostDoor, name)) == inspect.signature(getattr(type(io.hosts), name)), name
    assert io.workspace.is_dir()


# The pytest plugin


PLUGIN_TEST = """
import sys
import pytest

EARLY = "hub.plugin" in sys.modules

def test_the_fixture(hub_io):
    assert not EARLY, "the pytest plugin imported the hub before it was needed"
    assert type(hub_io).__name__ == "RecordingIO"
    assert hub_io.workspace.is_dir()
"""


def test_pytest_offers_the_fixture_and_imports_the_hub_only_for_it(tmp_path):
    (tmp_path / "test_it.py").write_text(PLUGIN_TEST)
    core = str(Path(hub.__file__).parents[1])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:hub", "-p", "hub.testing.pytest_plugin", "test_it.py"]
    environment = {**os.environ, "PYTHONPATH": core}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
