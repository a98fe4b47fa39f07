"""Runs Ansible playbooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, hookimpl
from hub_ansible.executor import AnsibleExecutor

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring the one executor of this plugin."""
    return [AnsibleExecutor()]
