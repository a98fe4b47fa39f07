"""A worker: takes tasks from the queue, renews leases, hears stops, answers questions, and helps to dispatch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from hub.context import Hub
from hub.db import column
from hub.models import Task
from hub.queue import QUESTIONS, TASKS
from hub.services import clocks, servers, still_here, workers
from hub.services.git_roots import DEMO, local_roots
from hub.services.outages import Outages, met
from hub.services.tasks import dispatch, holds, leases
from hub.services.tasks.dispatch import lane_of
from hub.services.tasks.moves import DISPATCH
from hub.services.tasks.overdue import end_overdue
from hub.services.tasks.states import STOPPING
from hub.worker import family, isolation, leftovers
from hub.worker.answers import answer
from hub.worker.git import Mirrors
from hub.worker.presence import Presence
from hub.worker.run import Place, run_task
from hub.worker.shared import SharedFolders

logger = logging.getLogger(__name__)

POLL = 2.0
"""Seconds after which every loop looks by itself, should a ring have been lost."""

ROLL_CALL = 3.0
"""Seconds between two signs of life of a server: each is a write, after which no kept answer is good any more."""

TIDY_EVERY = 3600.0
"""Seconds between two looks for shared folders that nobody has used for long."""

UNHEARD = 1.0
"""Seconds until a task is seen that another process put into the database of an embedded hub, where no ring crosses."""

DEFAULT_SLOTS = 64
"""Tasks that one worker runs at once when neither it nor the hub has a limit of its own."""


SHUTDOWN = "The hub was stopped while this task was running."
LOST = "The hub took this task from its worker, which it had not heard of for too long."


async def work(hub: Hub, *, tags: Sequence[str] = (), slots: int = 0, drain: float = 0.0) -> None:
    """Work until cancelled; then take nothing new and wait `drain` seconds before running tasks are ended.

    What had not begun by then waits again, for another worker.
    """
    place = await open_place(hub)
    lanes = [TASKS, *(lane_of(tag) for tag in tags)]
    most = slots or hub.settings.max_parallel_tasks or DEFAULT_SLOTS
    presence = Presence(hub, tags, most, place.isolation.named)
    await presence.look()
    loops = [
        presence.keep(),
        _forever("renewing leases", partial(_renew, hub, place), leases.RENEW_EVERY),
        _forever("looking for stops", partial(_look_for_stops, hub, place), POLL),
        _forever("removing what is no longer used", partial(_tidy, hub, place), TIDY_EVERY),
        _listen_for_stops(hub, place),
        hub.queue.serve([QUESTIONS], partial(_answer, hub, place), slots=8),
    ]
    beside = [asyncio.create_task(one) for one in loops]
    serving = asyncio.create_task(hub.queue.serve(lanes, partial(_run, hub, place), slots=most, gate=presence.gate))
    try:
        await asyncio.wait({serving, *beside}, return_when=asyncio.FIRST_COMPLETED)  # only an error ends one of them
    finally:
        serving.cancel()
        await presence.leave()
        await _drain(place, serving, drain)
        for one in beside:
            one.cancel()
        ended = await asyncio.gather(serving, *beside, return_exceptions=True)
        await presence.forget()
        await place.mirrors.close()
        leftovers.leave(hub)
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _drain(place: Place, serving: asyncio.Task[None], seconds: float) -> None:
    """Let running tasks end; those that do not are stopped, and end as errors that say why."""
    if place.running and seconds:
        tasks = f"{len(place.running)} running " + ("task has" if len(place.running) == 1 else "tasks have")
        logger.info("Ending: %s %g seconds to end; a second signal ends at once.", tasks, seconds)
        await asyncio.wait({serving}, timeout=seconds)
    place.close(SHUTDOWN)
    await asyncio.wait({serving})


async def open_place(hub: Hub) -> Place:
    """Make the worker's folders; clear what killed workers left in them, and end what they ran. W-36."""
    root = hub.settings.data_dir
    apart = await asyncio.to_thread(isolation.decide, hub.settings, open_folders=[root / DEMO / "state"])
    dead = await leftovers.enter(hub)
    if ended := await leases.recover(hub, dead):
        logger.warning("%s tasks were running when a worker here was killed; they ended as errors.", ended)
    await workers.forget(*dead)
    mirrors = Mirrors(root / "mirrors", local_roots=local_roots(hub.settings))
    await mirrors.sweep()
    if not hub.settings.redis_url:
        await leases.send_again(hub, hub.clock())  # the queue of a process begins empty
    place = Place(leftovers.tasks_folder(hub), mirrors, SharedFolders(root / "shared"), apart)
    apart.open_ways(root, (root / "run", place.tasks, root / "shared", root / "mirrors"))
    apart.tell()
    return place


async def dispatch_forever(hub: Hub) -> None:
    """Admit waiting tasks whenever one came, or ended; every node may do this.

    Passes take half of the time at most: what comes meanwhile is let through together.
    """
    clock = asyncio.get_running_loop().time
    async with hub.bell.listen(DISPATCH) as ears:
        while True:
            began = clock()
            await _guarded("dispatching", partial(dispatch.admit, hub))
            await asyncio.sleep(min(clock() - began, UNHEARD))
            await ears.wait(UNHEARD)


async def dispatch_slowly_forever(hub: Hub) -> None:
    """Admit waiting tasks now and then: servers do it at once, and are not raced by each worker for every task."""
    await _forever("dispatching", partial(dispatch.admit, hub), UNHEARD)


async def sweep_forever(hub: Hub) -> None:
    """End what lost workers left behind, and send again what was lost on the way."""
    await _forever("sweeping", Sweep(hub).once, POLL)


async def watch_forever(hub: Hub) -> None:
    """Notice when the database or Redis is away, and tell of it afterwards."""
    await _forever("watching what the hub needs", Outages(hub).look, POLL)


async def be_known_forever(hub: Hub) -> None:
    """Let others know that this server is there, and tell of those that are gone without a word."""
    known = servers.Known(hub)
    try:
        await _forever("looking for other servers", known.look, ROLL_CALL)
    finally:
        await known.leave()


async def look_again_forever(hub: Hub) -> None:
    """Look whether people from elsewhere are still let in there."""
    await _forever("asking who is still let in elsewhere", partial(still_here.look_again, hub), 60.0)


class Sweep:
    """Sweeps again and again, and holds no worker for lost that it could not have heard.

    Who did not see the database for a while, as after its restart, or after a pause of the whole machine, first gives
    the workers time to renew their leases.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._last: datetime | None = None
        self._sure_from = hub.clock()
        self._watch = clocks.Watch(hub)

    async def once(self) -> None:
        """Sweep."""
        now = self._hub.clock()
        await self._watch.look(now)
        if self._last is None or not timedelta(0) <= now - self._last <= leases.LEASE / 2:
            self._sure_from = now + leases.LEASE
        await leases.sweep(self._hub, end_lost=now >= self._sure_from, now=now)
        await end_overdue(self._hub)
        await workers.forget_silent(self._hub)
        self._last = now


async def _run(hub: Hub, place: Place, _: str, task_id: int) -> None:
    await run_task(hub, place, task_id)


async def _answer(hub: Hub, place: Place, _: str, question_id: int) -> None:
    await answer(hub, place, question_id)


async def _tidy(hub: Hub, place: Place) -> None:
    if days := hub.settings.shared_cache_days:
        await asyncio.to_thread(place.shared.clear, days)


async def _renew(hub: Hub, place: Place) -> None:
    """Keep what runs here; what was taken from us meanwhile must not go on."""
    if not place.running:
        return
    before = dict(place.running)
    lost = await leases.renew(hub, before)
    for task_id in lost:
        before[task_id].ask(LOST)
    await holds.renew(hub, before.keys() - lost)


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
        killing = asyncio.create_task(_guarded("killing", partial(family.end_marked, f"{hub.node}-{number}-", 0)))
        place.killing.add(killing)  # beside this loop: what hangs in the kernel must not keep other stops waiting
        killing.add_done_callback(place.killing.discard)


async def _look_for_stops(hub: Hub, place: Place) -> None:
    """Find stops whose ring was lost, or came before the run was known here."""
    if not place.running:
        return
    for task_id in await column(Task.filter(id__in=list(place.running), status=STOPPING), "id"):
        if halt := place.running.get(task_id):
            halt.ask("")


async def _forever(what: str, verb: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        await _guarded(what, verb)
        await asyncio.sleep(pause)


async def _guarded(what: str, verb: Callable[[], Awaitable[object]]) -> None:
    """A failing database or Redis costs one round, never the loop. W-35."""
    try:
        await verb()
    except Exception as error:
        met(error)
        logger.exception("An error while %s; it is tried again.", what)
        await asyncio.sleep(1)
