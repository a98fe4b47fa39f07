"""The variables of a task as a file for `--extra-vars`, so that no value is seen in a process list or evaluated."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from hub.plugin import TaskView
from hub_ansible.unfit import Unfit

_TEXT = "tag:yaml.org,2002:str"


class _Literal(str):
    """A text that Ansible must take as it is."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_literal(dumper: _Dumper, text: _Literal) -> yaml.ScalarNode:
    # Ansible 2.19 and newer read what stands behind `!unsafe` as if it had no quotes: `!unsafe "12"` is a number there.
    # A text that would change its type that way holds no template, so quotes are enough for it.
    resolve: Callable[[type, str, tuple[bool, bool]], object] = dumper.resolve
    read_as = resolve(yaml.ScalarNode, str(text), (True, False))
    return dumper.represent_scalar("!unsafe" if read_as == _TEXT else _TEXT, str(text), style='"')


_Dumper.add_representer(_Literal, _represent_literal)


def _tree(value: Any, name: str, *, literal: bool) -> Any:
    """Return a copy of plain data in which each text, and each key, is marked."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unfit(f"The variable “{name}” holds text that is not valid Unicode.") from None
        return _Literal(value) if literal else value
    if isinstance(value, Mapping):
        return {_tree(str(key), name, literal=True): _tree(item, name, literal=literal) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_tree(item, name, literal=literal) for item in value]
    raise Unfit(f"The variable “{name}” is of the type {type(value).__name__}, which Ansible cannot be given.")


def task_details(task: TaskView) -> dict[str, Any]:
    """Return what playbooks find as `semaphore_vars.task_details`."""
    repository, inventory = task.repository, task.inventory
    details: dict[str, Any] = {
        "id": task.id,
        "username": task.username,
        "url": task.url,
        "commit_hash": repository.commit_hash or None if repository else None,
        "commit_message": repository.commit_message if repository else "",
        "inventory_name": inventory.name if inventory else "",
        "inventory_id": inventory.id if inventory else 0,
        "repository_name": repository.name if repository else "",
        "repository_id": repository.id if repository else 0,
    }
    if task.message:
        details["message"] = task.message
    if task.template_type:
        details["type"] = task.template_type
        if task.incoming_version:
            details["incoming_version"] = task.incoming_version
        if task.template_type == "build":
            details["target_version"] = task.version
    return details


def extra_vars(task: TaskView, secrets: Mapping[str, str], *, templates: bool) -> str:
    """Return the file's text. Secrets win over variables of the same name; `templates` lets variables be evaluated."""
    try:
        merged = {_key(name): _tree(value, name, literal=not templates) for name, value in task.variables.items()}
        merged[_key("semaphore_vars")] = _tree({"task_details": task_details(task)}, "semaphore_vars", literal=True)
        merged |= {_key(name): _tree(secret, name, literal=True) for name, secret in secrets.items()}
        return yaml.dump(merged, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=4096)
    except RecursionError:
        raise Unfit("The variables are nested too deeply to be given to Ansible.") from None


def _key(name: str) -> Any:
    return _tree(name, name, literal=True)


def write_private(path: Path, text: str) -> None:
    """Write a new file that nobody else can read, in place of one of an earlier pass."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
