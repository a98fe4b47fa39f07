"""The kit for authors of plugins: the recording io, and contracts that let the good pass and catch the bad."""

import asyncio
import inspect
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import pytest

import hub
from hub.plugin import (
    Capabilities,
    Executor,
    Key,
    KeyType,
    Kind,
    Material,
    Notifier,
    Outcome,
    Params,
    PluginError,
    Refused,
    Retry,
    Stopped,
    TaskIO,
)
from hub.testing import ExecutorContract, KeyTypeContract, NotifierContract, RecordingIO, notice, stop, task_view


class GreetParams(Params):
    greeting: str = "Hi"
    """What to say."""
    account: Annotated[Key, Kind("login_password")] = Key(3)
    """Who says it."""


class GreetTask(Params):
    loud: bool = False
    """Say it in capitals."""


class Greet(Executor[GreetParams, GreetTask]):
    name = "greet"
    title = "Greet"
    params_type = GreetParams
    task_params_type = GreetTask
    capabilities = Capabilities(approval=True)

    async def run(self, task, params, task_params, io):
        account = await io.key(params.account)
        text = params.greeting.upper() if task_params.loud else params.greeting
        if task.resumed is None:
            plan = io.workspace / "plan.txt"
            plan.write_text(text)
            code = await io.exec("greet", "--plan", str(plan), "--login", account.login, env=await io.secrets())
            if code:
                return Outcome.failure(code)
            await io.keep(plan, "plan.txt")
            return Outcome.awaiting("Say it?", {"words": len(text.split())}, {"plan": "plan.txt"})
        plan = await io.fetch(task.resumed["plan"])
        return Outcome.from_code(await io.exec("greet", "--password-file", str(account.files["password"]), str(plan)))

    def preview(self, task, params, task_params):
        return ("greet", params.greeting)


class TestGreet(ExecutorContract):
    executor = Greet()

    def sample(self):
        return task_view(app="greet"), GreetParams(greeting="Good day"), GreetTask(loud=True)


def caught(contract: type, check: str, folder: Path) -> str:
    """Run one check of a contract and return what it says against the extension."""
    method = getattr(contract(), check)
    arguments = [folder] if "tmp_path" in inspect.signature(method).parameters else []
    with pytest.raises((AssertionError, pytest.fail.Exception)) as raised:
        method(*arguments)
    return str(raised.value)


class Leaky(Greet):
    async def run(self, task, params, task_params, io):
        account = await io.key(params.account)
        return Outcome.from_code(await io.exec("greet", "--password", account.files["password"].read_text()))


class Talkative(Greet):
    async def run(self, task, params, task_params, io):
        await io.log(f"token {(await io.secrets())['CONTRACT_TOKEN']}")
        return Outcome.success()


class Messy(Greet):
    async def run(self, task, params, task_params, io):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("left somewhere else")
        return Outcome.success()


class Spoiler(Greet):
    async def run(self, task, params, task_params, io):
        await asyncio.to_thread((task.repository.path / "extra.cfg").write_text, "x")
        return Outcome.success()


class Optimist(Greet):
    async def run(self, task, params, task_params, io):
        await io.exec("greet")
        return Outcome.success()


class Stubborn(Greet):
    async def run(self, task, params, task_params, io):
        try:
            return Outcome.from_code(await io.exec("greet"))
        except Stopped:
            return Outcome.failure()


class Forgetful(Greet):
    async def run(self, task, params, task_params, io):
        await io.exec("greet")


class Silent(Params):
    size: int = 1


class Undescribed(Greet):
    params_type = Silent


class Presumptuous(Greet):
    capabilities = Capabilities()


@pytest.mark.parametrize(
    ("executor", "check", "sentence"),
    [
        (Leaky, "test_secrets_stay_out_of_command_lines_logs_and_results", "made-up-password-of-key-3"),
        (Talkative, "test_secrets_stay_out_of_command_lines_logs_and_results", "contract-secret-one"),
        (Messy, "test_it_writes_into_its_workspace_only", "it wrote outside of io.workspace: "),
        (Spoiler, "test_it_writes_into_its_workspace_only", "checkout/extra.cfg"),
        (Optimist, "test_a_failing_program_fails_the_task_with_its_code", "('success', 0)"),
        (Talkative, "test_a_failing_program_fails_the_task_with_its_code", "it ran no program that could fail"),
        (Stubborn, "test_stopped_passes_through", "DID NOT RAISE"),
        (Forgetful, "test_it_succeeds_or_asks_when_its_programs_succeed", "run returned None and no Outcome"),
        (Presumptuous, "test_it_succeeds_or_asks_when_its_programs_succeed", "only an executor with"),
        (Undescribed, "test_every_param_is_described", "Silent.size"),
    ],
)
def test_the_contract_catches(executor, check, sentence, tmp_path):
    class Contract(ExecutorContract):
        def sample(self):
            params = Silent() if executor is Undescribed else GreetParams()
            return task_view(), params, GreetTask()

    Contract.executor = executor()
    assert sentence in caught(Contract, check, tmp_path)


def test_an_executor_that_must_may_write_into_its_checkout(tmp_path):
    class Contract(ExecutorContract):
        executor = Spoiler()
        writes_checkout = True

        def sample(self):
            return task_view(), GreetParams(), GreetTask()

    Contract().test_it_writes_into_its_workspace_only(tmp_path)


class Pin(Params):
    owner: str
    """Whose it is."""
    pin: str
    """The number."""


class PinKey(KeyType[Pin]):
    name = "pin"
    title = "PIN"
    params_type = Pin
    shown = ("owner",)

    async def materialise(self, params, folder):
        path = folder / "pin"
        path.touch(mode=0o600)
        path.write_text(params.pin)
        return Material(login=params.owner, files={"secret": path}, masks=(params.pin,))


class TestPinKey(KeyTypeContract):
    key_type = PinKey()

    def sample(self):
        return Pin(owner="jane", pin="271828")


class Open(PinKey):
    async def materialise(self, params, folder):
        path = folder / "pin"
        path.write_text(params.pin)
        path.chmod(0o644)
        return Material(files={"secret": path})


@pytest.mark.parametrize(
    ("check", "sentence"),
    [
        ("test_files_are_private_and_inside_the_folder", "pin has mode 644 and must be 600"),
        ("test_every_secret_member_is_masked", "pin is secret"),
    ],
)
def test_the_contract_of_keys_catches(check, sentence, tmp_path):
    class Contract(TestPinKey):
        key_type = Open()

    Contract.__test__ = False
    assert sentence in caught(Contract, check, tmp_path)


class Wire(Params):
    port: int
    """Where to."""


class Telegraph(Notifier[Wire]):
    name = "telegraph"
    title = "Telegraph"
    params_type = Wire

    async def send(self, params, notice):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", params.port)
        except OSError:
            raise Retry("The telegraph does not answer.", after=60) from None
        writer.close()


class TestTelegraph(NotifierContract):
    notifier = Telegraph()

    def sample(self, port):
        return Wire(port=port), notice(secrets={"token": "hunter2"})


class Gossip(Telegraph):
    async def send(self, params, notice):
        raise Retry(f"Nobody took {notice.secrets['token']}.", after=1)


def test_the_contract_of_notifiers_catches_a_secret_in_an_error(tmp_path):
    class Contract(TestTelegraph):
        notifier = Gossip()

    Contract.__test__ = False
    said = caught(Contract, "test_an_address_where_nobody_answers_is_tried_again_later", tmp_path)
    assert "the error tells the secret of token" in said


# The recording io


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


def test_the_recording_io_has_every_way_that_the_real_one_has(io):
    promised = {name for name in vars(TaskIO) if not name.startswith("_")}
    for name in promised - {"workspace"}:
        assert inspect.signature(getattr(TaskIO, name)) == inspect.signature(getattr(RecordingIO, name)), name
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
