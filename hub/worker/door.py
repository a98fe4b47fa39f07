"""The live `TaskIO`: what an executor sees of the world while its task runs."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub import traces
from hub.context import Hub
from hub.errors import HubError, NotFound
from hub.plugin import (
    Completed,
    HostDoor,
    Key,
    KeyType,
    KnownHosts,
    Material,
    PluginError,
    Refused,
    StateAccess,
    Stopped,
)
from hub.services import artifacts, drift, host_facts, terraform_seats
from hub.services.tasks import files as task_files
from hub.services.tasks import finish
from hub.services.tasks.brief import Brief
from hub.worker import process
from hub.worker.confine import inside
from hub.worker.isolation import Cell
from hub.worker.known_hosts import HostTrust
from hub.worker.live_hosts import LiveHosts
from hub.worker.material import materialise
from hub.worker.notes import Notes
from hub.worker.passport import PASSPORT, Passport
from hub.worker.process import Command
from hub.worker.shared import SharedFolders
from hub.worker.stages import Stages
from hub.worker.teller import Teller
from hub.worker.workspace import Folders

logger = logging.getLogger(__name__)

_RELEASE = 10.0  # seconds that a key type has to let go of what it made


@dataclass(slots=True, eq=False)
class Halt:
    """Why and that a run must end."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = ""

    def ask(self, reason: str) -> None:
        """End the run; the first reason stays."""
        if not self.asked.is_set():
            self.reason = reason
            self.asked.set()


@dataclass(slots=True)
class Run:
    """One run of a task on this worker."""

    brief: Brief
    folders: Folders
    journal: Notes
    halt: Halt
    marker: str
    """Begins the mark of every process of this run."""
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    trust: HostTrust
    results: list[finish.Result] = field(default_factory=list)
    """What is stored when the run ends, in the same unit."""
    grace: float = 10.0
    """Seconds between TERM and KILL."""
    interrupt: bool = False
    """Programs are told to end with INT first."""
    cell: Cell | None = None
    """What its programs run in; None for nothing that keeps them apart."""
    passport: Passport = field(default_factory=Passport)


class LiveIO:
    """The only door of an executor, opened for one run."""

    def __init__(self, hub: Hub, run: Run, shared: SharedFolders) -> None:
        self._hub = hub
        self._run = run
        self._shared = shared
        self._borrowed = ExitStack()
        self._numbers = itertools.count(1)
        self._materials: dict[int, tuple[KeyType, Material]] = {}
        self._making = asyncio.Lock()
        self._stages = Stages(hub, run.brief, run.journal)
        self._hosts = LiveHosts(hub, run.brief, run.journal, run.halt.asked)
        self._teller = Teller(run.journal)
        self._filling: list[Path] = []
        self._lent: list[Path] = []

    @property
    def workspace(self) -> Path:
        """Private folder for the executor's own files."""
        return self._run.folders.workspace

    def environment(self) -> Mapping[str, str]:
        """Return what programs of this task start with."""
        return dict(self._run.env)

    @property
    def hosts(self) -> HostDoor:
        """Facts of hosts, and holding them."""
        return self._hosts

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        """Run a program, its output into the log."""
        self._raise_if_halted()
        command = await self._command(argv, env, cwd)
        with traces.span("process", {"process.executable.name": Path(argv[0]).name}) as span:
            command = replace(command, env={**traces.environment(), **command.env}, witness=self._teller)
            noted = self._run.passport.begin(argv, command.cwd, self._run.journal.next_line)
            code = noted["code"] = await process.run(
                command, self._run.journal.feed, self._run.halt.asked, marker=self._mark()
            )
            if span is not None:
                span.set_attribute("process.exit.code", code)
        await self._run.journal.end_of_program()
        if command.cell is not None and (hint := command.cell.hint(code)):
            await self._run.journal.line(hint)
        self._raise_if_halted()
        return code

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        """Run a program and return what it printed."""
        self._raise_if_halted()
        command = await self._command(argv, env, cwd)
        with traces.span("process", {"process.executable.name": Path(argv[0]).name}) as span:
            command = replace(command, env={**traces.environment(), **command.env})
            code, output = await process.capture(
                command, self._run.halt.asked, marker=self._mark(), errors=self._run.journal.feed
            )
            if span is not None:
                span.set_attribute("process.exit.code", code)
        await self._run.journal.end_of_program()
        self._raise_if_halted()
        return Completed(code, output.decode("utf-8", "replace"))

    async def tell_what_ran(self) -> None:
        """Hand over the passport, with the versions of what ran; a stopped run has no time to ask for those."""
        run = self._run
        if not run.halt.asked.is_set():
            await run.passport.learn_versions(run.env.get("PATH", ""), self._ask_version)
        told = run.passport.shown(self._hub, run.brief, run.folders, run.cell)
        run.results.append((PASSPORT, run.journal.masker.hide(told)))

    async def _ask_version(self, program: str, argument: str) -> str:
        """Ask a program in the task's own cell, without anything that the task was given."""
        command = await self._command((program, argument), None, self.workspace)
        bare = {name: command.env[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in command.env}
        command = replace(command, env=bare, grace=0.5)
        _, said = await process.capture(command, self._run.halt.asked, marker=self._mark(), errors=_unheard)
        return said.decode("utf-8", "replace")

    async def log(self, text: str) -> None:
        """Write a line of the hub's own."""
        await self._run.journal.line(text)

    async def key(self, ref: Key) -> Material:
        """Make a key usable; the same one twice is the same material."""
        async with self._making:
            if ref not in self._materials:
                made = await materialise(self._hub, self._run.brief.project_id, ref, self._run.folders.keys)
                self._materials[ref] = made
                self._run.journal.masker.add(*made[1].masks)
        return self._materials[ref][1]

    async def known_hosts(self) -> KnownHosts:
        """Return which ssh servers this task may trust."""
        return await self._run.trust.open()

    async def secrets(self) -> Mapping[str, str]:
        """Return the secret variables of this task."""
        return self._run.brief.secret_variables

    async def state(self) -> StateAccess | None:
        """Return access to the state of the inventory; its password is masked in every form that a tool may print."""
        brief = self._run.brief
        if brief.inventory is None:
            return None
        access = await terraform_seats.lend(self._hub, brief.task_id, brief.project_id, brief.inventory.id)
        pair = f"{access.username}:{access.password}"
        self._run.journal.masker.add(access.password, pair)
        return access

    async def stage(self, name: str) -> None:
        """Begin a named stage; the one before ends."""
        await self._run.journal.end_of_program()
        self._stages.begin(name)

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        """Keep a structured result."""
        shown = self._run.journal.masker.hide(data)
        if kind == host_facts.KIND:  # of the host and not of the task, so kept beside the inventory alone
            await self._hosts.note(shown)
            return
        if kind == drift.KIND:  # counts when the task ends well, so it is kept with its end
            self._run.results.append((kind, shown))
            return
        await finish.add_own_result(self._hub, self._run.brief.task_id, kind, shown, replace=replace)

    async def keep(self, path: Path, name: str) -> None:
        """Keep a file as an artifact; a link that leads out of the task's folder is not followed."""
        if not inside(self._run.folders.root, path):
            raise Refused(f"The artifact {name} is not kept: its file is outside of the folder of the task.")
        await artifacts.keep(self._hub, self._run.brief.task_id, name, path)

    async def fetch(self, name: str) -> Path:
        """Bring back an artifact of an earlier pass, or of the build that this task deploys."""
        target = self.workspace / "artifacts" / name
        try:
            await artifacts.fetch(self._hub, (self._run.brief.task_id, self._run.brief.build_task_id), name, target)
        except NotFound as error:
            raise Refused(str(error)) from None
        return target

    async def publish(self, files: Mapping[str, Path]) -> None:
        """Keep files for people; what does not fit is told in the log."""
        hide = self._run.journal.masker.hide
        done = await task_files.publish(
            self._hub, self._run.brief.task_id, {readable(hide(name)): path for name, path in files.items()}
        )
        for sentence in done.left_out:
            await self._run.journal.line(sentence)

    async def received(self, folder: Path) -> Sequence[str]:
        """Bring the artifacts of the build that this task deploys."""
        return await task_files.bring(self._hub, self._run.brief.build_task_id, folder)

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Return a folder of the worker's shared cache."""

        async def filled(fresh: Path) -> None:
            self._filling.append(fresh)
            try:
                await fill(fresh)
            finally:
                self._filling.remove(fresh)

        folder = await self._shared.folder(name, filled, self._borrowed, self._raise_if_halted)
        self._lent.append(folder)
        return folder

    async def download(
        self, address: str, *, headers: Mapping[str, str] | None = None, limit: int = 16 << 20, seconds: float = 30.0
    ) -> bytes:
        """Get what is at an address; a stop ends the waiting."""
        from hub.worker.download import download  # noqa: PLC0415 - its library is heavy, and few tasks need it

        self._raise_if_halted()
        asking = asyncio.create_task(download(address, headers or {}, limit=limit, seconds=seconds))
        told = asyncio.create_task(self._run.halt.asked.wait())
        try:
            await asyncio.wait({asking, told}, return_when=asyncio.FIRST_COMPLETED)
            self._raise_if_halted()
            return await asking
        finally:
            for one in (asking, told):
                one.cancel()
            await asyncio.gather(asking, told, return_exceptions=True)

    async def close(self) -> None:
        """Release what was borrowed, and hand over the stages. A key type that fails at this changes no result."""
        self._borrowed.close()
        for kind, material in self._materials.values():
            try:
                await self._hub.registry.guard(kind, kind.release(material), limit=_RELEASE)
            except (HubError, PluginError) as error:
                logger.warning("A key of task %s was not released: %s", self._run.brief.task_id, error)
        self._materials.clear()
        await self._hosts.release()
        if (stages := await self._stages.close()) is not None:
            self._run.results.append(stages)

    async def _command(self, argv: tuple[str, ...], env: Mapping[str, str] | None, cwd: Path | None) -> Command:
        cell = self._run.cell
        if cell is not None:
            cell = cell.lending(writable=tuple(self._filling), readable=tuple(self._lent))
            if cell.user is not None:
                await asyncio.to_thread(cell.prepare, self._run.folders.root, *self._filling)
        return Command(
            argv=argv,
            cwd=cwd or self._run.cwd,
            env={**self._run.env, **(env or {})},
            grace=self._run.grace,
            interrupt=self._run.interrupt,
            cell=cell,
        )

    def _mark(self) -> str:
        return f"{self._run.marker}-{next(self._numbers)}"

    def _raise_if_halted(self) -> None:
        if self._run.halt.asked.is_set():
            raise Stopped


def readable(name: str) -> str:
    """Return the name of a file as people can read it, whatever its bytes are."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


async def _unheard(block: bytes) -> None:
    """Take what nobody wants to read."""
