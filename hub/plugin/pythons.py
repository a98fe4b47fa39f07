"""Python environments for tasks: a venv for each set of requirements, made once on a worker and shared by tasks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hub.plugin.errors import Refused
from hub.plugin.execution import TaskIO
from hub.plugin.relocation import relocate
from hub.plugin.requirements import Lines, Requirements, read
from hub.plugin.task import TaskView

_OLDEST_PIP: Final = (22, 3)
"""The first that installs for another interpreter."""
_FACTS = """
import json, sys
print(json.dumps([sys.implementation.cache_tag, sys.version, sys.base_prefix]))
"""
_PIP = "import importlib.metadata as m; print(m.version('pip'))"
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s]*@")
_UNSETTLED: Final = frozenset(
    {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"}
)
"""Settings that would install somewhere else; pip reads an empty one as not set."""
_IRRELEVANT: Final = frozenset({"PIP_CERT", "PIP_CLIENT_CERT", "PIP_CACHE_DIR", "PIP_PROXY", "PIP_DEFAULT_TIMEOUT"})
_MACHINE_CONFIG: Final = (Path("/etc/pip.conf"), Path("/etc/xdg/pip/pip.conf"))

_Key = tuple[str, int, int, int]
_known: dict[_Key | None, str] = {}
"""What interpreters have told about themselves, by path, inode, size and time. Wrappers are asked each time."""


@dataclass(frozen=True, slots=True)
class PythonNeeds:
    """What an environment must hold."""

    files: Sequence[Requirements] = ()
    """Requirements files, and `pyproject.toml` files whose dependencies count."""
    packages: Sequence[str] = ()
    """Further packages, written as in a requirements file."""
    python: str = "python3"
    """Interpreter: a name that is looked for on the task's PATH, or a path."""

    def __bool__(self) -> bool:
        """Whether anything is needed at all."""
        return bool(self.files or self.packages)


@dataclass(frozen=True, slots=True)
class PythonEnvironment:
    """A venv that tasks share: to be read only, so it has no pip."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def program(self, name: str) -> Path | None:
        """Return a program that one of its packages brought; None when none did."""
        path = self.folder / "bin" / name
        return path if path.is_file() else None

    def env(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what to lay over the task's environment, so that its programs are found first."""
        path = environment.get("PATH", os.defpath)
        return {"VIRTUAL_ENV": str(self.folder), "PATH": f"{self.folder / 'bin'}{os.pathsep}{path}"}


async def python_environment(needs: PythonNeeds, task: TaskView, io: TaskIO) -> PythonEnvironment:
    """Return the environment for these needs; the first task that has them makes it while others wait.

    It is of one project, one interpreter, the whole text of all requirements, and pip's settings in the environment of
    the task. Logins in addresses of package indexes are left out of that, so a renewed token installs nothing anew.
    Raises `Refused` with a sentence; what pip said about it stands in the log, and nothing is kept.
    """
    environment = io.environment()
    interpreter = find_python(needs.python, environment)
    lines = read(needs.files, needs.packages)
    facts = [
        await _identity(interpreter, io),
        lines.texts,
        _settings(environment),
        # What one project may fetch with its logins is not another project's to read, or to tamper with.
        task.project_id,
        _revision(task) if lines.local else "",
        await _salted([environment.get(name, "") for name in lines.variables], io) if lines.variables else "",
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    fresh = False

    async def fill(folder: Path) -> None:
        nonlocal fresh
        fresh = True
        await _install(interpreter, lines, folder, io)

    folder = await io.shared(f"python-{digest}", fill)
    if not fresh:
        await io.log(f"The Python packages of {', '.join(lines.names)} are installed already.")
    return PythonEnvironment(folder)


def find_python(name: str, environment: Mapping[str, str]) -> str:
    """Return the path of an interpreter. Raises `Refused` with a sentence that names those that are there."""
    path = environment.get("PATH", os.defpath)
    if found := shutil.which(name, path=path):
        return found
    there = sorted({found for folder in path.split(os.pathsep) for found in _pythons(Path(folder))})
    known = f"Installed are {', '.join(there)}." if there else "No Python is installed on the PATH of its tasks."
    raise Refused(f"This worker has no “{name}”. {known}")


def _pythons(folder: Path) -> Iterable[str]:
    try:
        return [entry.name for entry in folder.glob("python3*") if re.fullmatch(r"python3(\.\d+)?", entry.name)]
    except OSError:
        return []


async def _identity(interpreter: str, io: TaskIO) -> str:
    """Return what tells this interpreter from others, its exact version among it."""
    key = _key(interpreter)
    if key in _known:
        return _known[key]
    done = await io.capture(interpreter, "-I", "-S", "-c", _FACTS)
    if done.code:
        raise Refused(f"The interpreter {interpreter} does not work: it ended with exit code {done.code}.")
    if key is not None and done.output.strip():
        _known[key] = done.output
    return done.output


def _key(interpreter: str) -> _Key | None:
    """Return what an interpreter is known by; None for a wrapper such as pyenv's, which decides by its folder."""
    with Path(interpreter).open("rb") as file:
        status = os.fstat(file.fileno())
        return None if file.read(2) == b"#!" else (interpreter, status.st_ino, status.st_size, status.st_mtime_ns)


def _settings(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return pip's settings that decide what is installed."""
    found = [
        (name, _LOGIN.sub("", value))
        for name, value in sorted(environment.items())
        if name.startswith("PIP_") and name not in _IRRELEVANT
    ]
    named = environment.get("PIP_CONFIG_FILE")
    configs = (*_MACHINE_CONFIG, *([Path(named)] if named else []))
    there = [config for config in configs if config.is_file() and os.access(config, os.R_OK)]
    return found + [(str(config), hashlib.sha256(config.read_bytes()).hexdigest()) for config in there]


def _revision(task: TaskView) -> str:
    return (task.repository.commit_hash if task.repository else "") or f"task-{task.id}"


async def _salted(values: Sequence[str], io: TaskIO) -> str:
    """Return a digest of values that may be secret, which nobody can guess them by: its salt stays on this worker."""

    async def fill(folder: Path) -> None:
        (folder / "salt").write_bytes(os.urandom(32))

    salt = (await io.shared("python-salt", fill) / "salt").read_bytes()
    return hashlib.blake2b(json.dumps(values).encode(), key=salt).hexdigest()


async def _install(interpreter: str, lines: Lines, folder: Path, io: TaskIO) -> None:
    shown = ", ".join(lines.names)
    await io.log(f"Installing the Python packages of {shown}.")
    done = await io.capture(interpreter, "-m", "venv", "--without-pip", str(folder), env=_plain())
    if done.code:
        await io.log(done.output.strip())
        raise Refused(f"{interpreter} could not make an environment: it ended with exit code {done.code}.")
    python = str(folder / "bin" / "python")
    given = io.workspace / f"{folder.name.strip('.')}.txt"
    argv = [*await _pip(interpreter, python, io), "install", "--no-input", "--no-warn-script-location"]
    argv += ["--disable-pip-version-check", "--progress-bar", "off"]
    for file in lines.files:
        argv += ["-r", str(file)]
    if lines.packages:
        given.write_text("".join(f"{line}\n" for line in lines.packages), "utf-8")
        argv += ["-r", str(given)]
    code = await io.exec(*argv, env=_plain() | _uncached(io.environment()), cwd=lines.cwd)
    if code:
        raise Refused(
            f"Installing the Python packages of {shown} failed with exit code {code}; the lines above say why. "
            "Nothing of it was kept."
        )
    relocate(folder)


async def _pip(interpreter: str, python: str, io: TaskIO) -> list[str]:
    """Return how to call a pip that installs into the environment: the interpreter's own, the hub's, or a new one.

    The environment itself is given none where that can be helped: making one takes seconds, and what many tasks share
    is not to be changed by one.
    """
    for host in dict.fromkeys((interpreter, sys.executable)):
        done = await io.capture(host, "-I", "-c", f"try:\n    {_PIP}\nexcept Exception:\n    pass")
        found = re.match(r"(\d+)\.(\d+)", done.output)
        if found and tuple(map(int, found.groups())) >= _OLDEST_PIP:
            return [host, "-m", "pip", "--python", python]
    done = await io.capture(python, "-m", "ensurepip", "--default-pip", env=_plain())
    if done.code:
        raise Refused(
            f"There is no pip for {interpreter} on this worker. Install it there: `python3-pip` and `python3-venv` on "
            "Debian and Ubuntu."
        )
    return [python, "-m", "pip"]


def _plain() -> dict[str, str]:
    """Take away what would make Python look, or pip install, somewhere else."""
    return {**dict.fromkeys(_UNSETTLED, ""), "PYTHONPATH": "", "PYTHONHOME": "", "VIRTUAL_ENV": ""}


def _uncached(environment: Mapping[str, str]) -> dict[str, str]:
    """A cache in a home that vanishes with the task would only cost time."""
    return {} if environment.get("PIP_CACHE_DIR") else {"PIP_NO_CACHE_DIR": "1"}
