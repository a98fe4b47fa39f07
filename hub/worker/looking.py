"""Looks at hosts before anything is run: laid out like a task, and gone with its answer."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hub.context import Hub
from hub.errors import HubError, Unavailable
from hub.plugin import Executor, HostDoor, HostList, PluginError, Refused, StateAccess, Stopped
from hub.services import apps
from hub.services.hosts import LIMIT, MOST_AT_ONCE
from hub.services.params import parse
from hub.services.tasks import wish as wishes
from hub.services.tasks.brief import task_view
from hub.services.tasks.storable import storable
from hub.worker import family
from hub.worker.checkout import check_out_code, check_out_inventory, lend
from hub.worker.door import Halt, LiveIO, Run
from hub.worker.inventories import inventory_view
from hub.worker.known_hosts import HostTrust, explaining
from hub.worker.mask import Masker
from hub.worker.run import Place
from hub.worker.workspace import base_env, make_folders, remove_folders, working_directory

logger = logging.getLogger(__name__)

_SAID: Final = 4_000
"""Characters of what programs said that are told where a look has failed."""
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_ONLY: Final = "This is there only while a task runs, and nothing is run by looking at hosts."


class Notepad:
    """Remembers the end of what a look had to say, without secrets."""

    def __init__(self, masker: Masker) -> None:
        self.masker = masker
        self._said = b""

    @property
    def next_line(self) -> int:
        """Number that the next line would get."""
        return 0

    async def feed(self, block: bytes) -> None:
        """Take output of a program."""
        self._said = (self._said + self.masker.feed(block))[-8 * _SAID :]

    async def line(self, text: str) -> None:
        """Take a line of the hub's own."""
        await self.feed(text.encode("utf-8", "replace") + b"\n")

    async def end_of_program(self) -> None:
        """Take what was held back."""
        self._said += self.masker.flush()

    def said(self) -> str:
        """Return the last of it."""
        text = _COLOUR.sub("", self._said.decode("utf-8", "replace")).replace("\r", "")
        return "\n".join(line for line in text.splitlines() if line.strip())[-_SAID:]


class LookIO(LiveIO):
    """The door of a look: what belongs to a task is closed."""

    async def state(self) -> StateAccess | None:
        """There is no state."""
        return None

    async def result(self, kind: str, data: Mapping[str, Any], *, replace: bool = False) -> None:
        """Refuse."""
        raise Refused(_ONLY)

    async def keep(self, path: Path, name: str) -> None:
        """Refuse."""
        raise Refused(_ONLY)

    async def fetch(self, name: str) -> Path:
        """Refuse."""
        raise Refused(_ONLY)

    async def publish(self, files: Mapping[str, Path]) -> None:
        """Refuse."""
        raise Refused(_ONLY)

    async def received(self, folder: Path) -> Sequence[str]:
        """Refuse."""
        raise Refused(_ONLY)

    @property
    def hosts(self) -> HostDoor:
        """Facts are known, and nothing is held."""
        return _LookedHosts(self._hosts)


@dataclass(frozen=True, slots=True)
class _LookedHosts:
    """What a look may know of hosts."""

    _live: HostDoor

    async def facts(self, hosts: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """Return what hosts last told of themselves."""
        return await self._live.facts(hosts)

    async def hold(self, names: Sequence[str]) -> None:
        """Refuse."""
        raise Refused(_ONLY)


async def hosts(hub: Hub, place: Place, data: dict[str, Any]) -> dict[str, Any]:
    """Answer which hosts a wish would touch, or what its inventory holds; what went wrong is part of the answer."""
    wish = wishes.Wish(**data)
    if place.closing or len(place.looking) >= MOST_AT_ONCE:
        raise Unavailable("The worker is busy; look again in a moment.")
    brief = await wishes.load(hub, wish)
    executor = await apps.executor_of(hub, brief.app)
    halt, notepad = Halt(), Notepad(Masker())
    notepad.masker.add(*brief.secret_variables.values(), *brief.secret_env.values())
    name = f"look{secrets.token_hex(4)}"
    folders = make_folders(place.tasks / name)
    env = base_env(hub, brief, folders, user=place.isolation.user_name)
    trust = HostTrust(hub, brief.project_id, folders.home / ".ssh")
    run = Run(brief, folders, notepad, halt, f"{hub.node}-{name}", env, folders.checkout, trust, grace=1.0)
    io = LookIO(hub, run, place.shared)
    place.looking.add(halt)
    try:
        return _told(await _in_time(_look(hub, place, executor, run, io), halt), notepad.masker)
    except Stopped:
        return {"error": halt.reason, "said": notepad.said()}
    except (HubError, PluginError) as error:
        await notepad.end_of_program()
        return {"error": str(notepad.masker.hide(str(error))), "said": notepad.said()}
    finally:
        place.looking.discard(halt)
        await _clear(place, run, io)


async def _in_time(look: Awaitable[HostList], halt: Halt) -> HostList:
    timer = asyncio.get_running_loop().call_later(LIMIT, halt.ask, "Looking at the hosts took too long.")
    try:
        return await look
    finally:
        timer.cancel()


async def _look(hub: Hub, place: Place, executor: Executor, run: Run, io: LookIO) -> HostList:
    brief, folders, repository = run.brief, run.folders, None
    params = parse(executor.params_type, brief.template_params, "task_params")
    task_params = parse(executor.task_params_type, brief.task_params, "params")
    if brief.repository is wishes.NOWHERE:
        folders.checkout.mkdir(mode=0o700)
    else:
        async with explaining(run.trust):
            repository = await check_out_code(place.mirrors, run, io)
    async with explaining(run.trust):
        await check_out_inventory(place.mirrors, run, io)
    if brief.mappings:
        run.env = {**await lend(brief.mappings, folders, io, run.trust), **run.env}
    run.cwd = working_directory(brief, folders)
    run.cell = await place.isolation.cell(folders.root, brief.limits, place.mirrors.lent_to(folders.root))
    inventory = await inventory_view(hub, brief.inventory, run, io) if brief.inventory else None
    view = task_view(hub, brief, repository, inventory)
    return await hub.registry.guard(executor, executor.hosts(view, params, task_params, io))


def _told(found: HostList, masker: Masker) -> dict[str, Any]:
    shown: dict[str, Any] = masker.hide(asdict(found))
    return {"error": "", "said": "", **storable(shown)}


async def _clear(place: Place, run: Run, io: LookIO) -> None:
    closing: Sequence[Callable[[], Awaitable[Any]]] = (
        io.close,
        run.trust.learn,
        lambda: family.end_inside(run.folders.root, 0),
        lambda: place.mirrors.release(run.folders.checkout),
        lambda: place.mirrors.release(run.folders.inventory_checkout),
        lambda: remove_folders(run.folders),
    )
    for close in closing:
        try:
            await close()
        except Exception:
            logger.exception("The folder of a look at hosts could not be cleared; the next start clears it.")
