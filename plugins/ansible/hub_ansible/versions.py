"""The Ansible that a template runs with: the worker's own, or one in an environment with the packages that it needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml

from hub.plugin import PythonNeeds, Requirements, TaskIO, TaskView, python_environment
from hub_ansible.params import AnsibleParams
from hub_ansible.surroundings import Surroundings, program
from hub_ansible.unfit import Unfit

_OWN_VERSION: Final = re.compile(r"\[core (\d+\.\d+\.\d+\w*)\]")
_NAMES_ANSIBLE: Final = re.compile(r"ansible(?:-core)?\s*(?:[=<>~!\[;@\s]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ansible:
    """Programs of one installation."""

    playbook: str
    galaxy: str
    env: Mapping[str, str] = field(default_factory=dict)
    """What to lay over the task's environment."""
    needs: PythonNeeds | None = None
    """What its environment holds; None for the worker's own."""


async def chosen_ansible(
    task: TaskView, params: AnsibleParams, root: Path, around: Surroundings, io: TaskIO
) -> Ansible:  # fmt: skip
    """Return what the template's params ask for; its environment is made when no earlier task has."""
    files = [Requirements(root / params.ansible_requirements, root)] if params.ansible_requirements else []
    if not (files or params.ansible_version or params.ansible_packages):
        own = program(around)
        return Ansible(own, str(Path(own).with_name("ansible-galaxy")))
    packages = [*await _core(params, files, around, io), *params.ansible_packages]
    needs = PythonNeeds(files, packages, params.ansible_python or sys.executable)
    return await _installed(needs, task, io)


async def with_requirements_of(
    folders: Sequence[Path], ansible: Ansible, task: TaskView, params: AnsibleParams, io: TaskIO
) -> Ansible:
    """Return an Ansible that also has what the collections in these folders need."""
    files, packages = requirements_of(folders)
    if not (files or packages):
        return ansible
    before = ansible.needs
    if before is None:
        own = await _own_version(ansible.playbook, io)
        before = PythonNeeds(packages=own, python=params.ansible_python or sys.executable)
    needs = replace(before, files=[*before.files, *files], packages=[*before.packages, *packages])
    return await _installed(needs, task, io)


async def _installed(needs: PythonNeeds, task: TaskView, io: TaskIO) -> Ansible:
    await io.stage("dependencies")
    environment = await python_environment(needs, task, io)
    playbook, galaxy = (environment.program(f"ansible-{name}") for name in ("playbook", "galaxy"))
    if playbook is None or galaxy is None:
        raise Unfit("The packages of this template hold no Ansible. Choose a version of ansible-core.", code=127)
    return Ansible(str(playbook), str(galaxy), environment.env(io.environment()), needs)


async def _core(
    params: AnsibleParams, files: Sequence[Requirements], around: Surroundings, io: TaskIO
) -> Sequence[str]:  # fmt: skip
    """Return the wanted ansible-core as a requirement; the worker's own version where nothing names another."""
    if params.ansible_version:
        return [f"ansible-core{specifier(params.ansible_version)}"]
    lines = [*params.ansible_packages, *(line for file in files for line in file.lines())]
    if any(_NAMES_ANSIBLE.match(line) for line in lines):
        return []
    try:
        return await _own_version(program(around), io)
    except Unfit:
        return ["ansible-core"]  # this worker has none


async def _own_version(playbook: str, io: TaskIO) -> Sequence[str]:
    done = await io.capture(playbook, "--version")
    found = _OWN_VERSION.search(done.output)
    return [f"ansible-core=={found[1]}" if found else "ansible-core"]


def specifier(version: str) -> str:
    """Return a version as pip reads it: a plain one, also with `*` at its end, means exactly that."""
    return f"=={version}" if version[0].isdigit() else version


def requirements_of(folders: Sequence[Path]) -> tuple[list[Requirements], list[str]]:
    """Return the files, and lines of no file, by which collections say what they need, as ansible-builder reads it."""
    files: list[Requirements] = []
    packages: list[str] = []
    seen: set[str] = set()
    for folder in folders:
        for home in sorted(folder.glob("ansible_collections/*/*/")):
            name = f"{home.parent.name}.{home.name}"
            if name in seen:
                continue  # Ansible uses the first that it finds
            seen.add(name)
            wanted = _wanted(home, name)
            if isinstance(wanted, str):
                files.append(Requirements(home / wanted, home, f"{name}/{wanted}"))
            else:
                packages += wanted
    return files, packages


def _wanted(home: Path, name: str) -> str | list[str]:
    """Return the name of a requirements file, or lines."""
    for file in (home / "meta/execution-environment.yml", home / "meta/execution-environment.yaml"):
        if file.is_file():
            return _described(file, name)
    return "requirements.txt" if (home / "requirements.txt").is_file() else []


def _described(file: Path, name: str) -> str | list[str]:
    try:
        content: Any = yaml.safe_load(file.read_bytes()) or {}
        wanted = (content.get("dependencies") or {}).get("python") or []
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError):
        wanted = None
    if isinstance(wanted, str) or (isinstance(wanted, list) and all(isinstance(line, str) for line in wanted)):
        return wanted
    raise Unfit(f"The collection {name} does not say in a way that can be read which Python packages it needs.")
