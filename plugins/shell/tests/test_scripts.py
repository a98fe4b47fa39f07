"""Real scripts, really run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hub_shell.executor import ShellExecutor
from hub_shell.interpreters import BashExecutor, PowerShellExecutor, PythonExecutor
from hub_shell.params import ShellParams

from hub.plugin import InventoryView, Key, NoParams

BASH = BashExecutor()
PYTHON = PythonExecutor()
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))\n"

VALUES: dict[str, Any] = {
    "text": "a b $HOME `id` 'x' \"y\"",
    "empty": "",
    "looks": "3",
    "yes": True,
    "no": False,
    "count": 3,
    "ratio": 1.5,
    "nothing": None,
    "list": [1, "ü", None],
    "object": {"a": {"b": []}},
}
RENDERED = {
    "text": VALUES["text"],
    "empty": "",
    "looks": "3",
    "yes": "true",
    "no": "false",
    "count": "3",
    "ratio": "1.5",
    "nothing": "",
    "list": '[1,"ü",null]',
    "object": '{"a":{"b":[]}}',
}


async def seen(bench: Any, **params: Any) -> tuple[list[str], dict[str, str]]:
    bench.script("show.py", SHOW)
    outcome = await bench.run(PYTHON, **params)
    assert outcome.kind == "success", bench.io.output
    argv, env = json.loads(bench.io.output.splitlines()[-1])
    return argv, env


async def test_arguments_stand_in_the_order_that_existing_scripts_know(bench: Any) -> None:
    bench.set(variables={"b": "2", "a": "1"}, arguments=["--own", "x"], task_arguments=["last"])
    argv, _ = await seen(bench)
    assert argv == ["--own", "x", "b=2", "a=1", "last"]
    assert bench.call.argv[:2] == ("python3", "show.py")
    assert bench.io.stages == ["running"]


async def test_values_keep_their_type_in_arguments_and_environment(bench: Any) -> None:
    """W-12."""
    bench.set(variables=VALUES)
    argv, env = await seen(bench)
    assert argv == [f"{name}={text}" for name, text in RENDERED.items()]
    assert {name: env[name] for name in RENDERED} == RENDERED


async def test_bash_gets_the_same_values(bench: Any) -> None:
    bench.set(variables=VALUES)
    bench.script("run.sh", 'for pair in "$@"; do printf "%s\\n" "$pair"; done\nprintf "env %s\\n" "$text" "$object"\n')
    assert (await bench.run(BASH)).kind == "success"
    assert bench.io.output.splitlines() == [
        *(f"{name}={text}" for name, text in RENDERED.items()),
        f"env {RENDERED['text']}",
        f"env {RENDERED['object']}",
    ]


@pytest.mark.parametrize(
    ("mode", "argument", "variable"), [("arguments", True, False), ("environment", False, True), ("both", True, True)]
)
async def test_a_template_chooses_how_variables_are_passed(
    bench: Any, mode: str, argument: bool, variable: bool
) -> None:
    bench.set(variables={"TILL": "3"})
    argv, env = await seen(bench, variables=mode)
    assert ("TILL=3" in argv, env.get("TILL") == "3") == (argument, variable)


@pytest.mark.parametrize("mode", ["arguments", "environment", "both"])
async def test_secrets_are_in_the_environment_and_never_in_arguments(bench: Any, mode: str) -> None:
    """W-48."""
    bench.set(variables={"TOKEN": "plain"})
    bench.io.secret_values = {"TOKEN": "s3cret", "GIT_TOKEN": "g1t"}
    _, env = await seen(bench, variables=mode)
    assert (env["TOKEN"], env["GIT_TOKEN"]) == ("s3cret", "g1t")
    assert not [word for word in bench.call.argv if "s3cret" in word or "g1t" in word]


@pytest.mark.parametrize(
    "name",
    ["PATH", "path", "LD_PRELOAD", "PYTHONSTARTUP", "BASH_ENV", "ENV", "IFS", "GIT_SSH_COMMAND", "HUB_DATABASE",
     "HOME", "SEMAPHORE_TASK_DETAILS_ID", "NODE_OPTIONS",
     "SSH_AUTH_SOCK", "BASH_FUNC_ls%%", "PS4", "a-b", "1a", "", "ä", "a b"],
)  # fmt: skip
async def test_names_that_steer_the_interpreter_are_arguments_only(bench: Any, name: str) -> None:
    bench.set(variables={name: "evil"})
    argv, env = await seen(bench)
    assert argv == [f"{name}=evil"]
    assert bench.call.env.get(name) != "evil"
    assert env.get(name) != "evil"
    assert not bench.io.lines


async def test_a_value_that_cannot_be_passed_is_named_but_not_shown(bench: Any) -> None:
    bench.io.secret_values = {
        "my-token": "s3cret",
        "LD_PRELOAD": "x.so",
        "GOOD": "yes",
        "LONG": "x" * 131072,
        "NUL": "a\0b",
    }
    _, env = await seen(bench)
    assert env["GOOD"] == "yes"
    (line,) = bench.io.lines
    assert line.startswith("Not passed to the script: secret variable “my-token”, “LD_PRELOAD”, “LONG”, “NUL”.")
    assert "s3cret" not in line


async def test_facts_of_the_task_are_raw_environment_values(bench: Any) -> None:
    """W-18: no quotes are added, and the type is there."""
    inventory = InventoryView(3, "web hosts", "static", "", None)
    bench.set(
        message="it's \"now\"\n", url="https://hub/t?a=1&b=2", inventory=inventory,
        template_type="build", version="1.2", variables={"SEMAPHORE_TASK_DETAILS_ID": "7"},
    )  # fmt: skip
    _, env = await seen(bench)
    prefix = "SEMAPHORE_TASK_DETAILS_"
    assert {name.removeprefix(prefix): value for name, value in env.items() if name.startswith(prefix)} == {
        "ID": "42",
        "MESSAGE": 'it\'s "now"\n',
        "USERNAME": "John Doe",
        "URL": "https://hub/t?a=1&b=2",
        "COMMIT_HASH": bench.task.repository.commit_hash,
        "COMMIT_MESSAGE": "Add the first play",
        "INVENTORY_NAME": "web hosts",
        "INVENTORY_ID": "3",
        "REPOSITORY_NAME": "playbooks",
        "REPOSITORY_ID": "1",
        "TYPE": "build",
        "TARGET_VERSION": "1.2",
    }


async def test_empty_facts_are_left_out_and_missing_ids_are_zero(bench: Any) -> None:
    bench.set(username="", template_type="deploy", incoming_version="1.1")
    _, env = await seen(bench)
    details = {name[23:]: value for name, value in env.items() if name.startswith("SEMAPHORE_TASK_DETAILS_")}
    assert details["INVENTORY_ID"] == "0"
    assert (details["TYPE"], details["INCOMING_VERSION"]) == ("deploy", "1.1")
    assert not {"USERNAME", "MESSAGE", "URL", "INVENTORY_NAME", "TARGET_VERSION"} & set(details)


async def test_the_agent_of_the_inventory_is_in_the_environment(bench: Any) -> None:
    bench.io.keys = {7: {"private_key": "PEM"}}
    bench.set(inventory=InventoryView(3, "web", "static", "", None, user_key=Key(7)))
    _, env = await seen(bench)
    assert env["SSH_AUTH_SOCK"] == (await bench.io.key(Key(7))).env["SSH_AUTH_SOCK"]


@pytest.mark.parametrize("code", [1, 3, 127])
async def test_an_exit_code_is_the_outcome(bench: Any, code: int) -> None:
    bench.script("run.sh", f"exit {code}\n")
    outcome = await bench.run(BASH)
    assert (outcome.kind, outcome.code) == ("failure", code)
    assert f"exit code {code}" in outcome.reason


async def test_a_signal_is_named(bench: Any) -> None:
    bench.script("run.sh", "kill -9 $$\n")
    outcome = await bench.run(BASH)
    assert (outcome.code, outcome.reason) == (-9, "The script was ended by signal 9.")


@pytest.mark.parametrize("script", ["missing.sh", "", "../outside.sh", "link.sh"])
async def test_a_script_that_is_no_file_of_the_checkout_is_one_clear_line(bench: Any, script: str) -> None:
    """W-55."""
    outside = bench.root.parent / "outside.sh"
    outside.write_text("echo out\n")
    (bench.root / "link.sh").symlink_to(outside)
    bench.set(script=script)
    outcome = await bench.run(BASH)
    assert outcome.kind == "failure"
    assert outcome.reason.startswith("This template names no script" if not script else f"The script “{script}” is not")
    assert not bench.io.calls


async def test_a_script_whose_name_begins_with_a_dash_is_no_flag(bench: Any) -> None:
    bench.script("-c", "echo ran\n")
    assert (await bench.run(BASH)).kind == "success"
    assert bench.io.output == "ran\n"


async def test_a_script_runs_in_its_working_directory(bench: Any) -> None:
    bench.script("tools/run.sh", "pwd\n")
    bench.set(working_directory="tools")
    bench.io.checkout = bench.root / "tools"
    assert (await bench.run(BASH)).kind == "success"
    assert Path(bench.io.output.strip()) == (bench.root / "tools").resolve()
    assert bench.call.argv == ("bash", "run.sh")


@pytest.mark.parametrize("arguments", ["x", {"default": []}, [1], 3])
async def test_arguments_that_are_no_list_of_texts_are_refused_in_a_sentence(bench: Any, arguments: Any) -> None:
    bench.script("run.sh", "true\n")
    for field in ("arguments", "task_arguments"):
        bench.set(arguments=None, task_arguments=None)
        bench.set(**{field: arguments})
        assert "must be a list of texts" in (await bench.run(BASH)).reason


@pytest.mark.parametrize("value", ["x" * 131072, "a\0b", "\ud800"])
async def test_a_value_that_no_program_can_be_given_is_a_sentence(bench: Any, value: str) -> None:
    bench.script("run.sh", "true\n")
    bench.set(variables={"big": value})
    outcome = await bench.run(BASH)
    assert "“big=" in outcome.reason
    assert len(outcome.reason) < 300
    assert (await bench.run(BASH, variables="environment")).kind == "success"
    assert "“big”" in bench.io.lines[0]


async def test_python_writes_its_lines_at_once(bench: Any) -> None:
    _, env = await seen(bench)
    assert env["PYTHONUNBUFFERED"] == "1"


async def test_an_app_may_have_a_program_and_arguments_of_its_own(bench: Any) -> None:
    bench.script("run.sh", 'echo $- "$@"\n')
    bench.set(variables={"a": 1})
    assert (await bench.run(BashExecutor(program="/bin/bash", args=["-u"]))).kind == "success"
    assert bench.call.argv == ("/bin/bash", "-u", "run.sh", "a=1")
    assert "u" in bench.io.output.split()[0]


async def test_powershell_is_given_the_script_as_a_file(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = bench.root.parent / "pwsh"
    stand_in.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(stand_in.parent))
    bench.io.base["PATH"] = f"{stand_in.parent}:/bin:/usr/bin"
    bench.script("run.ps1", "exit 0\n")
    bench.set(variables={"a": 1}, arguments=["-Own"])
    assert (await bench.run(PowerShellExecutor())).kind == "success", bench.io.output
    assert bench.io.output == "-File|run.ps1|-Own|a=1|"


@pytest.mark.parametrize(
    ("present", "expected"),
    [(("pwsh", "powershell"), "pwsh"), (("powershell",), "powershell"), ((), "pwsh")],
)
def test_powershell_is_whatever_is_there(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, present: tuple[str, ...], expected: str
) -> None:
    for name in present:
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    bench.set(script="run.ps1", variables={"a": True})
    shown = PowerShellExecutor().preview(bench.task, ShellParams(), NoParams())
    assert shown == [expected, "-File", "run.ps1", "a=true"]


def test_the_offer_has_the_names_and_order_of_the_wire() -> None:
    import hub_shell

    offers = hub_shell.hub_executors()
    assert [(offer.name, offer.priority) for offer in offers] == [
        ("bash", 700), ("sh", 650), ("powershell", 600), ("python", 500), ("node", 450),
    ]  # fmt: skip
    assert all(isinstance(offer, ShellExecutor) and not offer.capabilities.needs_inventory for offer in offers)
