"""The live `TaskIO`: what an executor sees of the world while its task runs."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.errors import HubError, NotFound
from hub.plugin import Completed, Key, KeyType, Material, PluginError, Refused, StateAccess, Stopped
from hub.services import artifacts, drift, terraform_seats
from hub.services.tasks import finish
from hub.services.tasks.brief import Brief
from hub.worker import process
from hub.worker.confine import inside
from hub.worker.isolation import Cell
from hub.worker.journal import Journal
from hub.worker.material import materialise
from hub.worker.process import Command
from hub.worker.shared import SharedFolders
from hub.worker.workspace import Folders

logger = logging.getLogger(__name__)

_RELEASE = 10.0  # seconds that a key type has to let go of what it made


@dataclass(slots=True)
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
    journal: Journal
    halt: Halt
    marker: str
    """Begins the mark of every process of this run."""
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    results: list[finish.Result] = field(default_factory=list)
    """What is stored when the run ends, in the same unit."""
    grace: float = 10.0
    """Seconds between TERM and KILL."""
    interrupt: bool = False
    """Programs are told to end with INT first."""
    cell: Cell | None = None
    """What its programs run in; None for nothing that keeps them apart."""


class LiveIO:
    """The only door of an executor, opened for one run."""

    def __init__(self, hub: Hub, run: Run, shared: SharedFolders) -> None:
        self._hub = hub
        self._run = run
        self._shared = shared
        self._numbers = itertools.count(1)
        self._materials: dict[int, tuple[KeyType, Material]] = {}
        self._making = asyncio.Lock()
        self._stages: list[dict[str, Any]] = []
        self._filling: list[Path] = []
        self._borrowed: list[Path] = []

    @property
    def workspace(self) -> Path:
        """Private folder for the executor's own files."""
        return self._run.folders.workspace

    async def exec(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> int:
        """Run a program, its output into the log."""
        self._raise_if_halted()
        command = await self._command(argv, env, cwd)
        code = await process.run(command, self._run.journal.feed, self._run.halt.asked, marker=self._mark())
        await self._run.journal.end_of_program()
        if command.cell is not None and (hint := command.cell.hint(code)):
            await self._run.journal.line(hint)
        self._raise_if_halted()
        return code

    async def capture(self, *argv: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Completed:
        """Run a program and return what it printed."""
        self._raise_if_halted()
        code, output = await process.capture(
            await self._command(argv, env, cwd), self._run.halt.asked, marker=self._mark(),
            errors=self._run.journal.feed,
        )  # fmt: skip
        await self._run.journal.end_of_program()
        self._raise_if_halted()
        return Completed(code, output.decode("utf-8", "replace"))

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
        self._end_stage()
        self._stages.append(
            {"name": name, "start": _iso(self._hub), "end": None, "first_line": self._run.journal.next_line}
        )

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        """Keep a structured result."""
        shown = self._run.journal.masker.hide(data)
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

    async def shared(self, name: str, fill: Callable[[Path], Awaitable[None]]) -> Path:
        """Return a folder of the worker's shared cache."""

        async def filled(fresh: Path) -> None:
            self._filling.append(fresh)
            try:
                await fill(fresh)
            finally:
                self._filling.remove(fresh)

        folder = await self._shared.folder(name, filled)
        self._borrowed.append(folder)
        return folder

    async def close(self) -> None:
        """Release keys, and hand over the stages. A key type that fails at this changes no result."""
        self._end_stage()
        for kind, material in self._materials.values():
            try:
                await self._hub.registry.guard(kind, kind.release(material), limit=_RELEASE)
            except (HubError, PluginError) as error:
                logger.warning("A key of task %s was not released: %s", self._run.brief.task_id, error)
        self._materials.clear()
        if self._stages:
            self._run.results.append(("stages", self._run.journal.masker.hide({"stages": self._stages})))
            self._stages = []

    def _end_stage(self) -> None:
        if self._stages and self._stages[-1]["end"] is None:
            self._stages[-1]["end"] = _iso(self._hub)

    async def _command(self, argv: tuple[str, ...], env: Mapping[str, str] | None, cwd: Path | None) -> Command:
        cell = self._run.cell
        if cell is not None:
            cell = cell.lending(writable=tuple(self._filling), readable=tuple(self._borrowed))
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


def _iso(hub: Hub) -> str:
    return hub.clock().isoformat()
