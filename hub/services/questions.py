"""Questions to workers: only they touch git and other outside tools, so the web asks and waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from hub.context import Hub
from hub.errors import Invalid, Unavailable
from hub.models import Question, Worker
from hub.queue import QUESTIONS
from hub.services.tasks.slots import SILENT

WAIT = 20.0  # seconds until somebody who asked is told that no worker answers
_SOON = 3.0  # seconds that a worker has to appear where none is known
_STALE = timedelta(minutes=10)
_BLAMED = "blamed"


def topic(question_id: int) -> str:
    """Bell topic on which the answer is told."""
    return f"answer/{question_id}"


async def ask(hub: Hub, kind: str, data: dict[str, Any], *, seconds: float = WAIT) -> Any:
    """Ask and wait for the answer.

    Raises `Unavailable` with the worker's sentence, or when nobody answers; `Invalid` where what was asked is to blame.
    """
    await Question.filter(created__lt=hub.clock() - _STALE).delete()
    question = await Question.create(kind=kind, data=data, created=hub.clock())
    try:
        async with hub.bell.listen(topic(question.id)) as ears:
            await hub.queue.send(QUESTIONS, question.id)
            time = asyncio.get_running_loop().time  # the system's clock may be set meanwhile
            deadline, soon = time() + seconds, time() + _SOON
            while True:
                await question.refresh_from_db()
                if question.answered is not None:
                    break
                left = deadline - time()
                if left <= 0:
                    raise Unavailable("No worker answered in time; check that a worker is running.")
                if time() >= soon and not await _anybody(hub):
                    raise Unavailable("No worker is there that could look. Start one, and try again.")
                await ears.wait(min(left, 1.0))
    finally:
        await Question.filter(id=question.id).delete()
    if question.error and question.answer is not None:
        raise Invalid(question.error, field=question.answer[_BLAMED])
    if question.error:
        raise Unavailable(question.error)
    return question.answer


async def _anybody(hub: Hub) -> bool:
    return await Worker.filter(seen__gt=hub.clock() - SILENT).exists()


async def load(question_id: int) -> tuple[str, dict[str, Any]] | None:
    """Return (kind, data) of an open question; None when it was answered or given up."""
    rows = await Question.filter(id=question_id, answered__isnull=True).values_list("kind", "data")
    return (str(rows[0][0]), dict(rows[0][1])) if rows else None


async def tell(hub: Hub, question_id: int, answer: Any) -> None:
    """Store the answer, a list or an object, and wake the one who asked."""
    await _close(hub, question_id, answer, None)


async def refuse(hub: Hub, question_id: int, sentence: str, *, blamed: str = "") -> None:
    """Say instead why there is no answer; `blamed` names the member of what was asked that is wrong, if one is."""
    await _close(hub, question_id, {_BLAMED: blamed} if blamed else None, sentence)


async def _close(hub: Hub, question_id: int, answer: Any, error: str | None) -> None:
    await Question.filter(id=question_id).update(answer=answer, error=error, answered=hub.clock())
    await hub.bell.ring(topic(question_id))
