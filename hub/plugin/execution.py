"""Running a task: the executor decides what to run, the hub runs it.

An executor never touches processes, databases, secrets or the network by itself. It is handed a `TaskView`, a picture
without secrets of what was asked, and a `TaskIO`, its only door to the world. In a worker the door is live; in tests it
is `hub.testing.RecordingIO`.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol

from typing_extensions import TypeVar

from hub.plugin.extension import Extension
from hub.plugin.params import Key, NoParams, Params
from hub.plugin.task import AppView, TaskView


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an executor needs and can do. Data, so that the hub and its pages can ask without running anything."""

    needs_repository: bool = True
    """A git checkout is made before `run`."""
    needs_script: bool = True
    """The template's `playbook` must name a file of the checkout."""
    script_label: str = "Script"
    """What the template's `playbook` field is called in forms."""
    script_patterns: tuple[str, ...] = ()
    """Glob patterns of files to offer for that field."""
    script_line: str = ""
    """Extended regular expression of POSIX; files that have such a line are offered before the others."""
    script_folders: tuple[str, ...] = ()
    """Glob patterns of files whose folders are offered, where the field names a folder."""
    needs_inventory: bool = False
    inventory_types: tuple[str, ...] = ()
    """Wire inventory types that fit, the usual one first."""
    inventory_sources: bool = False
    """What inventory sources fetch fits too, whatever they are called."""
    tells_hosts: bool = False
    """Has the verb `hosts`."""
    dry_run: bool = False
    """Can show what would change without changing it."""
    approval: bool = False
    """May return `Outcome.awaiting`."""
    drift: bool = False
    """Its task params have a `drift`: look whether what the template describes is still so, change nothing, and tell
    with a result of kind `drift`."""
    programs: tuple[str, ...] = ()
    """Programs that must be on PATH; a worker without them says so."""
    custom_apps: bool = False
    """Apps that administrators define run in this executor's manner, by `adapted`. The first executor that says so."""
    interrupt: bool = False
    """A stop first sends INT to the program alone, as Ctrl+C would, and leaves its children to it. What has not ended
    after the grace time is ended as usual, with TERM and KILL to all. For programs that finish what they have begun and
    whose children must live until then."""


@dataclass(frozen=True, slots=True)
class Material:
    """A key made usable for one task. Files are 0600 in the task's private folder and vanish with it."""

    login: str = ""
    files: Mapping[str, Path] = field(default_factory=dict)
    """By role: `password`, `private_key`, `passphrase`, `secret`."""
    env: Mapping[str, str] = field(default_factory=dict)
    """For example `SSH_AUTH_SOCK`."""
    masks: tuple[str, ...] = field(default=(), repr=False)
    """Texts that must never reach the log; the hub hides them."""


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """Which ssh servers a task may trust: those whose keys its project knows."""

    path: Path
    """Their keys, as OpenSSH writes them; a file of this run. What is added to it, the project learns."""
    policy: str
    """`first_use`: the first key of a host is trusted; `ask`: a person approves each; `off`: none is checked."""
    options: tuple[str, ...]
    """Options of OpenSSH's programs, each `Name=value`, that keep to it."""

    @property
    def command(self) -> str:
        """`ssh` with these options and without questions, as a value of `GIT_SSH_COMMAND`."""
        return shlex.join(["ssh", *(word for option in ("BatchMode=yes", *self.options) for word in ("-o", option))])


@dataclass(frozen=True, slots=True)
class StateAccess:
    """Where the hub keeps the state of a task's inventory for tools of the Terraform family, by their `http` backend.

    One address reads, writes, locks (`LOCK`) and unlocks (`UNLOCK`). The password ends with this run of the task.
    """

    address: str
    username: str
    password: str = field(repr=False)
    holder: str = ""
    """A sentence about who holds the lock of the state at this moment; empty when nobody does."""


@dataclass(frozen=True, slots=True)
class HostList:
    """The hosts that a run would touch, or that an inventory has."""

    hosts: tuple[str, ...]
    """Sorted by name."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each group the hosts among `hosts`, those of its children too."""
    variables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of each host, without anything that is or looks secret; empty where they were not asked for."""
    note: str = ""
    """A sentence on what could not be told."""


@dataclass(frozen=True, slots=True)
class Completed:
    """Result of `TaskIO.capture`."""

    code: int
    output: str


class HostDoor(Protocol):
    """What a run may know of hosts, and keep for itself."""

    async def facts(self, hosts: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Return what hosts of the task's inventory last told of themselves, as results of kind `facts` had it; of all
        that are known unless `hosts` says which.

        Such a result has `hosts`: of each host an object. It is kept beside the inventory and not with the task.
        """
        ...

    async def hold(self, names: Sequence[str]) -> None:
        """Wait until no other task of the project holds one of these names of hosts, and hold them until the task ends.

        While it waits, people see for which task. All are taken at once or none, so that no two tasks wait for each
        other; hold everything that is needed in one call.
        """
        ...


class TaskIO(Protocol):
    """The only door of an executor to the world."""

    @property
    def workspace(self) -> Path:
        """Private folder of this task (0700), outside the checkout; gone when the task ends."""
        ...

    def environment(self) -> Mapping[str, str]:
        """Return the environment that programs of this task start with, secret values included: never log it."""
        ...

    @property
    def hosts(self) -> HostDoor:
        """Facts of hosts, and holding them."""
        ...

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        """Run a program to its end and return its exit code; a signal's is negative.

        Its output goes to the task's log, secrets hidden. `env` is laid over the task's environment; `cwd` defaults to
        the working directory inside the checkout. A stop or time limit ends the program and then raises `Stopped`.
        """
        ...

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        """Like `exec`, but return standard output (at most 16 MiB) instead of logging it; errors are logged."""
        ...

    async def log(self, text: str) -> None:
        """Write a line of the hub's own to the task's log."""
        ...

    async def key(self, ref: Key) -> Material:
        """Make a key of the key store usable for this task."""
        ...

    async def known_hosts(self) -> KnownHosts:
        """Return which ssh servers this task may trust."""
        ...

    async def secrets(self) -> Mapping[str, str]:
        """Return secret variables of the variable groups and secret survey answers, by name."""
        ...

    async def state(self) -> StateAccess | None:
        """Return access to the state that the hub keeps for this task's inventory; None for a task without one."""
        ...

    async def stage(self, name: str) -> None:
        """Begin a named stage: `init`, `plan`, `apply`, `play` …"""
        ...

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        """Keep a structured result: host recap, plan summary, outputs.

        With `replace` it takes the place of the last one of that kind, so that people see how far a run is. What was
        kept stays when the run is stopped or its worker dies. Do that at most once a second.

        One of kind `drift` tells whether what the template describes is still so. It has `drifted`, a list `resources`
        of `name` and `action` that names what differs, and `look`, true for a task that was started to look. A task
        that has put everything right tells it without: that closes a drift. It counts when the task ends well.
        """
        ...

    async def keep(self, path: Path, name: str) -> None:
        """Keep a file as an artifact of the task."""
        ...

    async def fetch(self, name: str) -> Path:
        """Bring back an artifact of an earlier pass of this task, or of an upstream task."""
        ...

    async def publish(self, files: Mapping[str, Path]) -> None:
        """Keep files for people, by the names that they read: relative paths with `/`. Everybody who may read the log
        can download them. What is too large, or no plain file, is left out, and the log says so."""
        ...

    async def received(self, folder: Path) -> Sequence[str]:
        """Write what the build of this deployment has published into an empty folder; return the names."""
        ...

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Return a folder of the worker's shared cache, to be read only.

        When there is none of that name, `fill` is called once with an empty folder to make it; others wait. If `fill`
        raises, nothing is kept. `name` should be a digest of everything that decides the content. What `fill` is given
        has another path than what is returned. That stays while this task runs, and goes when no task has used it for
        long.
        """
        ...

    async def download(
        self, address: str, *, headers: Mapping[str, str] | None = None, limit: int = 16 << 20, seconds: float = 30.0
    ) -> bytes:
        """Get what is at an `https` address: at most `limit` bytes, within `seconds`.

        The certificate is checked, and only redirections within the same server are followed. Raises `NotReady` with
        a sentence that holds neither the query of the address nor a header.
        """
        ...


class Stopped(Exception):
    """The task was stopped or ran out of time. Let it pass through."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. Made by one of the three constructors."""

    kind: str
    """`success`, `failure` or `awaiting`."""
    code: int = 0
    reason: str = ""
    question: str = ""
    summary: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def success(cls) -> Outcome:
        """All went well."""
        return cls("success")

    @classmethod
    def failure(cls, code: int = 1, reason: str = "") -> Outcome:
        """It failed; `code` is the tool's exit code, `reason` a sentence for the log."""
        return cls("failure", code=code, reason=reason)

    @classmethod
    def awaiting(cls, question: str, summary: Mapping[str, Any], state: Mapping[str, Any]) -> Outcome:
        """A person must decide. The task is parked without a worker; on Confirm, `run` is called again with `state`."""
        return cls("awaiting", question=question, summary=dict(summary), state=dict(state))

    @classmethod
    def from_code(cls, code: int) -> Outcome:
        """Success for 0, else failure with that exit code."""
        return cls.success() if code == 0 else cls.failure(code)


P = TypeVar("P", bound=Params, default=Any)
T = TypeVar("T", bound=Params, default=Any)


class Executor(Extension, Generic[P, T]):
    """Runs one kind of template. `P` are the template's params, `T` those of a single task (its prompts)."""

    capabilities: ClassVar[Capabilities] = Capabilities()
    task_params_type: ClassVar[type[Params]] = NoParams
    icon: str = "terminal"
    """Name of a Tabler icon."""
    color: str = "secondary"
    priority: int = 0
    """Order in lists, highest first."""

    async def run(self, task: TaskView, params: P, task_params: T, io: TaskIO) -> Outcome:
        """Do the task. Decide argv and order; await `io.exec` for each step; return how it ended."""
        raise NotImplementedError

    def adapted(self, app: AppView) -> Executor | None:
        """Return this executor as the app that administrators defined or changed: with its program and arguments, and
        all that is shown of it. None, as here, when the executor has no program that could be another."""
        return None

    def preview(self, task: TaskView, params: P, task_params: T) -> Sequence[str]:
        """Return the main command line as it would be run, for people to read; empty when it cannot be told."""
        return ()

    async def hosts(self, task: TaskView, params: P, task_params: T, io: TaskIO) -> HostList:
        """Tell which hosts `run` would touch; for a task without a script, all of its inventory with their variables.

        Nothing may be changed anywhere: people ask before they start a task, and when they look at an inventory. Of
        the door everything that belongs to a task (results, artifacts, state) is refused.
        """
        raise NotImplementedError
