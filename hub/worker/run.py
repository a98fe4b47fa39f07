"""The one orchestration: claim, lay out, execute, store the log's end, finish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.context import Hub
from hub.errors import HubError
from hub.plugin import Executor, Key, Outcome, PluginError, RepositoryView, Stopped
from hub.services import apps
from hub.services.log import LeaseLost
from hub.services.params import parse
from hub.services.tasks import brief as briefs
from hub.services.tasks import finish, leases
from hub.services.tasks.brief import Brief
from hub.services.tasks.moves import Subject, subject_of
from hub.worker import family
from hub.worker.checkout import Asked, check_out
from hub.worker.confine import confine
from hub.worker.door import Halt, LiveIO, Run
from hub.worker.git import Mirrors
from hub.worker.journal import Journal
from hub.worker.mask import Masker
from hub.worker.shared import SharedFolders
from hub.worker.workspace import (
    base_env,
    inventory_view,
    make_folders,
    remove_folders,
    task_view,
    working_directory,
)

logger = logging.getLogger(__name__)

TIME_LIMIT = "It ran longer than its time limit."
BROKEN = "The hub met an error of its own while running this task; its administrator finds it in the hub's log."


@dataclass(slots=True)
class Place:
    """What the runs of one worker share."""

    tasks: Path
    """Parent of the private folders."""
    mirrors: Mirrors
    shared: SharedFolders
    running: dict[int, Halt] = field(default_factory=dict)


async def run_task(hub: Hub, place: Place, task_id: int) -> None:
    """Run a task that was admitted; quietly nothing when somebody else has it. Never raises. W-35."""
    try:
        if not await leases.claim(hub, task_id):
            return
        subject = await subject_of(task_id)
        if subject is not None:
            place.running[task_id] = Halt()
            try:
                await _run_claimed(hub, place, subject)
            finally:
                place.running.pop(task_id, None)
    except Exception:
        logger.exception("Task %s could not be run or ended; the sweep will end it.", task_id)


async def _run_claimed(hub: Hub, place: Place, subject: Subject) -> None:
    halt = place.running[subject.id]
    journal = Journal(hub, subject.project_id, subject.id, Masker())
    await journal.open()
    async with AsyncExitStack() as after:
        after.push_async_callback(journal.abandon)
        try:
            if not await leases.start(hub, subject.id):
                halt.ask("")  # it was told to stop before it began
            outcome = await _outcome(hub, place, subject, journal, after)
            await journal.close()
            await finish.finish(hub, subject, outcome)
        except Stopped:
            if halt.reason:
                await journal.line(halt.reason)
            await journal.close()
            await finish.stopped(hub, subject, halt.reason)
        except LeaseLost:
            logger.warning("Task %s was taken from this worker.", subject.id)


async def _outcome(hub: Hub, place: Place, subject: Subject, journal: Journal, after: AsyncExitStack) -> Outcome:
    """Run the executor; whatever goes wrong becomes one clear line and a failure of this task alone."""
    try:
        brief = await briefs.load(hub, subject.id)
        journal.masker.add(*brief.secret_variables.values(), *brief.secret_env.values())
        executor = apps.executor_of(hub, brief.app)
        run = _lay_out(hub, place, brief, journal, after)
        io = LiveIO(hub, run, place.shared)
        try:
            await _greet(brief, journal)
            return await _execute(hub, place, executor, run, io)
        finally:
            await io.close()
    except (HubError, PluginError) as error:
        return await _failed(journal, str(error))
    except (Stopped, LeaseLost):
        raise
    except Exception:
        logger.exception("Task %s failed inside the hub.", subject.id)
        return await _failed(journal, BROKEN)


async def _failed(journal: Journal, sentence: str) -> Outcome:
    await journal.line(f"\x1b[31m{sentence}\x1b[0m")
    return Outcome.failure(reason=sentence)


def _lay_out(hub: Hub, place: Place, brief: Brief, journal: Journal, after: AsyncExitStack) -> Run:
    """Make the private folder; it goes when the task is over and its final status is stored."""
    folders = make_folders(place.tasks, brief.task_id)

    async def clear() -> None:
        await family.end_inside(folders.root, 0)
        await place.mirrors.release(folders.checkout)
        await place.mirrors.release(folders.inventory_checkout)
        await remove_folders(folders)

    after.push_async_callback(clear)
    return Run(
        brief=brief,
        folders=folders,
        journal=journal,
        halt=place.running[brief.task_id],
        marker=f"{hub.node}-{brief.task_id}",
        env=base_env(hub, brief, folders),
        cwd=folders.checkout,
    )


async def _greet(brief: Brief, journal: Journal) -> None:
    """The first lines of every log, in the wire's words."""
    if brief.resumed is None:
        await journal.line(f"Task {brief.template_name} {brief.task_id} added to queue", at=brief.created)
    await journal.line(f"Started: {brief.task_id}")
    await journal.line(f"Run TaskRunner with template: {brief.template_name}")


async def _execute(hub: Hub, place: Place, executor: Executor, run: Run, io: LiveIO) -> Outcome:
    brief, folders = run.brief, run.folders
    params = parse(executor.params_type, brief.template_params, "task_params")
    task_params = parse(executor.task_params_type, brief.task_params, "params")
    repository = None
    async with _time_limit(brief.time_limit, run.halt):
        if executor.capabilities.needs_repository:
            repository = await _check_out(hub, place, run, io)
        else:
            folders.checkout.mkdir(mode=0o700)
        run.cwd = working_directory(brief, folders)
        if executor.capabilities.needs_script:
            confine(run.cwd, brief.script, what=executor.capabilities.script_label.lower())
        inventory = inventory_view(brief.inventory, folders) if brief.inventory else None
        view = task_view(hub, brief, repository, inventory)
        return await hub.registry.guard(executor, executor.run(view, params, task_params, io))


async def _check_out(hub: Hub, place: Place, run: Run, io: LiveIO) -> RepositoryView:
    brief, folders, stop = run.brief, run.folders, run.halt.asked
    asked = Asked(brief.repository, folders.checkout, brief.commit)
    material = await io.key(Key(brief.repository.key_id))
    commit = await check_out(place.mirrors, asked, material, run.journal.line, stop)
    await finish.set_commit(hub, brief.task_id, commit.hash, commit.message)
    if brief.inventory and brief.inventory.repository:
        asked = Asked(brief.inventory.repository, folders.inventory_checkout)
        material = await io.key(Key(brief.inventory.repository.key_id))
        await check_out(place.mirrors, asked, material, run.journal.line, stop)
    return RepositoryView(
        id=brief.repository.id,
        name=brief.repository.name,
        path=folders.checkout,
        branch=commit.branch,
        commit_hash=commit.hash,
        commit_message=commit.message,
    )


@asynccontextmanager
async def _time_limit(seconds: int, halt: Halt) -> AsyncIterator[None]:
    """Ask the run to end when its time is over. W-37."""
    if not seconds:
        yield
        return
    reason = f"{TIME_LIMIT} ({seconds} s)"
    timer = asyncio.get_running_loop().call_later(seconds, halt.ask, reason)
    try:
        yield
    finally:
        timer.cancel()
