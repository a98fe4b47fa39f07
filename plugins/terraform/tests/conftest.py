"""A configuration that is planned and applied for real, pass by pass."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hub_terraform import TerraformExecutor
from hub_terraform.params import TerraformParams, TerraformTaskParams

from hub.plugin import InventoryView, Outcome, StateAccess, TaskView
from hub.testing import RunningIO, task_view
from hub.testing.tools import need_tool


@dataclass
class Bench:
    """A checkout, a workspace to select, a state that stays, and a door for each pass."""

    folder: Path
    task: TaskView
    executor: Any = field(default_factory=TerraformExecutor)
    io: RunningIO = field(init=False)
    secrets: dict[str, str] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)
    passes: int = 0

    def __post_init__(self) -> None:
        self.base = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}
        (self.folder / "home").mkdir()
        (self.folder / "committed").mkdir()
        self.file("main.tf", MAIN)

    @property
    def state(self) -> Path:
        return self.folder / "state" / "terraform.tfstate"

    def file(self, name: str, text: str) -> None:
        """Commit a file."""
        path = self.folder / "committed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("STATE", str(self.state)))

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    def workspace(self, name: str) -> None:
        self.set(inventory=InventoryView(3, name, "terraform-workspace", name, None))

    async def run(
        self, params: Mapping[str, Any] | None = None, *, access: StateAccess | None = None, **task_params: Any
    ) -> Outcome:  # fmt: skip
        """Run one pass as on a new worker: of earlier passes nothing is left but what was kept."""
        self.passes += 1
        folder = self.folder / f"pass{self.passes}"
        earlier = self.folder / f"pass{self.passes - 1}"
        self.io = RunningIO(folder, secret_values=self.secrets, base=self.base, state_access=access)
        shutil.rmtree(self.io.checkout)
        shutil.copytree(self.folder / "committed", self.io.checkout)
        if self.task.resumed is not None:
            shutil.copytree(earlier / "artifacts", self.io.artifacts, dirs_exist_ok=True)
            shutil.rmtree(earlier)
        assert self.task.repository is not None
        self.set(repository=replace(self.task.repository, path=self.io.checkout))
        outcome = await self.executor.run(
            self.task, TerraformParams(**(params or {})), TerraformTaskParams(**task_params), self.io
        )
        self.set(resumed=dict(outcome.state) if outcome.kind == "awaiting" else None)
        return outcome

    async def confirm(self, params: Mapping[str, Any] | None = None, **task_params: Any) -> Outcome:
        """Run the second pass."""
        assert self.task.resumed is not None
        return await self.run(params, **task_params)

    def result(self, kind: str) -> Any:
        return [data for name, data in self.io.results if name == kind][-1]

    def words(self, verb: str) -> list[tuple[str, ...]]:
        """Command lines of one subcommand."""
        return [call.argv for call in self.io.calls if verb in call.argv]


MAIN = """
terraform {
  backend "local" {
    path = "STATE"
  }
}
variable "who" {
  type    = string
  default = "world"
}
resource "terraform_data" "greeting" {
  input = var.who
}
output "greeting" {
  value = terraform_data.greeting.output
}
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A configuration whose state outlives the tasks."""
    need_tool("terraform")
    task = task_view(
        tmp_path,
        template_name="Infrastructure",
        app="terraform",
        script="",
        inventory=InventoryView(3, "default", "terraform-workspace", "default", None),
    )
    return Bench(tmp_path, task)
