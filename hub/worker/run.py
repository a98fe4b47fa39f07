"""The one orchestration: claim, lay out, execute, store the log's end, finish."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from hub import server_log, traces
from hub.context import Hub
from hub.errors import HubError, Invalid
from hub.plugin import Executor, Outcome, PluginError, RepositoryView, Stopped
from hub.services import apps
from hub.services.log import Piece
from hub.services.outages import met
from hub.services.params import parse
from hub.services.tasks import brief as briefs
from hub.services.tasks import finish, leases
from hub.services.tasks.brief import Brief, task_view
from hub.services.tasks.leases import Claimed
from hub.services.tasks.moves import LeaseLost
from hub.services.tasks.storable import storable
from hub.worker import disk, family, inputs
from hub.worker.checkout import check_out_code, check_out_inventory, lend
from hub.worker.confine import confine
from hub.worker.door import Halt, LiveIO, Run
from hub.worker.git import Mirrors
from hub.worker.inventories import inventory_view
from hub.worker.isolation import Isolation
from hub.worker.journal import Journal
from hub.worker.known_hosts import HostTrust, explaining
from hub.worker.mask import Masker
from hub.worker.patience import insist
from hub.worker.shared import SharedFolders
from hub.worker.workspace import (
    base_env,
    make_folders,
    remove_folders,
    working_directory,
)
from hub.worker.younger import Since

logger = logging.getLogger(__name__)

BROKEN = "The hub met an error of its own while running this task; its administrator finds it in the hub's log."

LAST_WORDS = 5.0
"""Seconds that an executor has, beyond the grace time of its programs, to end by itself once it was told to."""


@dataclass(slots=True)
class Place:
    """What the runs of one worker share."""

    tasks: Path
    """Parent of the private folders."""
    mirrors: Mirrors
    shared: SharedFolders
    isolation: Isolation
    running: dict[int, Halt] = field(default_factory=dict)
    looking: set[Halt] = field(default_factory=set)
    """Looks at hosts under way, which belong to no task."""
    closing: str = ""
    """Why this worker takes nothing new and ends what it runs; empty while it works."""
    killing: set[asyncio.Task[None]] = field(default_factory=set)
    """Forced stops under way."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def begin(self, task_id: int) -> Halt:
        """Note a run that was claimed; a worker that closes ends it at once."""
        halt = self.running[task_id] = Halt()
        if self.closing:
            halt.ask(self.closing)
        return halt

    def close(self, reason: str) -> None:
        """End every run, also one that begins this very moment."""
        self.closing = reason
        for halt in (*self.running.values(), *self.looking):
            halt.ask(reason)


@dataclass(slots=True)
class _Errand:
    """One claimed task on its way through this worker."""

    hub: Hub
    place: Place
    claimed: Claimed
    halt: Halt
    journal: Journal
    after: AsyncExitStack
    """Clears up when the task's end is stored."""
    results: list[finish.Result] = field(default_factory=list)
    untouched: bool = True
    """The executor was not asked yet: nothing of the task has happened, and another worker may have it."""

    @property
    def task_id(self) -> int:
        return self.claimed.subject.id


async def run_task(hub: Hub, place: Place, task_id: int) -> None:
    """Run a task that was admitted; quietly nothing when somebody else has it. Never raises. W-35."""
    if place.closing:
        return  # unclaimed, its id is sent again
    try:
        claimed = await leases.claim(hub, task_id, partial(_greeting, hub))
    except Exception as error:
        met(error)
        logger.exception("Task %s could not be claimed; its id is sent again.", task_id)
        return
    if claimed is None:
        return
    halt = place.begin(task_id)
    noted = server_log.task_id.set(task_id)
    about = {"hub.app": claimed.subject.app, "hub.template.id": claimed.subject.template_id}
    try:
        with traces.task(traces.Traced(task_id, claimed.created, claimed.trace, claimed.again), about):
            await _run_claimed(hub, place, claimed, halt)
    except Exception:
        logger.exception("Task %s could not be ended; the sweep ends it.", task_id)
    finally:
        if place.running.get(task_id) is halt:  # a second pass may have begun already
            del place.running[task_id]
        server_log.task_id.reset(noted)


def _greeting(hub: Hub, claimed: Claimed) -> Piece:
    """The first lines of every log, in the wire's words."""
    subject, now = claimed.subject, hub.clock()
    name = " ".join(subject.template_name.split())  # a line break in it would number the log wrongly
    lines = [f"Started: {subject.id}", f"Run TaskRunner with template: {name}"]
    if claimed.again:
        return Piece("\n".join(lines), 2, now)
    lines.insert(0, f"Task {name} {subject.id} added to queue")
    waited = max(0, (now - claimed.created) // timedelta(milliseconds=1))
    return Piece("\n".join(lines), 3, now - timedelta(milliseconds=waited), [[0, 0], [1, waited]])


async def _run_claimed(hub: Hub, place: Place, claimed: Claimed, halt: Halt) -> None:
    subject = claimed.subject
    journal = Journal(hub, subject.project_id, subject.id, Masker())
    journal.open(claimed.chunks + 1, claimed.lines + (2 if claimed.again else 3))
    try:
        async with AsyncExitStack() as after:
            errand = _Errand(hub, place, claimed, halt, journal, after)
            try:
                outcome = await _outcome(errand)
                await journal.close()
                ending = partial(finish.finish, hub, subject, _shown(outcome, journal.masker), results=errand.results)
            except Stopped:
                early = errand.untouched and place.closing and halt.reason == place.closing
                if halt.reason:
                    await journal.line(finish.HANDED_BACK if early else halt.reason)
                await journal.close()
                ending = partial(finish.stopped, hub, subject, halt.reason, results=errand.results)
                if early:
                    ending = partial(finish.hand_back, hub, subject)
            if not await insist(f"Ending task {subject.id}", ending):
                logger.warning("Task %s was ended by somebody else.", subject.id)
    except LeaseLost:
        logger.warning("Task %s was taken from this worker.", subject.id)
    finally:
        await journal.abandon()


async def _outcome(errand: _Errand) -> Outcome:
    """Run the executor; whatever goes wrong becomes one clear line and a failure of this task alone."""
    hub, journal = errand.hub, errand.journal
    try:
        brief = await briefs.load(hub, errand.task_id)
        journal.masker.add(*brief.secret_variables.values(), *brief.secret_env.values())
        executor = await apps.executor_of(hub, brief.app)
        run = _lay_out(errand, brief)
        io = LiveIO(hub, run, errand.place.shared)
        try:
            outcome = _checked(await _until_halted(_execute(errand, executor, run, io), run))
            if outcome.kind == "failure" and run.cell is not None and (words := run.cell.suspicion()):
                await journal.line(words)
            return await _with_host_keys(run, await _with_full_disk(run, outcome))
        finally:
            await io.tell_what_ran()
            await io.close()
            await _host_keys(run)
    except (Stopped, LeaseLost):
        raise
    except (HubError, PluginError) as error:
        return await _failed(journal, str(error))
    except Exception:
        logger.exception("Task %s failed inside the hub.", errand.task_id)
        return await _failed(journal, BROKEN)


async def _with_full_disk(run: Run, outcome: Outcome) -> Outcome:
    """Let the reason of a failure end with the disk that has no room, and tell it in the log."""
    sentence = disk.full(run.folders.root) if outcome.kind == "failure" else ""
    if not sentence:
        return outcome
    await run.journal.line(sentence)
    return replace(outcome, reason=f"{outcome.reason} {sentence}".strip())


async def _with_host_keys(run: Run, outcome: Outcome) -> Outcome:
    """Let the reason of a failure begin with the host keys that were refused: they explain the rest."""
    refused = await _host_keys(run)
    if outcome.kind != "failure" or not refused:
        return outcome
    return replace(outcome, reason=" ".join([*refused, outcome.reason]).strip())


async def _host_keys(run: Run) -> list[str]:
    """Keep what ssh met since the last time; tell it in the log, and return what was refused."""
    lessons = await run.trust.learn()
    for lesson in lessons:
        await run.journal.line(f"\x1b[31m{lesson.sentence}\x1b[0m" if lesson.refused else lesson.sentence)
    return [lesson.sentence for lesson in lessons if lesson.refused]


def _shown(outcome: Outcome, masker: Masker) -> Outcome:
    """Hide secrets in what people will read of an outcome; the state is for the executor alone."""
    return replace(
        outcome, reason=masker.hide(outcome.reason), question=masker.hide(outcome.question),
        summary=masker.hide(outcome.summary),
    )  # fmt: skip


async def _failed(journal: Journal, sentence: str) -> Outcome:
    await journal.line(f"\x1b[31m{sentence}\x1b[0m")
    return Outcome.failure(reason=sentence)


def _checked(outcome: Outcome) -> Outcome:
    """Refuse what could not be stored when the task ends. Raises `Invalid`."""
    if not isinstance(outcome, Outcome):
        raise Invalid("The executor did not say how the task ended; its plugin must return an Outcome.")
    storable([outcome.summary, outcome.state])
    return outcome


def _lay_out(errand: _Errand, brief: Brief) -> Run:
    """Make the private folder; it goes when the task is over and its final status is stored."""
    hub, place = errand.hub, errand.place
    before = Since()
    folders = make_folders(place.tasks / f"{brief.task_id}.{next(place.numbers)}")

    async def clear() -> None:
        try:
            await family.end_inside(folders.root, 0, before)
            await place.mirrors.release(folders.checkout)
            await place.mirrors.release(folders.inventory_checkout)
            await remove_folders(folders)
        except Exception:
            logger.exception("The folder of task %s could not be cleared; the next start clears it.", brief.task_id)

    errand.after.push_async_callback(clear)
    return Run(
        brief=brief,
        folders=folders,
        journal=errand.journal,
        halt=errand.halt,
        marker=f"{hub.node}-{brief.task_id}",
        env=base_env(hub, brief, folders, user=place.isolation.user_name),
        cwd=folders.checkout,
        trust=HostTrust(hub, brief.project_id, folders.home / ".ssh"),
        results=errand.results,
        grace=float(hub.settings.stop_grace),
    )


async def _until_halted(work: Coroutine[Any, Any, Outcome], run: Run) -> Outcome:
    """Let the executor work until its end, or until it was told to end and did not: then it is cancelled."""
    working = asyncio.create_task(work)
    told = asyncio.create_task(run.halt.asked.wait())
    try:
        await asyncio.wait({working, told}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            await asyncio.wait({working}, timeout=run.grace + LAST_WORDS)
        if not working.done():
            raise Stopped
        return working.result()
    finally:
        told.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working}, timeout=LAST_WORDS)
            working.add_done_callback(lambda done: done.cancelled() or done.exception())


async def _execute(errand: _Errand, executor: Executor, run: Run, io: LiveIO) -> Outcome:
    hub, brief, folders = errand.hub, run.brief, run.folders
    run.interrupt = executor.capabilities.interrupt
    params = parse(executor.params_type, brief.template_params, "task_params")
    task_params = parse(executor.task_params_type, brief.task_params, "params")
    repository = None
    async with _time_limit(brief.time_limit, run.halt):
        if executor.capabilities.needs_repository:
            async with explaining(run.trust):
                with traces.span("checkout"):
                    repository = await _check_out(errand, run, io)
            if brief.mappings:
                run.env = {**await lend(brief.mappings, folders, io, run.trust), **run.env}
        else:
            folders.checkout.mkdir(mode=0o700)
        run.cwd = working_directory(brief, folders)
        run.cell = await errand.place.isolation.cell(
            folders.root, brief.limits, errand.place.mirrors.lent_to(folders.root)
        )
        if executor.capabilities.needs_script:
            confine(run.cwd, brief.script, what=executor.capabilities.script_label.lower())
        run.env = {**run.env, **await inputs.lend(hub, brief.build_task_id, folders.workspace, run.journal.masker)}
        inventory = await inventory_view(hub, brief.inventory, run, io) if brief.inventory else None
        view = task_view(hub, brief, repository, inventory)
        errand.untouched = False
        with traces.span("execute", {"hub.app": brief.app}):
            return await hub.registry.guard(executor, executor.run(view, params, task_params, io))


async def _check_out(errand: _Errand, run: Run, io: LiveIO) -> RepositoryView:
    code = await check_out_code(errand.place.mirrors, run, io)
    await finish.set_commit(errand.hub, run.brief.task_id, code.commit_hash, code.commit_message)
    await check_out_inventory(errand.place.mirrors, run, io)
    return code


@asynccontextmanager
async def _time_limit(seconds: int, halt: Halt) -> AsyncIterator[None]:
    """Ask the run to end when its time is over. W-37."""
    if not seconds:
        yield
        return
    reason = f"It ran longer than its time limit of {seconds} s."
    timer = asyncio.get_running_loop().call_later(seconds, halt.ask, reason)
    try:
        yield
    finally:
        timer.cancel()
