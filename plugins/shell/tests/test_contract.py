"""What the hub expects of every executor."""

from __future__ import annotations

from hub_shell.interpreters import BashExecutor, NodeExecutor, PowerShellExecutor, PythonExecutor, ShExecutor

from hub.plugin import NoParams, Params, TaskView
from hub.testing import ExecutorContract, task_view


class _Shell(ExecutorContract):
    def sample(self) -> tuple[TaskView, Params, Params]:
        task = task_view(app=self.executor.name, script="run", variables={"answer": 42}, arguments=["--all"])
        return task, self.executor.params_type(), NoParams()


class TestBash(_Shell):
    executor = BashExecutor()


class TestPython(_Shell):
    executor = PythonExecutor()


class TestPowerShell(_Shell):
    executor = PowerShellExecutor()


class TestSh(_Shell):
    executor = ShExecutor()


class TestNode(_Shell):
    executor = NodeExecutor()
