"""Pictures of what was asked: a task, what it works in and on, and the app that it is of. None holds a secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.plugin.params import Key


@dataclass(frozen=True, slots=True)
class AppView:
    """An app that administrators defined, or what they changed about the one that an executor is."""

    name: str
    title: str
    icon: str
    color: str
    priority: int
    program: str
    """A name on PATH, or an absolute path; empty for the executor's own."""
    arguments: tuple[str, ...] | None
    """Before the script, in place of the executor's own; None for those."""


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """The checkout that a task runs in."""

    id: int
    name: str
    path: Path
    """Root of this task's own working tree."""
    branch: str
    commit_hash: str
    commit_message: str


@dataclass(frozen=True, slots=True)
class InventoryView:
    """The inventory that a task was given."""

    id: int
    name: str
    type: str
    text: str
    """Content of a static inventory, path of a file inventory as typed, or workspace name."""
    path: Path | None
    """File to hand to the tool: written by the hub for static types, inside a checkout for type `file`, fetched by a
    source."""
    user_key: Key | None = None
    become_key: Key | None = None
    paths: tuple[Path, ...] = ()
    """Every file or folder to hand over, in their order; later ones add to earlier ones. `path` is the first."""


@dataclass(frozen=True, slots=True)
class VaultView:
    """One Ansible-style vault of a template."""

    name: str
    """Vault id; `default` when the template names none."""
    type: str
    """`password` (then `key` is set) or `script` (then `script` is set)."""
    key: Key | None = None
    script: str | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """What was asked, without any secret."""

    id: int
    project_id: int
    project_name: str
    template_id: int
    template_name: str
    template_type: str
    """The wire's template type: empty for a plain task, `build` or `deploy`."""
    app: str
    script: str
    """The template's `playbook`, or the task's own where that is allowed; relative to the checkout."""
    working_directory: str = ""
    """Folder below the checkout's root to run in."""
    username: str = ""
    message: str = ""
    url: str | None = None
    """Page of this task, when the hub knows its public address."""
    repository: RepositoryView | None = None
    inventory: InventoryView | None = None
    vaults: tuple[VaultView, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    """Variable group, then task, then survey answers, merged; later wins. Secret ones come from `io.secrets`."""
    arguments: Any = None
    """The template's `arguments`, parsed: usually a list of texts."""
    task_arguments: Any = None
    """The task's own `arguments`, parsed; None unless the template lets tasks add some."""
    version: str | None = None
    """Version that a build makes."""
    incoming_version: str | None = None
    """Version of the build that a deploy ships."""
    dry_run: bool = False
    resumed: Mapping[str, Any] | None = None
    """State of the earlier pass that ended with `Outcome.awaiting`, once a person has confirmed it."""
    host_limit: int = 0
    """Most hosts that the task may touch; 0 means without limit. Executors that know their hosts keep to it."""
