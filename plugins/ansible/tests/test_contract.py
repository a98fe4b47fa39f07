"""What the hub expects of every executor."""

from __future__ import annotations

from pathlib import Path

from hub_ansible import AnsibleExecutor
from hub_ansible.params import AnsibleParams, AnsibleTaskParams

from hub.plugin import InventoryView, Key, Params, TaskView, VaultView
from hub.testing import ExecutorContract, task_view


class TestAnsible(ExecutorContract):
    executor = AnsibleExecutor()

    def sample(self) -> tuple[TaskView, Params, Params]:
        inventory = InventoryView(3, "hosts", "static", "", Path(__file__), user_key=Key(1))
        task = task_view(
            app="ansible",
            script="site.yml",
            inventory=inventory,
            vaults=(VaultView("dev", "password", key=Key(2)),),
            variables={"answer": 42},
            arguments=["--forks", "2"],
        )
        return task, AnsibleParams(limit=("web",), become=True), AnsibleTaskParams(tags=("a",), diff=True)
