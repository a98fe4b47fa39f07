"""Which packages a Python script needs, and the environment that holds them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from hub.plugin import (
    Group,
    PythonEnvironment,
    PythonNeeds,
    RepositoryView,
    Requirements,
    TaskIO,
    TaskView,
    python_environment,
)
from hub_shell.params import ShellParams

_NONE: Final = "-"


def _plain_name(value: str) -> str:
    if "/" in value or value.startswith("-"):
        raise ValueError("write the name of an interpreter, such as python3.12")
    return value.strip()


class PythonParams(ShellParams):
    """Params of a template of Python."""

    requirements: Annotated[str, Group("Dependencies")] = ""
    """File of the repository with the packages that the script needs. When empty, that is `requirements.txt` or
    `pyproject.toml` beside the script or at the root; `-` installs nothing."""
    python: Annotated[str, AfterValidator(_plain_name), Group("Dependencies"), Field(title="Interpreter")] = ""
    """Interpreter, such as `python3.12`, where several are installed; the usual one when empty."""


async def dependencies(
    task: TaskView, repository: RepositoryView, params: PythonParams, python: str, io: TaskIO
) -> PythonEnvironment | None:  # fmt: skip
    """Return the environment with what the script needs; None when nothing is asked for."""
    root = repository.path
    if params.requirements.strip() == _NONE:
        return None
    named = params.requirements.strip()
    file = root / named if named else next(_found(task, root), None)
    if file is None:
        return None
    await io.stage("dependencies")
    return await python_environment(PythonNeeds([Requirements(file, root)], python=python), task, io)


def _found(task: TaskView, root: Path) -> Iterator[Path]:
    """Yield files with requirements: beside the script, in the working directory, at the root."""
    cwd = root / task.working_directory
    script = next((path for path in (root / task.script, cwd / task.script) if path.is_file()), cwd / task.script)
    for folder in dict.fromkeys((script.parent, cwd, root)):
        if (folder / "requirements.txt").is_file():
            yield folder / "requirements.txt"
        if _has_dependencies(folder / "pyproject.toml"):
            yield folder / "pyproject.toml"


def _has_dependencies(file: Path) -> bool:
    """Tell whether a `pyproject.toml` lists dependencies: many only hold settings of tools."""
    try:
        project: Any = tomllib.loads(file.read_text("utf-8")).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and bool(project.get("dependencies"))
