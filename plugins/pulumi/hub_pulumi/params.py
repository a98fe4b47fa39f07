"""What can be configured on a template, and what a single task may ask for."""

from __future__ import annotations

from typing import Annotated, Literal

from hub.plugin import Choice, Group, Params, Prompt, Secret


class PulumiParams(Params):
    """Params of a template."""

    stack: str = ""
    """Stack, such as `prod` or `acme/shop/prod`. An inventory of the type “Pulumi stack” wins over it."""
    create_stack: bool = False
    """Make the stack when there is none of that name yet."""
    install: bool = True
    """Install what the program needs first: packages of its language, and plugins (`pulumi install`)."""
    refresh: bool = False
    """Look at what is really there before each preview (`--refresh`)."""
    backend: Annotated[str, Group("State")] = ""
    """Where the state is: `s3://…`, `azblob://…`, `gs://…`, `https://…` or `file://…`; empty for Pulumi Cloud, or for
    what `PULUMI_BACKEND_URL` of the variable group says."""
    access_token: Annotated[Secret | None, Group("State")] = None
    """Access token of Pulumi Cloud or of a backend of your own."""
    passphrase: Annotated[Secret | None, Group("State")] = None
    """Passphrase of the stack's secrets, where no cloud keeps them."""
    saved_plan: Annotated[bool, Group("Approval")] = False
    """Save the preview as an update plan, and let `up` do what is in it and nothing else. Pulumi calls it experimental.
    Without it the preview is made again after the confirmation, and has to be the same."""
    auto_approve: Annotated[bool, Group("Approval")] = False
    """Apply every preview without asking."""
    allow_auto_approve: Annotated[bool, Group("Prompts")] = False
    """Let a task apply its preview without asking."""
    allow_destroy: Annotated[bool, Group("Prompts")] = False
    """Let a task destroy everything that the stack has."""


class PulumiTaskParams(Params):
    """Params of a single task."""

    action: Annotated[
        Literal["up", "refresh", "destroy"],
        Choice({"up": "Update (up)", "refresh": "Refresh the state", "destroy": "Destroy"}),
    ] = "up"
    """What to do with the stack. Destroying needs the template's leave."""
    preview: bool = False
    """Only preview; change nothing."""
    drift: bool = False
    """Look for drift: preview an update with `--refresh`, change nothing, and note what differs."""
    auto_approve: Annotated[bool, Prompt("allow_auto_approve")] = False
    """Apply the preview without asking."""
