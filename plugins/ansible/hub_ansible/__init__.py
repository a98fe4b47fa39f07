"""Runs Ansible playbooks, and brings inventories from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, InventorySource, hookimpl
from hub_ansible.executor import AnsibleExecutor
from hub_ansible.sources import SOURCES

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring the one executor of this plugin."""
    return [AnsibleExecutor()]


@hookimpl
def hub_inventory_sources() -> Sequence[InventorySource[Any]]:
    """Bring the inventories that are fetched."""
    return SOURCES
