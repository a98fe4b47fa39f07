"""What can be configured on a script's template."""

from __future__ import annotations

from typing import Annotated, Literal

from hub.plugin import Choice, Params


class ShellParams(Params):
    """Params of a template."""

    variables: Annotated[
        Literal["arguments", "environment", "both"],
        Choice({"both": "Both", "arguments": "As arguments NAME=value", "environment": "As environment variables"}),
    ] = "both"
    """How the script gets its variables. Secret ones are always environment variables and never arguments."""
