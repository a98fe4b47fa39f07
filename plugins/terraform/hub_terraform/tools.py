"""How each tool is called. W-16: one builder for each, so that none gets words of another."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.plugin import TaskIO

_ASKED = (
    "GIT_SSH_COMMAND", "PATH", "TF_CLI_CONFIG_FILE", "TF_HTTP_ADDRESS", "TF_PLUGIN_CACHE_DIR", "TF_WORKSPACE",
    "TG_TF_PATH",
)  # fmt: skip
_ASK = "import json, os, sys; print(json.dumps({n: os.environ[n] for n in sys.argv[1:] if n in os.environ}))"


async def look(io: TaskIO) -> Mapping[str, str]:
    """Return those of a few known variables that the task's environment sets; what is passed to a program would win."""
    done = await io.capture(sys.executable, "-I", "-S", "-c", _ASK, *_ASKED)
    try:
        return dict(json.loads(done.output))
    except (ValueError, TypeError):
        return {}


@dataclass(frozen=True, slots=True)
class Tool:
    """Makes command lines."""

    program: str
    title: str
    leading: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def command(self, *words: str) -> tuple[str, ...]:
        """Return the command line of one subcommand."""
        return (self.program, *self.leading, *words)


def terragrunt(workspace: str, around: Mapping[str, str]) -> Tool:
    """Return Terragrunt (0.73 or newer), in front of Terraform, or of OpenTofu where there is no Terraform."""
    inner = "terraform" if shutil.which("terraform", path=around.get("PATH")) else "tofu"
    chosen = () if "TG_TF_PATH" in around or not shutil.which(inner, path=around.get("PATH")) else (inner,)
    return Tool(
        "terragrunt",
        "Terragrunt",
        ("run", *(f"--tf-path={name}" for name in chosen), "--non-interactive", "--"),
        {"TG_DOWNLOAD_DIR": f"{workspace}/terragrunt", "TG_TF_FORWARD_STDOUT": "true"},
    )
