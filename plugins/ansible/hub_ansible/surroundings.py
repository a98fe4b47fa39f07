"""What the task's environment already holds, and what Ansible needs on top of it."""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.plugin import TaskIO
from hub_ansible.unfit import Unfit

_PROGRAM = "ansible-playbook"
_LONGEST_SOCKET = 107 if sys.platform == "linux" else 103
_OF_THE_MACHINE = Path("/etc/ansible/ansible.cfg")
_SOCKET_NAME = 28  # ssh's own: a slash, ten digits of a hash, and a suffix of 17 while it is being made

_DEFAULTS = {
    "PYTHONUNBUFFERED": "1",
    "ANSIBLE_FORCE_COLOR": "True",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    # Without this, a broken inventory is a warning, and the task a success on no hosts.
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
}
_STRICT = "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"
_ASKED = (
    *_DEFAULTS,
    _STRICT,
    "ANSIBLE_CACHE_PLUGIN",
    "ANSIBLE_HOME",
    "ANSIBLE_LOCAL_TEMP",
    "ANSIBLE_CALLBACK_PLUGINS",
    "ANSIBLE_HOST_KEY_AUTO_ADD",
    "ANSIBLE_HOST_KEY_CHECKING",
    "ANSIBLE_SSH_HOST_KEY_CHECKING",
    "ANSIBLE_SCP_EXTRA_ARGS",
    "ANSIBLE_SFTP_EXTRA_ARGS",
    "ANSIBLE_SSH_ARGS",
    "ANSIBLE_SSH_EXTRA_ARGS",
    "ANSIBLE_SSH_CONTROL_PATH_DIR",
    "ANSIBLE_CONFIG",
    "ANSIBLE_COLLECTIONS_PATH",
    "ANSIBLE_ROLES_PATH",
    "ANSIBLE_GALAXY_SERVER_LIST",
    "GIT_SSH_COMMAND",
    "HOME",
    "PATH",
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The task's environment before the executor adds to it."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Those of a few known variables that are set."""
    galaxy: str = ""
    """Digest of the settings of `ansible-galaxy`."""


def look(io: TaskIO) -> Surroundings:
    """Look at what is set, because what an executor passes to `io.exec` wins over the variable group."""
    env = io.environment()
    # Values that may be secret (galaxy tokens) are kept as a digest only.
    galaxy = sorted((name, value) for name, value in env.items() if name.startswith("ANSIBLE_GALAXY"))
    digest = hashlib.sha256(json.dumps(galaxy).encode()).hexdigest()
    return Surroundings({name: env[name] for name in _ASKED if name in env}, digest)


def program(around: Surroundings) -> str:
    """Return how to call ansible-playbook: by name from the task's PATH, else the one installed beside the hub."""
    path = around.env.get("PATH")
    if path is None or shutil.which(_PROGRAM, path=path):
        return _PROGRAM
    beside = Path(sys.executable).parent / _PROGRAM
    if beside.is_file():
        return str(beside)
    raise Unfit(
        "Ansible is not installed on this worker. Install it with `pip install automation-hub-ansible[core]`, "
        f"or put {_PROGRAM} on the PATH.",
        code=127,
    )


def ansible_env(workspace: Path, around: Surroundings) -> dict[str, str]:
    """Return what Ansible needs; what the variable group sets itself is left alone."""
    home = workspace / "ansible"
    home.mkdir(mode=0o700, exist_ok=True)
    wanted = _DEFAULTS | {"ANSIBLE_HOME": str(home), "ANSIBLE_LOCAL_TEMP": str(home / "tmp")} | _sharing(workspace)
    return {name: value for name, value in wanted.items() if name not in around.env}


def layered_env(files: Sequence[Path], around: Surroundings) -> dict[str, str]:
    """Return what makes a layer of an inventory that cannot be read an error, and not a warning about fewer hosts."""
    return {_STRICT: "True"} if len(files) > 1 and _STRICT not in around.env else {}


def _sharing(workspace: Path) -> dict[str, str]:
    """Let connections be shared through sockets, where their path is short enough for the system."""
    sockets = workspace / "cp"
    if len(os.fsencode(sockets)) + _SOCKET_NAME > _LONGEST_SOCKET:
        return {"ANSIBLE_SSH_ARGS": "-C -o ControlMaster=no"}
    sockets.mkdir(mode=0o700, exist_ok=True)
    return {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(sockets)}


def config_file(around: Surroundings, cwd: Path) -> Path | None:
    """Return the ansible.cfg that Ansible will read: the first of those that it looks for."""
    named, home = around.env.get("ANSIBLE_CONFIG"), around.env.get("HOME")
    places = [cwd / named] if named else []
    places += [cwd / "ansible.cfg", *([Path(home, ".ansible.cfg")] if home else []), _OF_THE_MACHINE]
    for path in places:
        file = path / "ansible.cfg" if path.is_dir() else path
        if file.is_file():
            return file
    return None


def with_callbacks(ours: Path, around: Surroundings, cwd: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Let Ansible look for callback plugins in our folder too, behind those where it looks anyway."""
    if set_by_group := around.env.get("ANSIBLE_CALLBACK_PLUGINS"):
        entries = set_by_group.split(os.pathsep)
    else:
        home = around.env.get("ANSIBLE_HOME") or env["ANSIBLE_HOME"]
        usual = [f"{home}/plugins/callback", "/usr/share/ansible/plugins/callback"]
        entries = configured_path(config_file(around, cwd), "callback_plugins") or usual
    return {"ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join([*entries, str(ours)])}


def configured_path(config: Path | None, *names: str) -> list[str]:
    """Return a search path of ansible.cfg, relative entries resolved as Ansible does."""
    for name in names:
        if config is not None and (value := configured(config, "defaults", name)):
            entries = [entry.strip() for entry in value.split(":") if entry.strip()]
            return [entry if entry[0] in "/~${" else str(config.parent / entry) for entry in entries]
    return []


def configured(config: Path | None, section: str, name: str) -> str:
    """Return a value of ansible.cfg; empty when it is not set there."""
    if config is None:
        return ""
    return parsed(config).get(section, name, fallback="").strip()


def configured_servers(config: Path | None) -> list[str]:
    """Return the names of the Galaxy servers of ansible.cfg, in order."""
    return [name.strip() for name in configured(config, "galaxy", "server_list").split(",") if name.strip()]


def parsed(config: Path) -> configparser.RawConfigParser:
    """Read ansible.cfg; what is wrong with it Ansible itself will say."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=False)
    with contextlib.suppress(configparser.Error):
        parser.read_string(config.read_text("utf-8", errors="replace"))
    return parser
