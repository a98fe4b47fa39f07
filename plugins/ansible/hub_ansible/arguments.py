"""The command line of `ansible-playbook`, piece by piece in the order that existing users know."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.plugin import TaskView
from hub_ansible.chosen import chosen
from hub_ansible.params import AnsibleParams, AnsibleTaskParams
from hub_ansible.unfit import Unfit

_LOUDEST = 6
_DEFAULT_LOUDNESS = 4
_FILE_OF_HOSTS = re.compile(r"(?:^|[,:;])\s*@")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the command line points: files and logins, never a secret itself."""

    program: str
    playbook: str
    inventory: Sequence[str]
    """Every one of its files and folders."""
    extra_vars: str
    user: Sequence[str] = ()
    become: Sequence[str] = ()
    vaults: Sequence[tuple[str, str]] = field(default=())
    """Vault ids, each with the file of its password."""


def command_line(
    sources: Sources, task: TaskView, params: AnsibleParams, task_params: AnsibleTaskParams
) -> tuple[str, ...]:
    """Return the whole command line."""
    return (
        sources.program,
        *(word for file in sources.inventory for word in ("-i", file)),
        *sources.user,
        *_become(params, sources.become),
        *_verbosity(params, task_params),
        *(["--diff"] if task_params.diff or task_params.drift else []),
        *(["--check"] if task_params.dry_run or task.dry_run or task_params.drift else []),
        *(f"--vault-id={name}@{file}" for name, file in sources.vaults),
        "--extra-vars",
        f"@{sources.extra_vars}",
        *words(task.arguments, "arguments of the template"),
        *_filters(params, task_params),
        *words(task.task_arguments, "arguments of the task"),
        sources.playbook,
    )


def words(value: Any, what: str) -> tuple[str, ...]:
    """Return stored arguments as words, or say what is wrong with them."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise Unfit(f'The {what} must be a list of texts, such as ["--forks", "10"].')
    if any("\0" in word for word in value):
        raise Unfit(f"The {what} hold a NUL character, which no program can be given.")
    return tuple(value)


def _become(params: AnsibleParams, key: Sequence[str]) -> list[str]:
    flags = ["--become"] if params.become else []
    if params.become_method:
        flags.append(f"--become-method={params.become_method}")
    # Of two users Ansible takes the last.
    return [*flags, *key, *([f"--become-user={params.become_user}"] if params.become_user else [])]


def _verbosity(params: AnsibleParams, task_params: AnsibleTaskParams) -> list[str]:
    if not (params.allow_debug and task_params.debug):
        return []
    level = task_params.debug_level if task_params.debug_level >= 1 else _DEFAULT_LOUDNESS
    return ["-" + "v" * min(level, _LOUDEST)]


def _filters(params: AnsibleParams, task_params: AnsibleTaskParams) -> list[str]:
    asked = {
        "limit": task_params.limit if params.allow_override_limit else None,
        "tags": task_params.tags if params.allow_override_tags else None,
        "skip-tags": task_params.skip_tags if params.allow_override_skip_tags else None,
    }
    if any(_FILE_OF_HOSTS.search(word) for word in asked["limit"] or ()):
        raise Unfit("A task's limit must name hosts or groups; files (“@…”) are for the template's own limit.")
    usual = {"limit": params.limit, "tags": params.tags, "skip-tags": params.skip_tags}
    flags = []
    for name, own in usual.items():
        override = asked[name]
        given = own if override is None else override
        words = chosen(given, "limit") if name == "limit" else [word.strip() for word in given if word.strip()]
        if words:
            flags.append(f"--{name}={','.join(words)}")
    return flags
