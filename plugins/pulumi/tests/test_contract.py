"""What the hub expects of every executor."""

from __future__ import annotations

from hub_pulumi import PulumiExecutor
from hub_pulumi.params import PulumiParams, PulumiTaskParams

from hub.plugin import InventoryView, Key, Params, TaskView
from hub.testing import ExecutorContract, RecordingIO, task_view

from .conftest import CREATE, preview


class TestPulumi(ExecutorContract):
    executor = PulumiExecutor()

    def sample(self) -> tuple[TaskView, Params, Params]:
        inventory = InventoryView(3, "prod", "pulumi-stack", "prod", None)
        task = task_view(
            app="pulumi", script="", inventory=inventory, variables={"size": 3, "aws:region": "eu-west-1"},
            arguments=["--parallel=4"],
        )  # fmt: skip
        params = PulumiParams(
            stack="dev", create_stack=True, refresh=True, backend="file://~", access_token=Key(1), passphrase=Key(2),
            allow_destroy=True,
        )  # fmt: skip
        return task, params, PulumiTaskParams()

    def prepare(self, io: RecordingIO) -> None:
        io.answer(output=preview(CREATE), when=lambda call: "preview" in call.argv)
        io.answer(output="{}", when=lambda call: "output" in call.argv)
