"""Plans and applies infrastructure with Terraform, OpenTofu and Terragrunt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, hookimpl
from hub_terraform.executor import TerraformExecutor, TerragruntExecutor, TofuExecutor

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring one executor for each tool."""
    return [TerraformExecutor(), TerragruntExecutor(), TofuExecutor()]
