"""How Ansible's ssh reaches hosts: whose keys it trusts, through which other hosts it goes, and how it becomes root."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from hub.plugin import InventoryView, KnownHosts, TaskIO
from hub_ansible.jump import Jump, jumps_of
from hub_ansible.params import AnsibleParams
from hub_ansible.surroundings import Surroundings, config_file, configured
from hub_ansible.unfit import Unfit
from hub_ansible.variables import write_private

_CHECKING: Final = ("ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING")
_EXTRA: Final[Mapping[str, str]] = {
    "ANSIBLE_SSH_EXTRA_ARGS": "ssh_extra_args",
    "ANSIBLE_SFTP_EXTRA_ARGS": "sftp_extra_args",
    "ANSIBLE_SCP_EXTRA_ARGS": "scp_extra_args",
}
"""The last of ssh's arguments: of two that say the same, ssh takes the first, so what people set themselves wins."""
_YES: Final = re.compile(r"(?:true|t|yes|y|on|1)", re.IGNORECASE)
_UNCHECKED: Final = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")


async def connection_env(
    params: AnsibleParams, inventory: InventoryView, io: TaskIO, around: Surroundings, cwd: Path
) -> dict[str, str]:
    """Return what Ansible's environment needs to reach hosts."""
    config = config_file(around, cwd)
    known = await io.known_hosts()
    env, words = _checking(known, around, config)
    checked = env.get(_CHECKING[0], "True") == "True"
    if where := _switched_off(around, config):
        words, checked = [], False
        if known.policy != "off":
            await io.log(f"Host keys are not checked in this run, because {where} switches that off.")
    if params.jump_host:
        trusted = known.options if checked else _UNCHECKED
        words += ["-o", f"ProxyCommand={await _proxy(params, inventory, io, trusted)}"]
    if words:
        ours = shlex.join(words)
        env |= {name: f"{_set(name, option, around, config)} {ours}".lstrip() for name, option in _EXTRA.items()}
    return env | _become(params)


def _checking(known: KnownHosts, around: Surroundings, config: Path | None) -> tuple[dict[str, str], list[str]]:
    """Return the environment and ssh's arguments for the policy of the project."""
    env: dict[str, str] = {}
    if _said(around, config) is None:
        env[_CHECKING[0]] = str(known.policy != "off")
    if known.policy == "first_use" and "ANSIBLE_HOST_KEY_AUTO_ADD" not in around.env:
        env["ANSIBLE_HOST_KEY_AUTO_ADD"] = "True"  # of connections that do not use OpenSSH
    words = [] if known.policy == "off" else [word for option in known.options for word in ("-o", option)]
    return env, words


def _switched_off(around: Surroundings, config: Path | None) -> str:
    """Return who decided against checking; empty when nobody did."""
    said = _said(around, config)
    return said[1] if said is not None and not _YES.fullmatch(said[0]) else ""


def _said(around: Surroundings, config: Path | None) -> tuple[str, str] | None:
    """Return what people set themselves, and where."""
    for name in _CHECKING:
        if name in around.env:
            return around.env[name].strip(), name
    for section in ("ssh_connection", "defaults"):
        if value := configured(config, section, "host_key_checking"):
            return value, f"host_key_checking in {config.name if config else ''}"
    return None


def _set(name: str, option: str, around: Surroundings, config: Path | None) -> str:
    return around.env[name] if name in around.env else configured(config, "ssh_connection", option)


def _become(params: AnsibleParams) -> dict[str, str]:
    env = {"ANSIBLE_BECOME_FLAGS": params.become_flags, "ANSIBLE_BECOME_EXE": params.become_exe}
    return {name: value for name, value in env.items() if value}


async def _proxy(params: AnsibleParams, inventory: InventoryView, io: TaskIO, trusted: Sequence[str]) -> str:
    """Write ssh's configuration for the hosts in between; return the command that leads through them."""
    login, lines = "", [f"  {_line(option)}" for option in (*trusted, *_ALWAYS)]
    if params.jump_key is not None:
        material = await io.key(params.jump_key)
        if "SSH_AUTH_SOCK" in material.env:
            lines += [f"  IdentityAgent {_quoted(material.env['SSH_AUTH_SOCK'])}", "  IdentityFile none"]
        elif "private_key" in material.files:
            lines += [f"  IdentityFile {_quoted(str(material.files['private_key']))}", "  IdentitiesOnly yes"]
        else:
            raise Unfit("The key of the jump host must be an SSH key.")
        login = material.login
    elif inventory.user_key is not None:
        login = (await io.key(inventory.user_key)).login
    path = io.workspace / "jump_config"
    jumps = jumps_of(params.jump_host)
    text = [line for number, jump in enumerate(jumps, 1) for line in _block(number, jump, login, path)]
    write_private(path, "".join(f"{line}\n" for line in (*text, "Host *", *lines)))
    return _through(path, len(jumps))


_ALWAYS: Final = (
    "BatchMode=yes", "ControlMaster=no", "ControlPath=none", "ForwardAgent=no", "PermitLocalCommand=no",
    "ServerAliveInterval=15", "ServerAliveCountMax=4",
)  # fmt: skip


def _block(number: int, jump: Jump, login: str, path: Path) -> list[str]:
    lines = [f"Host {_alias(number)}", f"  HostName {jump.host}"]
    if user := jump.user or login:
        if user.startswith("-") or not re.fullmatch(r"[A-Za-z0-9_.@+-]+", user):
            raise Unfit(f"The login {user!r} cannot be used at a jump host.")
        lines.append(f"  User {user}")
    if jump.port:
        lines.append(f"  Port {jump.port}")
    if number > 1:
        lines.append(f"  ProxyCommand {_through(path, number - 1)}")
    return lines


def _through(path: Path, number: int) -> str:
    """Return a command for ssh's ProxyCommand, which a shell runs once ssh has put in host and port."""
    config = shlex.quote(str(path)).replace("%", "%%")
    return f"ssh -F {config} -W '[%h]:%p' {_alias(number)}"


def _alias(number: int) -> str:
    return f"hub-jump-{number}"


def _line(option: str) -> str:
    name, _, value = option.partition("=")
    return f"{name} {value}"


def _quoted(path: str) -> str:
    if '"' in path or os.linesep in path:
        raise Unfit("The worker's folder has a name that ssh cannot be given.")
    return '"' + path.replace("%", "%%") + '"'
