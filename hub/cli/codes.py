"""What commands end with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

STOPPED_CODE: Final = 130
"""What a shell gives for a program that Ctrl-C ended."""


def exit_code(task: Mapping[str, Any]) -> int:
    """Return the task's own exit code: 0 for success, 130 when it was stopped, and never 0 for an error."""
    if task["status"] == "success":
        return 0
    if task["status"] == "stopped":
        return STOPPED_CODE
    code = int(task.get("exit_code") or 0)
    return code if 0 < code < 256 else 1
