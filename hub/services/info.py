"""What the hub is and has, for people who are signed in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Final

from hub import __version__
from hub.context import Hub
from hub.services import second_factor
from hub.services.roles import global_roles

_SECONDS: Final = 20.0
"""How long `ansible --version` may take; Python starts slowly on a busy machine."""

_PREMIUM: Final = ("project_runners", "terraform_backend", "task_summary", "secret_storages")
"""What the wire's clients may show only when it is there."""

_OWN_PROGRAMS: Final = Path(sys.executable).parent
"""Where Ansible is when it was installed together with the hub."""

_asked: dict[str, asyncio.Future[str]] = {}
"""The answer of `ansible --version`, asked once in the life of the process."""


async def info(hub: Hub) -> dict[str, Any]:
    """Return the wire's `GET /info`."""
    return {
        "version": __version__,
        "ansible": await ansible_version(),
        "web_host": hub.settings.public_url,
        "use_remote_runner": False,
        "auth_methods": second_factor.METHODS,
        "premium_features": dict.fromkeys(_PREMIUM, False),
        "git_client": "cmd_git",
        "schedule_timezone": "UTC",
        "teams": {"invites_enabled": True, "invite_type": "both"},
        "roles": await global_roles(),
    }


async def ansible_version() -> str:
    """Return what `ansible --version` says on this machine; empty where there is none."""
    loop = asyncio.get_running_loop()
    asked = _asked.get("ansible")
    if asked is None or asked.get_loop() is not loop:
        asked = _asked["ansible"] = asyncio.ensure_future(_ask_ansible())
    return await asyncio.shield(asked)  # the first who asked may go away


async def _ask_ansible() -> str:
    program = shutil.which("ansible", path=os.pathsep.join((os.environ.get("PATH", ""), str(_OWN_PROGRAMS))))
    if program is None:
        return ""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    try:
        # The root folder, because Ansible reads an ansible.cfg of the folder that it is started in.
        process = await asyncio.create_subprocess_exec(
            program, "--version", cwd="/", env=environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError:
        return ""
    try:
        async with asyncio.timeout(_SECONDS):
            output, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return output.decode("utf-8", "replace").strip() if process.returncode == 0 else ""
