"""Reads what a script wrote into the file that `HUB_OUTPUT` names."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LARGEST: Final = 256 * 1024
"""Bytes of the file."""
MOST: Final = 200
"""Outputs of one task."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", re.ASCII)
_HEREDOC: Final = re.compile(r"([^=<\s][^=<]*)<<(\S+)")
_MEMBERS: Final = frozenset({"name", "value", "sensitive"})
_SHOWN: Final = 10
"""Sentences about single lines; more would bury the log."""


@dataclass(frozen=True, slots=True)
class Output:
    """One named value."""

    value: Any
    sensitive: bool = False


@dataclass(slots=True)
class Found:
    """What a file holds, and a sentence for everything in it that could not be read."""

    outputs: dict[str, Output] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """Return what people see, in the shape of Terraform's outputs."""
        return {
            name: {"sensitive": True} if one.sensitive else {"value": one.value, "type": _type(one.value)}
            for name, one in self.outputs.items()
        }

    def values(self) -> dict[str, Any]:
        """Return what later tasks get."""
        return {name: one.value for name, one in self.outputs.items()}


def read(path: Path) -> Found:
    """Read the file. Never raises: what is wrong is a sentence, and the rest counts."""
    found = Found()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        found.faults.append("The file of HUB_OUTPUT is gone, so there are no outputs; append to it with >>.")
        return found
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        plain = stat.S_ISREG(about.st_mode) and about.st_nlink == 1  # a second name may be that of another's file
        data = file.read(LARGEST + 1) if plain else b""
    if not plain:
        found.faults.append("The file of HUB_OUTPUT was replaced by something that is no plain file; it was not read.")
    elif len(data) > LARGEST:
        found.faults.append(
            f"The outputs take more than {LARGEST // 1024} KiB, so none was kept; publish large things as artifacts."
        )
    else:
        _parse(_decoded(data), found)
    return found


def _decoded(data: bytes) -> str:
    """PowerShell of Windows begins its files with a mark, and writes two bytes for each letter."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def _parse(text: str, found: Found) -> None:
    faults: list[str] = []
    lines = iter(enumerate(text.replace("\r\n", "\n").split("\n"), 1))
    for number, line in lines:
        if line.strip():
            fault = _take(line, lines, found.outputs)
            if fault:
                faults.append(f"Line {number} of HUB_OUTPUT was left out: {fault}.")
    found.faults += faults[:_SHOWN]
    if len(faults) > _SHOWN:
        found.faults.append(f"{len(faults) - _SHOWN} more lines of HUB_OUTPUT were left out.")


def _take(line: str, lines: Iterator[tuple[int, str]], outputs: dict[str, Output]) -> str:
    """Read what begins with this line; return why it cannot be read, without a value in it."""
    if line.lstrip().startswith("{"):
        return _object(line, outputs)
    heredoc = _HEREDOC.fullmatch(line)
    if heredoc:
        taken: list[str] = []
        for _, one in lines:
            if one == heredoc[2]:
                return _keep(heredoc[1].strip(), Output("\n".join(taken)), outputs)
            taken.append(one)
        return f"the end “{heredoc[2]}” of its value never comes"
    name, equals, value = line.partition("=")
    if not equals:
        return "write name=value, name<<END with lines up to END, or a JSON object with name and value"
    return _keep(name.strip(), Output(value), outputs)


def _object(line: str, outputs: dict[str, Output]) -> str:
    try:
        one = json.loads(line, parse_constant=_refused)
    except (ValueError, RecursionError):
        return "it begins with { but is no JSON object in one line"
    if not isinstance(one, Mapping) or not isinstance(one.get("name"), str) or "value" not in one:
        return "its JSON object needs a text `name` and a `value`"
    if set(one) - _MEMBERS or not isinstance(one.get("sensitive", False), bool):
        return "its JSON object may have `name`, `value`, and `sensitive` as true or false"
    return _keep(one["name"], Output(one["value"], one.get("sensitive", False)), outputs)


def _refused(word: str) -> Any:
    raise ValueError(word)


def _keep(name: str, output: Output, outputs: dict[str, Output]) -> str:
    if not _NAME.fullmatch(name):
        return "a name begins with a letter or _, and has letters, digits, _ and - only, at most 100"
    if name not in outputs and len(outputs) >= MOST:
        return f"a task has at most {MOST} outputs"
    outputs[name] = output
    return ""


def _type(value: Any) -> str:
    """Return the type in Terraform's words."""
    for kind, word in ((bool, "bool"), (str, "string"), (int | float, "number"), (list, "list"), (dict, "map")):
        if isinstance(value, kind):
            return word
    return "null"
