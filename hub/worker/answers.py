"""Answers to the web's questions: what is in a repository, and to forget what was kept of it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.errors import HubError, Invalid, Unavailable
from hub.models import Repository, Task
from hub.plugin import Key, KeyType, Material, PluginError
from hub.services import git_mappings, questions
from hub.services.tasks.states import UNFINISHED
from hub.worker import looking
from hub.worker.checkout import keyring_of
from hub.worker.git import Keyring, NoBranch, Wish
from hub.worker.git.contents import sought_of
from hub.worker.host_key_scan import scan
from hub.worker.known_hosts import HostTrust, explaining
from hub.worker.material import materialise
from hub.worker.run import Place

logger = logging.getLogger(__name__)

_TIDYING = 100
"""Looks, five seconds in all, at whether tasks that have ended are gone."""


async def answer(hub: Hub, place: Place, question_id: int) -> None:
    """Answer one question; a failure is the answer then."""
    question = await questions.load(question_id)
    if question is None:
        return
    kind, data = question
    try:
        await questions.tell(hub, question_id, await _KINDS[kind](hub, place, data))
    except NoBranch as error:
        await questions.refuse(hub, question_id, str(error), blamed="branch")
    except (HubError, PluginError) as error:
        await questions.refuse(hub, question_id, str(error))
    except Exception:
        logger.exception("The question %s (%s) could not be answered.", question_id, kind)
        await questions.refuse(hub, question_id, "The worker met an error; its log tells which.")


async def _branches(hub: Hub, place: Place, data: dict[str, Any]) -> list[str]:
    async with _repository(hub, place, data) as (url, keys):
        return await place.mirrors.branches(url, keys)


async def _head(hub: Hub, place: Place, data: dict[str, Any]) -> dict[str, str]:
    async with _repository(hub, place, data) as (url, keys):
        return {"commit": await place.mirrors.head(url, str(data["branch"]), keys)}


async def _contents(hub: Hub, place: Place, data: dict[str, Any]) -> dict[str, Any]:
    async with _repository(hub, place, data) as (url, keys):
        found = await place.mirrors.contents(Wish(url, str(data["branch"])), keys, sought_of(data["looks"]))
        return asdict(found)


@asynccontextmanager
async def _repository(hub: Hub, place: Place, data: dict[str, Any]) -> AsyncIterator[tuple[str, Keyring]]:
    """Give a repository's address, and the keys with which its server may be asked; also of one that is yet to be."""
    if "repository_id" in data:
        found = await Repository.get_or_none(id=data["repository_id"])
        if found is None:
            raise Invalid("The repository does not exist any more.")
        project_id, url, key_id = found.project_id, found.git_url, found.ssh_key_id
    else:
        project_id, url, key_id = int(data["project_id"]), str(data["url"]), int(data["key_id"])
    mappings = await git_mappings.load(project_id)
    async with _folder(place) as folder, _keys(hub, folder, project_id) as unlock:
        trust = HostTrust(hub, project_id, folder / "ssh")
        async with explaining(trust):
            yield url, await keyring_of(key_id, mappings, unlock, trust)
            await trust.learn()


@asynccontextmanager
async def _folder(place: Place) -> AsyncIterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="key-", dir=place.tasks))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


@asynccontextmanager
async def _keys(hub: Hub, folder: Path, project_id: int) -> AsyncIterator[Callable[[Key], Awaitable[Material]]]:
    """Make keys of a project usable for a while."""
    made: dict[Key, tuple[KeyType, Material]] = {}

    async def unlock(ref: Key) -> Material:
        if ref not in made:
            made[ref] = await materialise(hub, project_id, ref, folder)
        return made[ref][1]

    async with AsyncExitStack() as leaving:
        try:
            yield unlock
        finally:
            for kind, material in made.values():
                leaving.push_async_callback(kind.release, material)


async def _host_keys(_hub: Hub, _place: Place, data: dict[str, Any]) -> list[str]:
    return await scan(str(data["host"]), int(data["port"]))


async def _clear_cache(_: Hub, place: Place, data: dict[str, Any]) -> dict[str, int]:
    """Forget shared folders, and mirrors: those of the named addresses, or all. Running tasks borrow from both."""
    busy = await Task.filter(lease_owner__isnull=False, status__in=list(UNFINISHED)).exists()
    for _look in range(_TIDYING):  # a task that has ended is still tidied up for a moment
        if busy or not (place.running or place.looking):
            break
        await asyncio.sleep(0.05)
    if busy or place.running or place.looking:
        raise Unavailable("Tasks are running, and they use the caches. Clear them when those tasks have ended.")
    return {"mirrors": place.mirrors.forget(data.get("urls")), "folders": place.shared.clear()}


_KINDS = {
    "branches": _branches,
    "head": _head,
    "contents": _contents,
    "clear_cache": _clear_cache,
    "hosts": looking.hosts,
    "host_keys": _host_keys,
}
