"""Reads requirements of Python packages: all that decides what pip installs, and nothing outside of the folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hub.plugin.errors import Refused

_INCLUDE: Final = re.compile(r"(?:-[rc]|--requirements?\b|--constraints?\b)\s*=?\s*(?P<file>.+)")
_EDITABLE: Final = re.compile(r"(?:-e\b|-e(?=[./])|--editable\b)")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)
_LOCAL: Final = re.compile(
    r"(?:^|[\s=@])(?:\.{1,2}(?:[/\[\s]|$)|/|(?:git\+)?file:)"  # a path, or an address of one
    r"|^(?![A-Za-z0-9+.-]+://)[^\s;@]+(?:/|\.whl$|\.zip$|\.tar\.gz$)"
    r"|^(?:-f|--find-links)[\s=]+(?![A-Za-z0-9+.-]+://)"
)
_VARIABLE: Final = re.compile(r"\$\{([A-Z0-9_]+)\}", re.ASCII)
_COMMENT: Final = re.compile(r"(?:^|\s+)#.*$")
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Requirements:
    """A requirements file, or a `pyproject.toml`, with the folder that it and all it includes must be in."""

    file: Path
    root: Path
    title: str = ""
    """How people know it; its path below the root when empty."""

    @property
    def name(self) -> str:
        """How people know it."""
        if self.title:
            return self.title
        return str(self.file.relative_to(self.root)) if self.file.is_relative_to(self.root) else self.file.name

    def lines(self) -> Sequence[str]:
        """Return all its lines that count, with those of what it includes. Raises `Refused`."""
        return [line for line in read([self], ()).texts if line]


@dataclass(slots=True)
class Lines:
    """What was read."""

    files: list[Path] = field(default_factory=list)
    """Requirements files to hand to pip."""
    packages: list[str] = field(default_factory=list)
    """Lines of no file."""
    names: list[str] = field(default_factory=list)
    """Where all that comes from, for people."""
    texts: list[str] = field(default_factory=list)
    """All text that counts, comments and blank lines left out."""
    variables: list[str] = field(default_factory=list)
    """Environment variables that pip puts in."""
    local: bool = False
    """Something is installed from files of the checkout, which decide then, too."""
    cwd: Path | None = None
    """Where relative paths begin."""


def read(files: Sequence[Requirements], packages: Sequence[str]) -> Lines:
    """Read everything. Raises `Refused` with a sentence."""
    found = Lines()
    for asked in files:
        root = asked.root.resolve()
        found.cwd = found.cwd or root
        found.names.append(asked.name)
        if asked.file.suffix == ".toml":
            for line in _of_project(asked):
                _take(found, line, asked.name)
                found.packages.append(line)
        else:
            _read(found, asked.file, root, asked.name, 0)
            found.files.append(asked.file)
    for line in packages:
        if not line.strip() or line.lstrip().startswith("-") or not line.strip().isprintable():
            raise Refused(f"“{line}” is no Python package. Write its name, as in a requirements file, without options.")
        _take(found, line.strip(), line)
        found.packages.append(line.strip())
        found.names.append(line.strip())
    found.variables = sorted(set(found.variables))
    return found


def _read(found: Lines, file: Path, root: Path, name: str, depth: int) -> None:
    """Read one file and what it includes."""
    if depth > _DEEPEST:
        raise Refused(f"The requirements file {name} includes itself, or others too deeply.")
    text = _text(file, root, name)
    for line in logical_lines(text):
        _take(found, line, name)
        include = _INCLUDE.fullmatch(line)
        if include and (not _ADDRESS.match(include["file"]) or include["file"].startswith("file:")):
            named = include["file"].strip("\"'")
            shown = str(Path(name).parent / named)
            _read(found, file.parent / named, root, shown, depth + 1)
    found.texts.append("")  # where a file ends counts: what follows a file of constraints is no constraint


def _take(found: Lines, line: str, name: str) -> None:
    if _EDITABLE.match(line):
        raise Refused(
            f"{name} has “{line}”, but an environment that tasks share cannot point into the folder of one task. Leave "
            "out “-e”."
        )
    found.texts.append(line)
    found.variables += _VARIABLE.findall(line)
    found.local = found.local or (bool(_LOCAL.search(line)) and not _INCLUDE.fullmatch(line))


def logical_lines(text: str) -> list[str]:
    """Return the lines as pip sees them: continued ones joined, without comments and blank ones."""
    joined = re.sub(r"\\\r?\n", "", text)
    return [line for raw in joined.splitlines() if (line := _COMMENT.sub("", raw).strip())]


def _text(file: Path, root: Path, name: str) -> str:
    try:
        resolved = file.resolve()
        if not resolved.is_relative_to(root):
            raise Refused(f"The requirements file {name} leads out of the repository.")
        return resolved.read_text("utf-8")
    except (OSError, RuntimeError, ValueError) as error:
        kind = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "does not exist, or cannot be read"
        raise Refused(f"The requirements file {name} {kind}.") from None


def _of_project(asked: Requirements) -> list[str]:
    """Return the dependencies of a `pyproject.toml`."""
    try:
        project: Any = tomllib.loads(_text(asked.file, asked.root.resolve(), asked.name)).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"{asked.name} is no valid TOML: {error}.") from None
    dependencies = project.get("dependencies", []) if isinstance(project, dict) else None
    if not isinstance(dependencies, list) or not all(isinstance(one, str) for one in dependencies):
        raise Refused(f"The dependencies of {asked.name} must be a list of texts below [project].")
    if "dependencies" in project.get("dynamic", ()):
        raise Refused(f"{asked.name} leaves its dependencies to its build. List them in a requirements.txt.")
    return dependencies
