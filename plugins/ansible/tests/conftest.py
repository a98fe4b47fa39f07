"""A checkout whose playbooks really run on this machine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hub_ansible import AnsibleExecutor
from hub_ansible.params import AnsibleParams, AnsibleTaskParams

from hub.plugin import InventoryView, Key, Outcome, TaskView
from hub.testing import Call, RunningIO, task_view
from hub.testing.tools import missing

BIN = Path(sys.executable).parent


@dataclass
class Bench:
    """A checkout, an inventory, and a door."""

    io: RunningIO
    task: TaskView
    executor: AnsibleExecutor = field(default_factory=AnsibleExecutor)

    @property
    def root(self) -> Path:
        return self.io.folder / "checkout"

    def key(self, number: int, **texts: str) -> Key:
        """Put a key into the store: its login, and the text of each file."""
        self.io.keys = {**self.io.keys, number: texts}
        return Key(number)

    def file(self, name: str, text: str, mode: int = 0o644) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path

    def set(self, **changes: Any) -> None:
        self.task = replace(self.task, **changes)

    def inventory(self, **changes: Any) -> None:
        assert self.task.inventory is not None
        self.task = replace(self.task, inventory=replace(self.task.inventory, **changes))

    async def run(self, params: Mapping[str, Any] | None = None, **task_params: Any) -> Outcome:
        return await self.executor.run(
            self.task, AnsibleParams(**(params or {})), AnsibleTaskParams(**task_params), self.io
        )

    @property
    def calls(self) -> list[Call]:
        """What ran with its output in the log."""
        return [call for call in self.io.calls if not call.captured]

    @property
    def playbook_call(self) -> Call:
        """The last program that was started, with the whole of its environment."""
        call = self.calls[-1]
        return replace(call, env={**self.io.base, **call.env})


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A private folder with a path as short as a worker's, so that sockets fit."""
    with tempfile.TemporaryDirectory(prefix="ha-", dir="/tmp") as folder:
        yield Path(folder).resolve()


@pytest.fixture
def bench(short_folder: Path) -> Bench:
    """A checkout with one playbook and a static inventory of this machine."""
    if shutil.which("ansible-playbook", path=f"{BIN}:{os.environ.get('PATH', '')}") is None:
        missing("ansible-playbook is not installed; see the extra `core` of automation-hub-ansible")
    home = short_folder / "home"
    home.mkdir(mode=0o700)
    hosts = short_folder / "inventory_3"
    hosts.write_text(
        f"[web]\nh1\nh2\n[all:vars]\nansible_connection=local\nansible_python_interpreter={sys.executable}\n"
    )
    io = RunningIO(short_folder, base={"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"})
    inventory = InventoryView(3, "hosts", "static", hosts.read_text(), hosts)
    made = Bench(io, task_view(io.checkout, app="ansible", script="site.yml", inventory=inventory))
    made.file(
        "site.yml", "- hosts: all\n  gather_facts: false\n  tasks:\n    - debug: {msg: 'on {{ inventory_hostname }}'}\n"
    )
    return made
