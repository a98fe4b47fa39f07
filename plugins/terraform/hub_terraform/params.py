"""What can be configured on a template, and what a single task may ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from hub.plugin import Duration, Group, Params, Prompt


class TerraformParams(Params):
    """Params of a template; the first four are the wire's `task_params`."""

    allow_destroy: Annotated[bool, Group("Prompts")] = False
    """Let a task destroy everything that the configuration made."""
    allow_auto_approve: Annotated[bool, Group("Prompts")] = False
    """Let a task apply its plan without asking."""
    auto_approve: Annotated[bool, Group("Approval")] = False
    """Apply every plan without asking."""
    override_backend: Annotated[bool, Group("State")] = False
    """Keep the state with the hub, whatever backend the configuration names; with `TF_HTTP_ADDRESS` in the variable
    group, at that address. The hub adds an override file to the task's own copy of the repository; your files stay as
    they are."""
    lock_timeout: Annotated[Duration, Group("State")] = timedelta(seconds=60)
    """How long to wait for the lock of the state when somebody else holds it."""


class TerraformTaskParams(Params):
    """Params of a single task."""

    plan: bool = False
    """Only plan; change nothing."""
    drift: bool = False
    """Look for drift: plan, change nothing, and note what differs from the configuration."""
    destroy: Annotated[bool, Prompt("allow_destroy")] = False
    """Destroy everything that the configuration made (`-destroy`)."""
    auto_approve: Annotated[bool, Prompt("allow_auto_approve")] = False
    """Apply the plan without asking."""
    upgrade: bool = False
    """Take the newest providers and modules that fit (`-upgrade`)."""
    reconfigure: bool = False
    """Forget what was known of the backend (`-reconfigure`)."""
