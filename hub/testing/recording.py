"""A `TaskIO` for tests: it runs nothing, answers what it was told to answer, and remembers all that was asked."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hub.plugin import (
    Completed,
    Key,
    KnownHosts,
    Material,
    Notice,
    NotReady,
    Refused,
    RepositoryView,
    StateAccess,
    Stopped,
    TaskView,
)

_FLAT_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
_ROLES: Final = ("password", "private_key", "passphrase", "secret")


@dataclass(frozen=True, slots=True)
class Call:
    """One program that was asked for."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    """What was laid over the task's environment."""
    cwd: Path
    captured: bool = False
    """Asked for with `capture`."""


@dataclass(frozen=True, slots=True)
class _Answer:
    matches: Callable[[Call], bool]
    code: int
    output: str
    effect: Callable[[Call], None] | None


@dataclass(frozen=True, slots=True)
class RecordedHosts:
    """What a `RecordingIO` knows of hosts."""

    _io: RecordingIO

    async def facts(self, hosts: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        return {host: known for host, known in self._io.known_facts.items() if hosts is None or host in hosts}

    async def hold(self, names: Sequence[str]) -> None:
        self._io.held += [name for name in names if name not in self._io.held]


@dataclass(slots=True)
class RecordingIO:
    """Records what an executor does. Everything on disk is below `folder`, a fresh temporary one when none is given.

    Programs exit with 0 and print nothing unless `answer` says otherwise. The folders `workspace` (private to the task,
    0700), `checkout` (where programs start), `artifacts` and `cache` are real, and so are `keep`, `fetch` and `shared`.
    """

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="hub-io-")))
    keys: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Keys by id: `login`, and the text of each file by its role, such as `password` or `private_key`."""
    secret_values: Mapping[str, str] = field(default_factory=dict)
    """What `secrets` returns."""
    state_access: StateAccess | None = None
    """What `state` returns."""
    upstream_files: Mapping[str, bytes] = field(default_factory=dict)
    """What `received` writes: content by name."""
    host_keys: str = "first_use"
    """The policy of what `known_hosts` returns."""
    invent_keys: bool = False
    """Make up a key with every role for an id that `keys` does not have, instead of refusing it."""

    pages: Mapping[str, bytes] = field(default_factory=dict)
    """What `download` finds, by address."""
    known_facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What `hosts.facts` returns, by host."""

    calls: list[Call] = field(default_factory=list, init=False)
    lines: list[str] = field(default_factory=list, init=False)
    """What was written with `log`."""
    stages: list[str] = field(default_factory=list, init=False)
    results: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list, init=False)
    published: dict[str, bytes] = field(default_factory=dict, init=False)
    """What was published, by name."""
    downloads: list[tuple[str, Mapping[str, str]]] = field(default_factory=list, init=False)
    """Addresses that were asked for, each with its headers."""
    held: list[str] = field(default_factory=list, init=False)
    """Names that were held with `hosts.hold`."""
    masks: list[str] = field(default_factory=list, init=False)
    """Secrets that were handed out."""
    _answers: list[_Answer] = field(default_factory=list, init=False)
    _materials: dict[int, Material] = field(default_factory=dict, init=False)
    _filling: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock), init=False)

    workspace: Path = field(init=False)
    checkout: Path = field(init=False)
    """Where programs start unless told otherwise."""
    artifacts: Path = field(init=False)
    """What was kept, under its name."""
    cache: Path = field(init=False)
    """Parent of the folders that `shared` returns."""

    def __post_init__(self) -> None:
        self.workspace, self.checkout = self.folder / "workspace", self.folder / "checkout"
        self.artifacts, self.cache = self.folder / "artifacts", self.folder / "cache"
        for each in (self.workspace, self.checkout, self.artifacts, self.cache):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def answer(
        self,
        *start: str,
        code: int = 0,
        output: str = "",
        when: Callable[[Call], bool] = lambda _: True,
        effect: Callable[[Call], None] | None = None,
    ) -> None:
        """Decide what programs do whose command line begins with `start` and for which `when` is true.

        They exit with `code`, print `output` (which only `capture` returns), and `effect` runs first: it may write the
        files that the program would, or raise `Stopped`. Of several answers that fit, the last one given counts.
        """

        def matches(call: Call) -> bool:
            words = (Path(call.argv[0]).name, *call.argv[1:])
            return start in (call.argv[: len(start)], words[: len(start)]) and when(call)

        self._answers.append(_Answer(matches, code, output, effect))

    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath)}

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        return self._run(Call(argv, dict(env or {}), cwd or self.checkout)).code

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        return self._run(Call(argv, dict(env or {}), cwd or self.checkout, captured=True))

    async def log(self, text: str) -> None:
        self.lines.append(text)

    async def key(self, ref: Key) -> Material:
        if ref in self._materials:
            return self._materials[ref]
        invented = {"login": f"login-{ref}"} | {role: f"made-up-{role}-of-key-{ref}" for role in _ROLES}
        known = self.keys.get(ref, invented if self.invent_keys else None)
        if known is None:
            raise Refused(f"There is no key {ref}; give it to RecordingIO(keys=…).")
        files = {role: self._secret_file(f"key-{ref}-{role}", text) for role, text in known.items() if role != "login"}
        secrets = tuple(text for role, text in known.items() if role != "login")
        self.masks += secrets
        env = {"SSH_AUTH_SOCK": str(self.workspace / f"agent-{ref}.sock")} if "private_key" in files else {}
        self._materials[ref] = Material(login=known.get("login", ""), files=files, env=env, masks=secrets)
        return self._materials[ref]

    async def known_hosts(self) -> KnownHosts:
        path = self.workspace / "known_hosts"
        path.touch(mode=0o600)
        checking = {"first_use": "accept-new", "ask": "yes"}.get(self.host_keys, "no")
        return KnownHosts(path, self.host_keys, (f"StrictHostKeyChecking={checking}", f'UserKnownHostsFile="{path}"'))

    async def secrets(self) -> Mapping[str, str]:
        self.masks += [value for value in self.secret_values.values() if value]
        return dict(self.secret_values)

    async def state(self) -> StateAccess | None:
        self.masks += [self.state_access.password] if self.state_access else []
        return self.state_access

    async def stage(self, name: str) -> None:
        self.stages.append(name)

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        # Through JSON and back, because that is the way that it takes in a worker.
        made = (kind, json.loads(json.dumps(data, allow_nan=False)))
        last = [place for place, (name, _) in enumerate(self.results) if name == kind][-1:] if replace else []
        if last:
            self.results[last[0]] = made
        else:
            self.results.append(made)

    async def keep(self, path: Path, name: str) -> None:
        await asyncio.to_thread(shutil.copyfile, path, self.artifacts / _flat(name))

    async def fetch(self, name: str) -> Path:
        kept = self.artifacts / _flat(name)
        if not kept.is_file():
            raise Refused(f"There is no artifact named {name}.")
        fetched = self.workspace / "artifacts" / name
        fetched.parent.mkdir(mode=0o700, exist_ok=True)
        await asyncio.to_thread(shutil.copyfile, kept, fetched)
        return fetched

    async def publish(self, files: Mapping[str, Path]) -> None:
        for name, path in files.items():
            self.published[name] = await asyncio.to_thread(path.read_bytes)

    async def received(self, folder: Path) -> Sequence[str]:
        for name, data in self.upstream_files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(target.write_bytes, data)
        return list(self.upstream_files)

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        home = self.cache / _flat(name)
        async with self._filling[name]:
            if not home.exists():
                half = Path(tempfile.mkdtemp(prefix=".filling-", dir=self.cache))
                try:
                    await fill(half)
                    os.rename(half, home)  # noqa: PTH104 - one system call, no waiting
                finally:
                    shutil.rmtree(half, ignore_errors=True)
        return home

    async def download(
        self, address: str, *, headers: Mapping[str, str] | None = None, limit: int = 16 << 20, seconds: float = 30.0
    ) -> bytes:
        self.downloads.append((address, dict(headers or {})))
        if address not in self.pages or len(self.pages[address]) > limit or seconds <= 0:
            raise NotReady(f"Nothing was found at {address}; give it to RecordingIO(pages=…).")
        return self.pages[address]

    @property
    def hosts(self) -> RecordedHosts:
        return RecordedHosts(self)

    def _run(self, call: Call) -> Completed:
        words: tuple[object, ...] = (*call.argv, *call.env.keys(), *call.env.values())
        if not call.argv or not all(isinstance(word, str) and "\0" not in word for word in words):
            raise TypeError(f"a command line and its environment are texts without NUL, not {call.argv!r}")
        self.calls.append(call)
        for answer in reversed(self._answers):
            if answer.matches(call):
                if answer.effect is not None:
                    answer.effect(call)
                return Completed(answer.code, answer.output)
        return Completed(0, "")

    def _secret_file(self, name: str, text: str) -> Path:
        path = self.workspace / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path


def stop(_: Call) -> None:
    """Stop the task, as an `effect` of `RecordingIO.answer`."""
    raise Stopped("The task was stopped.")


def task_view(checkout: Path = Path("/checkout"), **overrides: Any) -> TaskView:
    """Make the picture of a plain task whose repository is checked out at `checkout`; override any member by name."""
    repository = RepositoryView(
        id=1,
        name="playbooks",
        path=checkout,
        branch="main",
        commit_hash="4f3c2a1b0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a",
        commit_message="Add the first play",
    )
    usual = TaskView(
        id=42,
        project_id=1,
        project_name="Demo",
        template_id=7,
        template_name="Deploy",
        template_type="",
        app="shell",
        script="deploy.sh",
        username="jane",
        repository=repository,
    )
    return replace(usual, **overrides)


def notice(**overrides: Any) -> Notice:
    """Make the notice of a task that succeeded; override any member by name."""
    usual = Notice(
        event="task.finished",
        sentence="Task 42 of Deploy succeeded.",
        project_id=1,
        project_name="Demo",
        task_id=42,
        template_name="Deploy",
        status="success",
        author="jane",
        url="https://hub.example.org/project/1/history?t=42",
    )
    return replace(usual, **overrides)


def _flat(name: str) -> str:
    if not _FLAT_NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name: use letters, digits, dots, dashes and underscores.")
    return name
