"""What people see of hosts before anything is run: those of a run, and those of an inventory with their variables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.plugin import HostList, TaskIO, TaskView
from hub_ansible.checks import inventory_of
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.reach import PLAIN, hosts_of, only
from hub_ansible.ready import Ready, make_ready
from hub_ansible.surroundings import ansible_env, layered_env, look, program
from hub_ansible.unfit import Unfit

HIDDEN: Final = "(hidden)"
ENCRYPTED: Final = "(encrypted)"
MOST_HOSTS: Final = 5_000
_LONGEST_TEXT: Final = 2_000
_LARGEST_HOST: Final = 32 * 1024
_LARGEST: Final = 6 << 20
"""Bytes of all variables together; hosts behind that are listed without."""
_SECRET: Final = re.compile(
    r"passw|passphrase|(?:^|_)pass(?:$|_)|(?:^|_)pwd(?:$|_)|secret|token|credential|(?:private|api|access|auth)_?key",
    re.IGNORECASE,
)
_NUMBERS: Final = re.compile(r"([0-9]{1,18})")
_LOGIN: Final = re.compile(r"(?<=://)[^/\s@]+@")
_NO_VARIABLES: Final = {"ANSIBLE_VARS_ENABLED": "ansible.builtin.none_of_them"}


async def of_run(task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams, io: TaskIO) -> HostList:
    """Return the hosts that a run would touch."""
    ready = await make_ready(task, params, task_params, io, look(io))
    try:
        hosts = await hosts_of(ready.argv, io, ready.env)
    except Unfit:
        if sentence := await _fits_nobody(ready, io):
            return HostList((), note=sentence)
        raise
    if task_params.hosts:
        hosts = await only(task_params.hosts, hosts, io)
    vaults = [f"--vault-id={name}@{file}" for name, file in ready.sources.vaults]
    listed = await _listed(ready.beside("ansible-inventory"), [*ready.sources.inventory], vaults, io, ready.env)
    return HostList(tuple(sorted(hosts, key=natural)), groups=groups_of(listed or {}, hosts))


def natural(name: str) -> list[str | int]:
    """Put web2 before web10: texts and numbers take turns, so they are never compared with each other."""
    return [int(part) if part.isdecimal() else part for part in _NUMBERS.split(name)]


async def _fits_nobody(ready: Ready, io: TaskIO) -> str:
    """Return a sentence when it is the limit alone that leaves no host; empty text otherwise."""
    limits = [word.partition("=")[2] for word in ready.argv if word.startswith("--limit=")]
    if not limits:
        return ""
    free = [word for word in ready.argv if not word.startswith("--limit=")]
    try:
        await hosts_of(free, io, ready.env)
    except Unfit:
        return ""
    return f"No host fits the limit “{limits[-1]}”."


async def of_inventory(task: TaskView, io: TaskIO) -> HostList:
    """Return all hosts of an inventory, and their variables without anything secret. No vault is opened."""
    around = look(io)
    _, files = inventory_of(task)
    env = {**ansible_env(io.workspace, around), **layered_env(files, around)}
    asked = program(around).removesuffix("playbook") + "inventory", [str(file) for file in files]
    note = ""
    listed = await _listed(*asked, [], io, env)
    if listed is None:
        listed = await _listed(*asked, [], io, env | _NO_VARIABLES)
        note = "Variables of group_vars and host_vars are left out, because they cannot be read without a vault."
    if listed is None:
        raise Unfit("Ansible could not read this inventory.")
    known = listed.get("_meta", {}).get("hostvars", {})
    hosts = sorted(_all_hosts(listed), key=natural)
    if len(hosts) > MOST_HOSTS:
        note = f"Only the first {MOST_HOSTS} of {len(hosts)} hosts are shown. {note}".strip()
        hosts = hosts[:MOST_HOSTS]
    return HostList(tuple(hosts), groups_of(listed, hosts), _variables(known, hosts), note)


async def _listed(
    name: str, files: Sequence[str], vaults: Sequence[str], io: TaskIO, env: Mapping[str, str]
) -> dict[str, Any] | None:  # fmt: skip
    """Return what `ansible-inventory --list` prints; None when it fails."""
    inventories = [word for file in files for word in ("-i", file)]
    done = await io.capture(name, *inventories, *vaults, "--list", env={**env, **PLAIN})
    try:
        found = json.loads(done.output)
    except ValueError:
        return None
    return found if isinstance(found, dict) and not done.code else None


def _all_hosts(listed: Mapping[str, Any]) -> set[str]:
    named = {str(host) for group in listed.values() if isinstance(group, Mapping) for host in group.get("hosts", ())}
    return named | set(listed.get("_meta", {}).get("hostvars", {}))


def groups_of(listed: Mapping[str, Any], hosts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return of each group those of the hosts that are in it, also by way of its children."""
    wanted = set(hosts)
    found = {
        str(name): tuple(sorted(_members(listed, str(name), set()) & wanted))
        for name in listed
        if name not in {"_meta", "all", "ungrouped"}
    }
    return {name: members for name, members in sorted(found.items()) if members}


def _members(listed: Mapping[str, Any], name: str, seen: set[str]) -> set[str]:
    group = listed.get(name)
    if name in seen or not isinstance(group, Mapping):
        return set()
    seen.add(name)
    below = (_members(listed, str(child), seen) for child in group.get("children", ()))
    return set(map(str, group.get("hosts", ()))).union(*below)


def _variables(known: Mapping[str, Any], hosts: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    left = _LARGEST
    for host in hosts:
        shown = {str(name): without_secrets(name, value) for name, value in sorted(known.get(host, {}).items())}
        size = len(json.dumps(shown))
        if size > _LARGEST_HOST:
            shown = {name: value for name, value in shown.items() if len(json.dumps(value)) < 1024}
            size = len(json.dumps(shown))
        left -= size
        if left < 0 or size > _LARGEST_HOST:
            continue
        found[host] = shown
    return found


def without_secrets(name: object, value: Any) -> Any:
    """Return a value as people may see it."""
    if _SECRET.search(str(name)):
        return HIDDEN
    if isinstance(value, Mapping):
        if "__ansible_vault" in value:
            return ENCRYPTED
        return {str(key): without_secrets(key, one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_secrets("", one) for one in value]
    if isinstance(value, str):
        if value.lstrip().startswith("$ANSIBLE_VAULT"):
            return ENCRYPTED
        return _LOGIN.sub("…@", value[:_LONGEST_TEXT])
    return value
