"""What the hub expects of every executor."""

from __future__ import annotations

import json
from pathlib import Path

from hub_terraform import TerraformExecutor, TerragruntExecutor, TofuExecutor
from hub_terraform.params import TerraformParams, TerraformTaskParams

from hub.plugin import InventoryView, Key, Params, StateAccess, TaskView
from hub.testing import Call, ExecutorContract, RecordingIO, task_view


def write_plan(call: Call) -> None:
    next(Path(word.removeprefix("-out=")) for word in call.argv if word.startswith("-out=")).write_text("plan")


class _Infrastructure(ExecutorContract):
    writes_checkout = True

    def sample(self) -> tuple[TaskView, Params, Params]:
        inventory = InventoryView(3, "prod", f"{self.executor.name}-workspace", "prod", None, user_key=Key(1))
        task = task_view(
            app=self.executor.name,
            script="",
            inventory=inventory,
            variables={"answer": 42},
            arguments=["-refresh=false"],
        )
        return task, TerraformParams(override_backend=True), TerraformTaskParams(upgrade=True)

    def prepare(self, io: RecordingIO) -> None:
        io.state_access = StateAccess("https://hub/api/terraform/task-42", "task", "canary-of-a-run")
        counts = dict.fromkeys(("add", "change", "destroy", "replace"), 1)
        io.answer(code=2, when=lambda call: "plan" in call.argv, effect=write_plan)
        io.answer(output=json.dumps({"counts": counts}), when=lambda call: "review" in call.argv)
        io.answer(output='{"it": {"sensitive": false, "value": 1}}', when=lambda call: "output" in call.argv)


class TestTerraform(_Infrastructure):
    executor = TerraformExecutor()


class TestTofu(_Infrastructure):
    executor = TofuExecutor()


class TestTerragrunt(_Infrastructure):
    executor = TerragruntExecutor()
