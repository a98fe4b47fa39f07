"""What can be said about a task before Ansible is started, in one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from hub.plugin import InventoryView, RepositoryView, TaskView
from hub_ansible.unfit import Unfit

INVENTORY_TYPES = ("static", "static-yaml", "file")


def repository_of(task: TaskView) -> RepositoryView:
    """Return the checkout."""
    if task.repository is None:
        raise Unfit("This template has no repository; choose the one that holds the playbook.")
    return task.repository


def working_folder(task: TaskView, root: Path) -> Path:
    """Return the folder that Ansible runs in."""
    return root / task.working_directory if task.working_directory else root


def find_playbook(task: TaskView, root: Path, cwd: Path) -> Path:
    """Return the playbook's path: below the checkout, else below the working directory."""
    if not task.script:
        raise Unfit("This template names no playbook.")
    for folder in dict.fromkeys((root, cwd)):
        path = folder / task.script
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return path
    if branch := task.repository.branch if task.repository else "":
        raise Unfit(f"The playbook “{task.script}” is not a file of the repository on the branch “{branch}”.")
    raise Unfit(f"The playbook “{task.script}” is not a file of the repository.")


def as_argument(path: Path, cwd: Path) -> str:
    """Return a path as a command line argument that cannot be read as a flag."""
    relative = os.path.relpath(path, cwd)
    return f"./{relative}" if relative.startswith("-") else relative


def inventory_of(task: TaskView) -> tuple[InventoryView, tuple[Path, ...]]:
    """Return the inventory and its files, in their order."""
    inventory = task.inventory
    if inventory is None:
        raise Unfit("This template has no inventory; Ansible needs one to know its hosts.")
    fetched = inventory.path is not None and not inventory.type.endswith("-workspace")
    if inventory.type not in INVENTORY_TYPES and not fetched:
        raise Unfit(f"The inventory “{inventory.name}” is of the type {inventory.type}, which Ansible cannot use.")
    if inventory.path is None or not inventory.path.exists():
        where = f" “{inventory.text}”" if inventory.type == "file" else ""
        raise Unfit(f"The file{where} of the inventory “{inventory.name}” does not exist.")
    if inventory.type == "static-yaml":
        _check_yaml(inventory)
    return inventory, inventory.paths or (inventory.path,)


def _check_yaml(inventory: InventoryView) -> None:
    """Refuse what Ansible would pass over with a warning. Tags such as `!vault` are none of our business."""
    try:
        root = yaml.compose(inventory.text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise Unfit(
            f"The inventory “{inventory.name}” is not valid YAML{where}: {error.problem or 'unknown reason'}."
        ) from None
    except yaml.YAMLError:
        raise Unfit(f"The inventory “{inventory.name}” is not valid YAML.") from None
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise Unfit(f"The inventory “{inventory.name}” must be a YAML mapping that begins with a group such as “all:”.")


def reason(code: int) -> str:
    """Return what an exit code of ansible-playbook means."""
    if code < 0:
        return f"Ansible was ended by signal {-code}."
    known = {
        1: "Ansible could not run the playbook; the lines above say why.",
        2: "Tasks failed on at least one host.",
        3: "Tasks failed on at least one host.",
        4: "At least one host could not be reached, or the playbook could not be read.",
        5: "Ansible did not accept its command line.",
        6: "Tasks failed on some hosts, and others could not be reached.",
        99: "Ansible was interrupted.",
        127: "Ansible could not be started.",
        250: "Ansible ended with an error of its own.",
    }
    return known.get(code, f"Ansible ended with exit code {code}.")
