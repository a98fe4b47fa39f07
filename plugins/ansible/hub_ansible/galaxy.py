"""Roles and collections of requirements files, installed once for each content and shared by tasks."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from hub.plugin import TaskIO, TaskView
from hub_ansible.params import AnsibleParams
from hub_ansible.servers import server_env
from hub_ansible.surroundings import Surroundings, config_file, configured_path
from hub_ansible.unfit import Unfit

Kind = Literal["collection", "role"]

_KINDS: Final[tuple[Kind, ...]] = ("collection", "role")
_SYSTEM: Final[Mapping[Kind, tuple[str, ...]]] = {
    "collection": ("/usr/share/ansible/collections",),
    "role": ("/usr/share/ansible/roles", "/etc/ansible/roles"),
}
_SEARCH_PATH: Final[Mapping[Kind, str]] = {"collection": "ANSIBLE_COLLECTIONS_PATH", "role": "ANSIBLE_ROLES_PATH"}
_SETTING: Final[Mapping[Kind, tuple[str, ...]]] = {
    "collection": ("collections_path", "collections_paths"),
    "role": ("roles_path",),
}
_LOCAL_TYPES = {"dir", "file", "subdirs"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task runs."""

    root: Path
    """The checkout."""
    cwd: Path
    playbook: Path
    around: Surroundings
    program: str
    """How to call ansible-galaxy."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What Ansible needs in its environment, the agent of the user key included."""


def requirement_files(kind: Kind, place: Place) -> tuple[list[Path], list[Path]]:
    """Return the requirements files that exist, in order, and those that were looked for in vain."""
    found: list[Path] = []
    missing: list[Path] = []
    for folder in (place.playbook.parent, place.root):
        for file in (folder / f"{kind}s" / "requirements.yml", folder / "requirements.yml"):
            other = file.with_suffix(".yaml")
            there = file if file.is_file() else other if other.is_file() else None
            (missing if there is None else found).append(there or file)
    return list(dict.fromkeys(found)), list(dict.fromkeys(missing))


async def install(place: Place, task: TaskView, params: AnsibleParams, io: TaskIO) -> dict[str, str]:
    """Install collections, then roles; return the search paths that lead Ansible to them."""
    version = ""
    paths: dict[str, str] = {}
    for kind in _KINDS:
        found, missing = requirement_files(kind, place)
        for file in missing:
            await io.log(f"No {_shown(file, place)} file found. Skip galaxy install process.")
        folders = []
        for file in found:
            if not _asks_for(kind, file):
                await io.log(f"{_shown(file, place)} names no {kind}s. Skip galaxy install process.")
                continue
            if not version:
                await io.stage("init")
                version = await _version(place, io)
            folders.append(await _installed(_Request(kind, file, version), place, task, params, io))
        if folders:
            paths[_SEARCH_PATH[kind]] = _search_path(kind, place, folders)
    return paths


@dataclass(frozen=True, slots=True)
class _Request:
    kind: Kind
    file: Path
    version: str


async def _installed(request: _Request, place: Place, task: TaskView, params: AnsibleParams, io: TaskIO) -> Path:
    """Return the folder with what the file asks for, and fill it when no earlier task has."""
    shown = _shown(request.file, place)
    fresh = False

    async def fill(folder: Path) -> None:
        nonlocal fresh
        fresh = True
        verb = (place.program, request.kind, "install", "-r", str(request.file), "-p", str(folder))
        env = {
            "GIT_SSH_COMMAND": (await io.known_hosts()).command,
            **place.env,
            _SEARCH_PATH[request.kind]: str(folder),
        }
        if "GIT_SSH_COMMAND" in place.around.env:
            del env["GIT_SSH_COMMAND"]
        if request.kind == "collection":
            env |= await server_env(params, place.around, place.cwd, io)
        code = await io.exec(*verb, *params.galaxy_args, env=env)
        if code:
            raise Unfit(f"Installing the {request.kind}s of {shown} failed with exit code {code}.", code=code)

    folder = await io.shared(_name(request, place, task, params), fill)
    if not fresh:
        await io.log(f"{shown} has no changes. Skip galaxy install process.")
    return folder


def _name(request: _Request, place: Place, task: TaskView, params: AnsibleParams) -> str:
    """Return a digest of everything that decides what is installed, and for whom."""
    content = request.file.read_bytes()
    config = config_file(place.around, place.cwd)
    age = params.galaxy_max_age.total_seconds()
    facts = [
        request.kind,
        hashlib.sha256(content).hexdigest(),
        request.version,
        list(params.galaxy_args),
        place.around.galaxy,
        [params.galaxy_server, params.galaxy_server_token, params.galaxy_auth_url, params.galaxy_public],
        hashlib.sha256(config.read_bytes()).hexdigest() if config else "",
        # What one project may fetch with its credentials is not another project's to read.
        task.project_id,
        task.inventory.user_key if task.inventory else None,
        int(time.time() // age) if age else 0,
        _revision(task) if _is_local(_parsed(content)) else "",
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return f"ansible-{request.kind}s-{digest}"


def collection_folders(place: Place, paths: Mapping[str, str]) -> list[Path]:
    """Return the folders in which Ansible will look for collections, in order, as far as they can be told."""
    searched = paths.get(_SEARCH_PATH["collection"]) or _search_path("collection", place, ())
    return [Path(entry) for entry in searched.split(":") if entry.startswith("/")]


def _revision(task: TaskView) -> str:
    commit = task.repository.commit_hash if task.repository else ""
    return commit or f"task-{task.id}"


def _is_local(requirements: Any) -> bool:
    """Tell whether the content depends on further files of the checkout."""
    if isinstance(requirements, dict):
        return (
            "include" in requirements
            or requirements.get("type") in _LOCAL_TYPES
            or any(_is_local(value) for value in requirements.values())
        )
    if isinstance(requirements, list):
        return any(_is_local(value) for value in requirements)
    return isinstance(requirements, str) and requirements.startswith((".", "/", "file:", "git+file:"))


def _parsed(content: bytes) -> Any:
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {"include": "unreadable"}  # ansible-galaxy will say what is wrong with it


def _asks_for(kind: Kind, file: Path) -> bool:
    """Tell whether the file names anything of this kind: a bare list is the old form of a list of roles."""
    requirements = _parsed(file.read_bytes())
    if isinstance(requirements, dict):
        return bool(requirements.get(f"{kind}s") or "include" in requirements)
    return kind == "role" and bool(requirements)


def _search_path(kind: Kind, place: Place, folders: Sequence[Path]) -> str:
    """Return the repository's own folders, then what is configured, then what was installed."""
    own = [folder / f"{kind}s" for folder in (place.playbook.parent, place.root)]
    if set_by_group := place.around.env.get(_SEARCH_PATH[kind]):
        configured = set_by_group.split(":")
    else:
        configured = configured_path(config_file(place.around, place.cwd), *_SETTING[kind])
    entries = [
        *(str(folder) for folder in own if folder.is_dir()),
        *configured,
        *(str(folder) for folder in folders),
        *(() if configured else _SYSTEM[kind]),
    ]
    return ":".join(dict.fromkeys(entries))


async def _version(place: Place, io: TaskIO) -> str:
    done = await io.capture(place.program, "--version", env=place.env)
    return done.output.partition("\n")[0].strip()


def _shown(file: Path, place: Place) -> str:
    return str(file.relative_to(place.root)) if file.is_relative_to(place.root) else str(file)
