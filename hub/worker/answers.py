"""Answers to the web's questions: what is in a repository, and to forget what was kept of it."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from hub.context import Hub
from hub.errors import HubError, Invalid, Unavailable
from hub.models import Repository, Task
from hub.plugin import PluginError
from hub.services import questions
from hub.services.tasks.states import UNFINISHED
from hub.worker.checkout import credential_of
from hub.worker.git.credentials import Credential
from hub.worker.material import materialise
from hub.worker.run import Place

logger = logging.getLogger(__name__)

T = TypeVar("T")

_TIDYING = 100
"""Looks, five seconds in all, at whether tasks that have ended are gone."""


async def answer(hub: Hub, place: Place, question_id: int) -> None:
    """Answer one question; a failure is the answer then."""
    question = await questions.load(question_id)
    if question is None:
        return
    kind, data = question
    try:
        result = await _KINDS[kind](hub, place, data)
    except (HubError, PluginError) as error:
        await questions.tell(hub, question_id, error=str(error))
    except Exception:
        logger.exception("The question %s (%s) could not be answered.", question_id, kind)
        await questions.tell(hub, question_id, error="The worker met an error; its log tells which.")
    else:
        await questions.tell(hub, question_id, answer=result)


async def _branches(hub: Hub, place: Place, data: dict[str, Any]) -> list[str]:
    return await _with_credential(hub, place, data, place.mirrors.branches)


async def _head(hub: Hub, place: Place, data: dict[str, Any]) -> str:
    return await _with_credential(hub, place, data, lambda url, key: place.mirrors.head(url, data["branch"], key))


async def _with_credential(
    hub: Hub, place: Place, data: dict[str, Any], verb: Callable[[str, Credential | None], Awaitable[T]]
) -> T:
    """Ask a repository's server with the repository's own key."""
    repository = await Repository.get_or_none(id=data["repository_id"])
    if repository is None:
        raise Invalid("The repository does not exist any more.")
    folder = Path(tempfile.mkdtemp(prefix="key-", dir=place.tasks))
    try:
        kind, material = await materialise(hub, repository.project_id, repository.ssh_key_id, folder)
        try:
            return await verb(repository.git_url, credential_of(material))
        finally:
            await kind.release(material)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _clear_cache(_: Hub, place: Place, data: dict[str, Any]) -> dict[str, int]:
    """Forget shared folders, and mirrors: those of the named addresses, or all. Running tasks borrow from both."""
    busy = await Task.filter(lease_owner__isnull=False, status__in=list(UNFINISHED)).exists()
    for _look in range(_TIDYING):  # a task that has ended is still tidied up for a moment
        if busy or not place.running:
            break
        await asyncio.sleep(0.05)
    if busy or place.running:
        raise Unavailable("Tasks are running, and they use the caches. Clear them when those tasks have ended.")
    return {"mirrors": place.mirrors.forget(data.get("urls")), "folders": place.shared.clear()}


_KINDS = {"branches": _branches, "head": _head, "clear_cache": _clear_cache}
