"""A real plan, judged and applied: exactly that one, by exit codes, with its state locked."""

from __future__ import annotations

import json
import zipfile

from .conftest import Bench


async def test_a_confirmed_plan_is_applied_exactly_on_a_fresh_checkout(bench: Bench) -> None:
    """W-14."""
    bench.set(variables={"who": "moon"})
    asked = await bench.run()
    assert (asked.kind, asked.question) == ("awaiting", "Apply this plan? 1 to add, 0 to change, 0 to destroy.")
    assert not bench.state.exists()
    assert bench.io.stages == ["init", "plan"]
    planned = (bench.io.artifacts / "plan").read_bytes()
    bench.set(variables={"who": "somebody else, set after the plan was made"})
    applied = await bench.confirm()
    assert applied.kind == "success", bench.io.output
    assert (bench.io.workspace / "plan").read_bytes() == planned
    assert bench.io.stages == ["init", "apply", "outputs"]
    assert bench.result("outputs") == {"outputs": {"greeting": {"value": "moon", "type": "string"}}}
    assert json.loads((bench.io.artifacts / "outputs.json").read_text()) == {"greeting": "moon"}
    assert not [argv for argv in bench.words("apply") if "-lock=false" in argv]


async def test_no_changes_is_a_success_that_asks_nobody(bench: Bench) -> None:
    await bench.run({"auto_approve": True})
    again = await bench.run()
    assert again.kind == "success"
    assert bench.io.lines == ["Nothing is to be changed."]
    assert bench.result("plan")["counts"]["add"] == 0
    assert bench.result("outputs")["outputs"]["greeting"]["value"] == "world"
    assert not bench.words("apply")


async def test_the_words_no_changes_in_the_output_decide_nothing(bench: Bench) -> None:
    """W-14."""
    bench.set(variables={"who": "No changes."})
    assert (await bench.run()).kind == "awaiting"


async def test_only_planning_changes_nothing_and_keeps_nothing(bench: Bench) -> None:
    for asked, dry_run in (({"plan": True}, False), ({}, True)):
        bench.set(dry_run=dry_run)
        assert (await bench.run({"auto_approve": True}, **asked)).kind == "success"
        assert bench.result("plan")["counts"]["add"] == 1
        assert not bench.state.exists()
        assert not list(bench.io.artifacts.iterdir())


async def test_a_task_approves_itself_only_where_the_template_lets_it(bench: Bench) -> None:
    assert (await bench.run(auto_approve=True)).kind == "awaiting"
    assert "does not let a task apply its plan without asking" in "\n".join(bench.io.lines)
    bench.set(resumed=None)
    assert (await bench.run({"allow_auto_approve": True}, auto_approve=True)).kind == "success"


async def test_a_stale_plan_is_refused_with_a_sentence(bench: Bench) -> None:
    await bench.run()
    waiting = bench.task.resumed
    artifacts = {path.name: path.read_bytes() for path in bench.io.artifacts.iterdir()}
    bench.set(resumed=None, variables={"who": "faster"})
    await bench.run({"auto_approve": True})
    for name, data in artifacts.items():
        (bench.io.artifacts / name).write_bytes(data)
    before = bench.state.read_bytes()
    bench.set(resumed=waiting, variables={})
    stale = await bench.confirm()
    assert stale.kind == "failure"
    assert stale.reason == (
        "The plan is stale: the state has changed since it was made (serial none then, 2 now). Nothing was applied; "
        "run the task again for a fresh plan."
    )
    assert bench.state.read_bytes() == before
    assert not bench.words("apply")


async def test_a_plan_that_was_exchanged_is_not_applied(bench: Bench) -> None:
    await bench.run()
    (bench.io.artifacts / "plan").write_bytes(b"another")
    outcome = await bench.confirm()
    assert outcome.reason == "The plan that was kept is not the one that was confirmed, so nothing was applied."


async def test_destroying_is_asked_for_allowed_planned_and_reviewed(bench: Bench) -> None:
    """W-13: stage arguments do not turn it into an application."""
    await bench.run({"auto_approve": True})
    refused = await bench.run(destroy=True)
    assert "does not let a task destroy anything" in refused.reason
    bench.set(arguments={"init": ["-backend=true"], "apply": ["-parallelism=3"]})
    asked = await bench.run({"allow_destroy": True}, destroy=True)
    assert asked.question == "Destroy what this plan names? 0 to add, 0 to change, 1 to destroy."
    assert bench.result("plan")["destroy"] is True
    assert (await bench.confirm({"allow_destroy": True}, destroy=True)).kind == "success"
    assert json.loads(bench.state.read_text())["resources"] == []
    assert "-parallelism=3" in bench.words("apply")[0]


async def test_a_workspace_is_made_when_it_is_missing_and_selected_when_it_is_there(bench: Bench) -> None:
    bench.workspace("staging")
    assert (await bench.run({"auto_approve": True})).kind == "success"
    assert bench.result("plan")["workspace"] == "staging"
    (state,) = [path for path in bench.io.checkout.rglob("*.tfstate") if "staging" in str(path)]
    assert state.is_file()
    bench.workspace("bad/name")
    assert "has no name that can be used" in (await bench.run()).reason


async def test_files_that_a_plan_makes_come_with_it(bench: Bench) -> None:
    """A fresh checkout has neither the lock file nor what a data source has written."""
    from hub_terraform import place

    await bench.run()
    before = place.look(bench.io.checkout)
    (bench.io.checkout / "code.zip").write_bytes(b"made by the plan")
    (bench.io.checkout / "terraform.tfstate").write_text("{}")
    assert place.pack(bench.io.checkout, before, bench.io.workspace / "packed")
    (bench.io.checkout / "code.zip").unlink()
    place.unpack(bench.io.workspace / "packed", bench.io.checkout)
    assert (bench.io.checkout / "code.zip").read_bytes() == b"made by the plan"
    assert zipfile.is_zipfile(bench.io.artifacts / "plan")


async def test_a_broken_configuration_fails_with_a_sentence_and_the_code(bench: Bench) -> None:
    bench.file("main.tf", "resource {")
    outcome = await bench.run()
    assert (outcome.kind, outcome.code) == ("failure", 1)
    assert outcome.reason == "Terraform init failed with exit code 1; the log tells why."
    bench.file("main.tf", 'output "x" {\n value = var.nobody\n}\n')
    assert (await bench.run()).reason == "Terraform could not make a plan (exit code 1); the log tells why."


async def test_a_folder_outside_of_the_repository_is_refused(bench: Bench) -> None:
    """W-55."""
    bench.set(script="../../etc")
    assert (await bench.run()).reason == "The folder “../../etc” is outside of the repository."
    bench.set(script="nowhere")
    assert "has no folder “nowhere”" in (await bench.run()).reason
    bench.file("live/prod/main.tf", 'output "here" {\n value = "yes"\n}\n')
    bench.set(script="/live/prod")
    assert (await bench.run({"auto_approve": True})).kind == "success"
    assert bench.result("outputs")["outputs"]["here"]["value"] == "yes"


async def test_a_state_that_would_be_lost_is_told_of_and_kept(bench: Bench) -> None:
    bench.file("main.tf", 'resource "terraform_data" "x" {}\n')
    assert (await bench.run()).kind == "awaiting"
    assert "the next task will not know" in "\n".join(bench.io.lines)
    assert (await bench.confirm()).kind == "success"
    assert json.loads((bench.io.artifacts / "terraform.tfstate").read_text())["resources"]


async def test_an_apply_that_fails_half_way_says_so(bench: Bench) -> None:
    bench.file("main.tf", MAIN_WITH_FAILURE)
    await bench.run()
    outcome = await bench.confirm()
    assert outcome.kind == "failure"
    assert "could not apply the whole plan (exit code 1)" in outcome.reason
    assert "terraform_data" in bench.state.read_text()


MAIN_WITH_FAILURE = """
terraform {
  backend "local" {
    path = "STATE"
  }
}
resource "terraform_data" "good" {}
resource "terraform_data" "bad" {
  depends_on = [terraform_data.good]
  provisioner "local-exec" {
    command = "exit 3"
  }
}
"""
