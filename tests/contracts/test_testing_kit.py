"""The kit for authors of plugins: the recording io, and contracts that let the good pass and catch the bad."""

import asyncio
import inspect
import tempfile
from pathlib import Path
from typing import Annotated

import pytest

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
    Retry,
    Stopped,
)
from hub.testing import ExecutorContract, KeyTypeContract, NotifierContract, notice, task_view


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


# The pytest plugin
