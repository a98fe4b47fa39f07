"""What can be configured on a script's template."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import field_validator

from hub.plugin import Choice, Params, Words
from hub_shell.artifacts import fault_of


class ShellParams(Params):
    """Params of a template."""

    variables: Annotated[
        Literal["arguments", "environment", "both"],
        Choice({"both": "Both", "arguments": "As arguments NAME=value", "environment": "As environment variables"}),
    ] = "both"
    """How the script gets its variables. Secret ones are always environment variables and never arguments."""
    artifacts: Words = ()
    """Files to keep when the script has ended, well or not: patterns below the working directory, such as `dist/*.whl`,
    `reports/**/*.xml` or `build`. People download them from the task's page. Links are not followed."""
    bring_artifacts: bool = False
    """Bring the artifacts of the build into a folder, named by `HUB_INPUT_FILES`. For templates that deploy a build."""

    @field_validator("artifacts")
    @classmethod
    def _inside(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > 50:
            raise ValueError("there are at most 50 patterns")
        for pattern in value:
            if fault := fault_of(pattern):
                raise ValueError(fault)
        return value
