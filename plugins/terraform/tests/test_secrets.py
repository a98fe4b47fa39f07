"""Variables reach the tool typed and in order, and secrets stay out of command lines, logs and reviews. W-12, W-48."""

from __future__ import annotations

import json
import stat

from hub_terraform import variables
from hub_terraform.reduce import review

from .conftest import Bench

TYPED = """
terraform {
  backend "local" {
    path = "STATE"
  }
}
variable "number" { type = number }
variable "flag" { type = bool }
variable "list" {
  description = "A list"
  type        = list(string)
}
variable "map" {
  type = object({ text = string, deep = list(number) })
}
variable "answer" {
  type = list(string)
}
variable "free" {}
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "all" {
  input = {
    all      = [var.number, var.flag, var.list, var.map, var.answer, var.free]
    password = var.password
  }
}
output "all" { value = jsonencode([var.number + 1, !var.flag, var.list, var.map, var.answer, var.free]) }
output "password" {
  value     = var.password
  sensitive = true
}
"""

GIVEN = {
    "number": 3, "flag": True, "list": ["a b", "${c}", "%{ d }", "é\"\\"], "map": {"text": "x\ny", "deep": [1, 2]},
    "answer": '["one", "two"]', "free": "4", "undeclared": {"a": 1}, "nothing": None,
}  # fmt: skip
SECRET = "s3cret-word-of-a-test"


async def test_variables_keep_their_types_and_win_over_the_files_of_the_repository(bench: Bench) -> None:
    bench.file("main.tf", TYPED)
    bench.file("terraform.tfvars", 'free = "from the file"\npassword = "from the file"\n')
    bench.set(variables=GIVEN)
    bench.secrets = {"password": SECRET}
    assert (await bench.run()).kind == "awaiting", bench.io.output
    assert (await bench.confirm()).kind == "success", bench.io.output
    outputs = bench.result("outputs")["outputs"]
    assert json.loads(outputs["all"]["value"]) == [
        4, False, GIVEN["list"], GIVEN["map"], ["one", "two"], "4"
    ]  # fmt: skip
    assert outputs["password"] == {"sensitive": True}
    assert json.loads((bench.io.artifacts / "outputs.json").read_text())["password"] == SECRET


async def test_the_environment_alone_carries_them_as_well(bench: Bench) -> None:
    """Where declarations cannot be seen, as with Terragrunt."""
    bench.file("main.tf", TYPED)
    bench.set(variables=GIVEN)
    bench.secrets = {"password": SECRET}
    original, variables.declared_in = variables.declared_in, lambda _: {}
    try:
        assert (await bench.run({"auto_approve": True})).kind == "success", bench.io.output
    finally:
        variables.declared_in = original
    found = json.loads(bench.result("outputs")["outputs"]["all"]["value"])
    assert found == [4, False, GIVEN["list"], GIVEN["map"], ["one", "two"], "4"]


async def test_secrets_are_in_no_command_line_log_or_review(bench: Bench) -> None:
    bench.file("main.tf", TYPED)
    bench.set(variables=GIVEN)
    bench.secrets = {"password": SECRET}
    asked = await bench.run()
    (path,) = {word.partition("=")[2] for call in bench.io.calls for word in call.argv if word.startswith("-var-file=")}
    mode = stat.S_IMODE((bench.io.workspace / path).stat().st_mode)
    assert mode == 0o600
    assert SECRET in (bench.io.workspace / path).read_text()
    told = [word for call in bench.io.calls for word in call.argv]
    told += [*bench.io.lines, bench.io.output, json.dumps(bench.io.results), repr(asked)]
    assert not [text for text in told if SECRET in text]
    assert {"name": "input.password", "sensitive": True} in bench.result("plan")["resources"][0]["attributes"]
    await bench.confirm()
    bench.secrets = {"password": SECRET + "2"}
    await bench.run()  # now the state holds a copy of it without a mark
    assert SECRET not in json.dumps(bench.io.results)  # the log is masked by the hub, which knows the value


async def test_the_tools_around_a_task_are_told_not_to_ask(bench: Bench) -> None:
    await bench.run()
    env = bench.io.calls[-1].env
    assert (env["TF_IN_AUTOMATION"], env["TF_INPUT"], env["CHECKPOINT_DISABLE"]) == ("1", "0", "1")
    assert env["TF_DATA_DIR"] == str(bench.io.workspace / "data")
    assert not (bench.io.checkout / ".terraform").exists()


def change(**members) -> dict:
    return {"resource_changes": [{"address": "x.y", "mode": "managed", "type": "x", "change": members}]}


def rows(**members) -> list[dict]:
    return review(change(**members))["resources"][0]["attributes"]


def test_a_review_tells_what_differs_in_nested_values() -> None:
    assert rows(
        actions=["update"],
        before={"a": {"b": [1, 2], "same": 1}, "text": "x"},
        after={"a": {"b": [1, 3, 4], "same": 1}, "text": "x"},
        after_unknown={"a": {}, "id": True},
    ) == [
        {"name": "a.b.1", "before": "2", "after": "3"},
        {"name": "a.b.2", "before": None, "after": "4"},
        {"name": "id", "before": None, "after": None, "unknown": True},
    ]


def test_a_mark_hides_values_on_both_sides_and_copies_elsewhere() -> None:
    found = rows(
        actions=["delete", "create"],
        before={"a": "old-secret", "list": [{"k": "hidden-one"}], "copy": "see old-secret here"},
        after={"a": "x", "list": [{"k": "hidden-two"}], "copy": "y"},
        before_sensitive={"a": True, "list": [{"k": True}]},
        after_sensitive={"list": True},
        replace_paths=[["a"]],
    )
    assert found == [
        {"name": "a", "sensitive": True, "forces": True},
        {"name": "copy", "sensitive": True},
        {"name": "list", "sensitive": True},
    ]
    unknown = rows(actions=["update"], before={"a": {"b": "hush"}}, after={}, after_unknown={"a": True},
                   before_sensitive={"a": {"b": True}})  # fmt: skip
    assert unknown == [{"name": "a", "sensitive": True, "unknown": True}]


def test_a_review_counts_and_names_every_kind_of_change() -> None:
    kinds = [["create"], ["update"], ["delete"], ["delete", "create"], ["create", "delete"], ["forget"], ["no-op"]]
    plan = {
        "resource_changes": [
            {"address": f"x.{number}", "mode": "managed", "change": {"actions": kind, "before": {}, "after": {}}}
            for number, kind in enumerate(kinds)
        ]
        + [
            {"address": "x.m", "previous_address": "x.l", "change": {"actions": ["no-op"]}},
            {"address": "x.i", "change": {"actions": ["no-op"], "importing": {"id": "i"}}},
            {"address": "data.x", "mode": "data", "change": {"actions": ["read"]}},
        ],
        "resource_drift": [{"address": "x.d", "change": {"actions": ["delete"]}}],
    }
    found = review(plan)
    assert found["counts"] == {"add": 1, "change": 1, "destroy": 1, "replace": 2, "import": 1, "move": 1,
                               "forget": 1, "read": 0}  # fmt: skip
    assert found["resources"][-2]["before_name"] == "x.l"
    assert found["drift"] == [{"name": "x.d", "action": "destroy"}]


def test_a_huge_plan_is_cut_and_says_so() -> None:
    one = {"address": "x", "change": {"actions": ["create"], "before": None, "after": {"a": "v" * 5000}}}
    found = review({"resource_changes": [one] * 1200})
    assert (len(found["resources"]), found["left_out"], found["counts"]["add"], found["cut"]) == (1000, 200, 1200, True)
    assert len(json.dumps(found)) < 600_000
