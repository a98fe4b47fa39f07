"""Runs against the stand-in of conftest.py: which commands are given, and what is made of their answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import CREATE, SAME, TABLE, UPDATE, Bench, preview, stack

PREVIEW = ["preview", "--json", "--non-interactive", "--stack", "prod"]
UP = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "prod"]


async def test_a_preview_is_judged_made_again_and_applied(bench: Bench) -> None:
    asked = await bench.run()
    assert (asked.kind, asked.question) == ("awaiting", "Apply this preview? 1 to add, 1 to change, 0 to destroy.")
    assert bench.calls() == [PREVIEW]
    plan = bench.result("plan")
    assert (plan["title"], plan["workspace"], plan["destroy"]) == ("Pulumi", "prod", False)
    assert [(one["name"], one["action"]) for one in plan["resources"]] == [
        ("aws:s3/bucket:Bucket assets", "add"), ("aws:dynamodb/table:Table orders", "change"),
    ]  # fmt: skip
    assert [(one["name"], one["after"]) for one in plan["resources"][0]["attributes"]] == [("acl", "private")]
    password, size = plan["resources"][1]["attributes"]
    assert (size["name"], size["before"], size["after"]) == ("size", "1", "2")
    assert (password["sensitive"], password["before"], password["after"]) == (True, None, None)
    assert bench.io.lines == ["  + add: aws:s3/bucket:Bucket assets", "  ~ change: aws:dynamodb/table:Table orders"]
    done = await bench.run()
    assert done.kind == "success", bench.io.output
    assert bench.calls() == [PREVIEW, PREVIEW, UP]
    assert bench.result("outputs") == {"outputs": {"url": {"value": "https://x", "type": "string"},
                                                   "token": {"sensitive": True}}}  # fmt: skip
    assert json.loads((bench.io.artifacts / "outputs.json").read_text())["token"] == "s3cret-of-stack"
    assert bench.result("drift") == {"drifted": False, "resources": []}
    assert bench.io.stages == ["init", "plan", "apply", "outputs"]


async def test_what_changed_since_the_confirmation_is_not_done(bench: Bench) -> None:
    await bench.run()
    bench.says(preview(SAME, CREATE, {**UPDATE, "op": "delete"}))
    outcome = await bench.run()
    assert outcome.kind == "failure"
    assert "is not what was confirmed, so nothing was done" in outcome.reason
    assert bench.calls() == [PREVIEW, PREVIEW]


async def test_a_saved_plan_is_the_one_that_is_applied(bench: Bench) -> None:
    outcome = await bench.run({"saved_plan": True})
    assert outcome.kind == "awaiting"
    (first,) = bench.calls()
    assert first == [*PREVIEW, f"--save-plan={bench.io.workspace / 'pulumi-plan'}"]
    assert bench.environment()["PULUMI_EXPERIMENTAL"] == "true"
    assert (await bench.run({"saved_plan": True})).kind == "success"
    assert bench.calls()[1:] == [[*UP, f"--plan={bench.io.workspace / 'pulumi-plan'}"]]
    assert "plan: a plan" in bench.io.output


async def test_another_plan_than_the_confirmed_one_is_refused(bench: Bench) -> None:
    await bench.run({"saved_plan": True})
    (bench.io.artifacts / "pulumi-plan").write_text("another")
    outcome = await bench.run({"saved_plan": True})
    assert "not the one that was confirmed" in outcome.reason
    assert len(bench.calls()) == 1


@pytest.mark.parametrize("action", ["destroy", "refresh"])
async def test_destroy_and_refresh_are_previewed_too(bench: Bench, action: str) -> None:
    bench.says(preview({"op": "delete", "urn": TABLE, "oldState": {"inputs": {"size": 1}}}))
    given = {"allow_destroy": True, "saved_plan": True}
    assert (await bench.run(given, action=action)).kind == "awaiting"
    assert bench.result("plan")["destroy"] is (action == "destroy")
    assert (await bench.run(given, action=action)).kind == "success"
    look = [action, "--preview-only", *PREVIEW[1:]]
    assert bench.calls() == [look, look, [action, *UP[1:]]]


async def test_destroying_needs_the_leave_of_the_template(bench: Bench) -> None:
    outcome = await bench.run(action="destroy")
    assert "does not let a task destroy anything" in outcome.reason
    assert not bench.calls()
    assert (await bench.run(action="destroy", preview=True)).kind == "success"


async def test_nothing_to_do_asks_nobody(bench: Bench) -> None:
    bench.says(preview(SAME))
    assert (await bench.run()).kind == "success"
    assert bench.io.lines == ["Nothing is to be changed."]
    assert bench.calls() == [PREVIEW]


async def test_auto_approve_needs_the_leave_of_the_template(bench: Bench) -> None:
    assert (await bench.run(auto_approve=True)).kind == "awaiting"
    assert "The template does not let a task apply its preview without asking." in bench.io.lines
    bench.set(resumed=None)
    assert (await bench.run({"allow_auto_approve": True}, auto_approve=True)).kind == "success"
    assert (await bench.run({"auto_approve": True})).kind == "success"


async def test_a_look_for_drift_changes_nothing(bench: Bench) -> None:
    assert (await bench.run(drift=True)).kind == "success"
    assert bench.calls() == [[*PREVIEW, "--refresh"]]
    drift = bench.result("drift")
    assert (drift["drifted"], drift["look"], len(drift["resources"])) == (True, True, 2)
    bench.set(arguments=["--target=x"])
    assert "A look for drift is at everything" in (await bench.run(drift=True)).reason


async def test_a_failing_preview_tells_what_pulumi_said(bench: Bench) -> None:
    bench.breaks("preview", 255)
    bench.says(json.dumps({"diagnostics": [{"severity": "error", "message": "no\n credentials"}]}))
    outcome = await bench.run()
    assert (outcome.code, bench.io.lines) == (255, ["no credentials"])
    assert "could not make a preview of prod" in outcome.reason


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"steps": {}}', "{" * 5000])
async def test_what_is_no_preview_is_refused(bench: Bench, text: str) -> None:
    bench.says(text)
    outcome = await bench.run()
    assert outcome.kind == "failure"
    assert outcome.reason.startswith("Pulumi")


async def test_an_up_that_breaks_off_says_so(bench: Bench) -> None:
    bench.breaks("up", 3)
    outcome = await bench.run({"auto_approve": True})
    assert outcome.code == 3
    assert "run the task again for a preview of the rest" in outcome.reason


async def test_tokens_and_passphrases_are_never_arguments(bench: Bench) -> None:
    bench.keys = {1: {"secret": "pul-token\n"}, 2: {"secret": "open sesame"}}
    bench.set(variables={"size": 3, "aws:region": "eu-west-1", "PATH": "x", "PULUMI_HOME": "x"})
    bench.secrets = {"DB_PASSWORD": "hunter2", "aws:key": "never"}
    params = {"access_token": 1, "passphrase": 2, "backend": "s3://states", "create_stack": True, "install": True}
    await bench.run(params)
    env = bench.environment()
    assert (env["PULUMI_ACCESS_TOKEN"], env["PULUMI_BACKEND_URL"], env["size"]) == ("pul-token", "s3://states", "3")
    assert Path(env["PULUMI_CONFIG_PASSPHRASE_FILE"]).name
    assert "PULUMI_HOME" not in env
    install, select, look = bench.calls()
    assert install == ["install", "--non-interactive"]
    assert select == ["stack", "select", "--create", "--stack", "prod", "--non-interactive"]
    assert look == [*PREVIEW, "--config", "aws:region=eu-west-1"]
    (told,) = [line for line in bench.io.lines if "Not passed" in line]
    assert "“PATH”, “PULUMI_HOME”, “aws:key”" in told
    assert "never" not in told


async def test_the_inventorys_stack_wins_and_a_wrong_one_is_refused(bench: Bench) -> None:
    bench.set(inventory=stack("acme/shop/live"))
    await bench.run()
    assert bench.calls()[0][-1] == "acme/shop/live"
    for name, part in (("--stack=x", "is no name of a stack"), ("", "names no stack")):
        bench.set(inventory=stack(name), resumed=None)
        assert part in (await bench.run({"stack": ""})).reason


@pytest.mark.parametrize(
    ("arguments", "looked", "acted"),
    [
        (["--parallel=4"], ["--parallel=4"], ["--parallel=4"]),
        ({"preview": ["--diff"], "up": ["--message", "x"]}, ["--diff"], ["--message", "x"]),
        (["--stack", "other", "-y", "--cwd=/", "--target", "x"], ["--target", "x"], ["--target", "x"]),
    ],
)
async def test_arguments_reach_their_command_and_never_lead_around_the_approval(
    bench: Bench, arguments: Any, looked: list[str], acted: list[str]
) -> None:
    bench.set(arguments=arguments)
    await bench.run({"auto_approve": True})
    assert bench.calls() == [[*PREVIEW, *looked], [*UP, *acted]]


@pytest.mark.parametrize("arguments", ["--x", [1], {"plan": []}, ["a\0"]])
async def test_wrong_arguments_are_refused(bench: Bench, arguments: Any) -> None:
    bench.set(arguments=arguments)
    assert (await bench.run()).kind == "failure"
    assert not bench.calls()


@pytest.mark.parametrize("script", ["../..", "nowhere"])
async def test_the_folder_is_one_of_the_repository(bench: Bench, script: str) -> None:
    bench.set(script=script)
    assert "folder" in (await bench.run()).reason
