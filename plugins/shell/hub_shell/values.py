"""How values become words and environment variables of a script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hub.plugin import TaskView

LONGEST = 128 * 1024 - 1
"""Bytes that Linux allows for one argument or environment variable."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# A variable of one of these names would change what the interpreter, its libraries or git do, instead of being read by
# the script. Names are written by people who may edit templates, but values come from whoever starts a task.
_RESERVED = re.compile(
    r"PATH|HOME|SHELL|PWD|OLDPWD|TMPDIR|TERM|IFS|ENV|BASH_.*|BASHOPTS|SHELLOPTS|PS[0-4]|PROMPT_COMMAND|CDPATH"
    r"|GLOBIGNORE|FPATH|ZDOTDIR|LD_.*|DYLD_.*|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_.*|GLIBC_.*|PYTHON.*|PERL5.*|RUBY.*"
    r"|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|PSMODULEPATH|DOTNET_.*|CORECLR_.*"
    r"|LESSOPEN|LESSCLOSE|PAGER|EDITOR|VISUAL|SSH_AUTH_SOCK|SSH_ASKPASS.*|SUDO_ASKPASS|OPENSSL_.*"
    r"|GIT_(?!(?:\w+_)?(?:TOKEN|PASSWORD|USER|USERNAME)$).*|HUB_.*|SEMAPHORE_.*"
)


def exportable(name: str) -> bool:
    """Tell whether a variable may become an environment variable of that name."""
    return _NAME.fullmatch(name) is not None and _RESERVED.fullmatch(name.upper()) is None


def render(value: Any) -> str:
    """Return a value as a script reads it: texts as they are, the rest as JSON, nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def task_details(task: TaskView) -> dict[str, str]:
    """Return the facts of a task as `SEMAPHORE_TASK_DETAILS_…`; empty ones are left out."""
    repository, inventory = task.repository, task.inventory
    details = {
        "ID": str(task.id),
        "MESSAGE": task.message,
        "USERNAME": task.username,
        "URL": task.url,
        "COMMIT_HASH": repository.commit_hash if repository else "",
        "COMMIT_MESSAGE": repository.commit_message if repository else "",
        "INVENTORY_NAME": inventory.name if inventory else "",
        "INVENTORY_ID": str(inventory.id if inventory else 0),
        "REPOSITORY_NAME": repository.name if repository else "",
        "REPOSITORY_ID": str(repository.id if repository else 0),
        "TYPE": task.template_type,
        "INCOMING_VERSION": task.incoming_version if task.template_type else "",
        "TARGET_VERSION": task.version if task.template_type == "build" else "",
    }
    return {f"SEMAPHORE_TASK_DETAILS_{name}": value.replace("\0", "") for name, value in details.items() if value}


def environment(values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return what can be environment variables, and the names that cannot."""
    fit = {name: value for name, value in values.items() if exportable(name) and fits(f"{name}={value}")}
    return fit, [name for name in values if name not in fit]


def fits(word: str) -> bool:
    """Tell whether a program can be given this word."""
    try:
        return "\0" not in word and len(word.encode()) <= LONGEST
    except UnicodeEncodeError:
        return False


def words(value: Any) -> Sequence[str] | None:
    """Return stored arguments as words, None when they are no list of texts."""
    if value is None:
        return ()
    if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        return tuple(value)
    return None
