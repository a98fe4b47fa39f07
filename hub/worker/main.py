"""A worker: takes tasks from the queue, renews leases, hears stops, answers questions, and helps to dispatch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from hub.context import Hub
from hub.db import column
from hub.models import Task
from hub.queue import QUESTIONS, TASKS
from hub.services.git_roots import local_roots
from hub.services.tasks import dispatch, leases
from hub.services.tasks.moves import DISPATCH
from hub.services.tasks.states import STOPPING
from hub.worker import family, leftovers
from hub.worker.answers import answer
from hub.worker.git import Mirrors
from hub.worker.run import Place, run_task
from hub.worker.shared import SharedFolders

logger = logging.getLogger(__name__)

POLL = 2.0
"""Seconds after which every loop looks by itself, should a ring have been lost."""

UNHEARD = 1.0
"""Seconds until a task is seen that another process put into the database of an embedded hub, where no ring crosses."""

DEFAULT_SLOTS = 64
"""Tasks that one worker runs at once when neither it nor the hub has a limit of its own."""


SHUTDOWN = "The hub was stopped while this task was running."


async def work(hub: Hub, *, tags: Sequence[str] = (), slots: int = 0, drain: float = 0.0) -> None:
    """Work until cancelled; then take nothing new and wait `drain` seconds before running tasks are ended."""
    place = await open_place(hub)
    lanes = [TASKS, *(f"{TASKS}:{tag}" for tag in tags)]
    most = slots or hub.settings.max_parallel_tasks or DEFAULT_SLOTS
    loops = [
        _forever("renewing leases", partial(_renew, hub, place), POLL),
        _listen_for_stops(hub, place),
    ]
    beside = [asyncio.create_task(one) for one in loops]
    beside.append(asyncio.create_task(hub.queue.serve([QUESTIONS], partial(_answer, hub, place), slots=4)))
    serving = asyncio.create_task(hub.queue.serve(lanes, partial(_run, hub, place), slots=most))
    try:
        await asyncio.shield(serving)
    finally:
        serving.cancel()
        await _drain(place, serving, drain)
        for one in beside:
            one.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        leftovers.leave(hub)


async def _drain(place: Place, serving: asyncio.Task[None], seconds: float) -> None:
    """Let running tasks end; those that do not are stopped, and end as errors that say why."""
    if place.running and seconds:
        await asyncio.wait({serving}, timeout=seconds)
    for halt in place.running.values():
        halt.ask(SHUTDOWN)
    await asyncio.gather(serving, return_exceptions=True)


async def open_place(hub: Hub) -> Place:
    """Make the worker's folders, and clear what a killed process left in them."""
    root = hub.settings.data_dir
    await leftovers.enter(hub)
    mirrors = Mirrors(root / "mirrors", local_roots=local_roots(hub.settings))
    await mirrors.sweep()
    return Place(leftovers.tasks_folder(hub), mirrors, SharedFolders(root / "shared"))


async def recover(hub: Hub) -> None:
    """At the start of an embedded hub: end what an earlier process left running. W-36."""
    ended = await leases.recover(hub)
    if ended:
        logger.warning("%s tasks were running when the hub was stopped; they ended as errors.", ended)


async def dispatch_forever(hub: Hub) -> None:
    """Admit waiting tasks whenever one came, or ended; every node may do this."""
    async with hub.bell.listen(DISPATCH) as ears:
        while True:
            await _guarded("dispatching", partial(dispatch.admit, hub))
            await ears.wait(UNHEARD)


async def sweep_forever(hub: Hub) -> None:
    """End what lost workers left behind, and send again what was lost on the way."""
    await _forever("sweeping", partial(leases.sweep, hub), POLL)


async def _run(hub: Hub, place: Place, _: str, task_id: int) -> None:
    await run_task(hub, place, task_id)


async def _answer(hub: Hub, place: Place, _: str, question_id: int) -> None:
    await answer(hub, place, question_id)


async def _renew(hub: Hub, place: Place) -> None:
    if place.running:
        await leases.renew(hub)
        await _look_for_stops(hub, place)


async def _listen_for_stops(hub: Hub, place: Place) -> None:
    async with hub.bell.listen("stop/") as ears:
        while True:
            for topic in await ears.wait():
                await _guarded("stopping", partial(_hear, hub, place, topic))


async def _hear(hub: Hub, place: Place, topic: str) -> None:
    _, _, rest = topic.partition("/")
    number, _, manner = rest.partition("/")
    if not number.isdecimal():
        await _look_for_stops(hub, place)
        return
    halt = place.running.get(int(number))
    if halt is None:
        return
    halt.ask("")
    if manner == "force":
        await family.end_marked(f"{hub.node}-{number}-", 0)


async def _look_for_stops(hub: Hub, place: Place) -> None:
    ids = list(place.running)
    for task_id in await column(Task.filter(id__in=ids, status=STOPPING), "id"):
        place.running[task_id].ask("")


async def _forever(what: str, verb: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        await _guarded(what, verb)
        await asyncio.sleep(pause)


async def _guarded(what: str, verb: Callable[[], Awaitable[object]]) -> None:
    """A failing database or Redis costs one round, never the loop. W-35."""
    try:
        await verb()
    except Exception:
        logger.exception("An error while %s; it is tried again.", what)
        await asyncio.sleep(1)
