"""Runs scripts of a repository with Bash, Python or PowerShell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugin import Executor, hookimpl
from hub_shell.executor import BashExecutor, PowerShellExecutor, PythonExecutor

HUB_API = 1


@hookimpl
def hub_executors() -> Sequence[Executor[Any, Any]]:
    """Bring one executor for each interpreter."""
    return [BashExecutor(), PowerShellExecutor(), PythonExecutor()]
