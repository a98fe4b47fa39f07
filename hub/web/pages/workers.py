"""Workers and the queue, for administrators."""

from __future__ import annotations

from typing import Any

from quart import Response

from hub import __version__
from hub.services import live_tasks
from hub.services import workers as service
from hub.web.i18n import gettext as _
from hub.web.pages import visit
from hub.web.pages.routing import SEND, Who, page

SHOWN = 100
"""Waiting tasks that the page shows, the next first."""


@page("/workers", Who.ADMIN)
async def workers() -> Response:
    """Who is there, what they run, and what waits."""
    here = visit.visit()
    found = await service.list_workers(here.hub, here.actor)
    live = await live_tasks.list_live(here.actor)
    queued = [one for one in live if "queue_position" in one or one["status"] == "starting"]
    shared: dict[str, Any] = {
        "workers": found, "ours": __version__, "queued": queued[:SHOWN], "waiting": len(queued),
    }  # fmt: skip
    return await visit.show("parts/workers.html" if visit.wants_fragment() else "workers.html", **shared)


@page("/workers/<int:worker_id>/drain", Who.ADMIN, methods=SEND)
async def worker_drain(worker_id: int) -> Response:
    """Let a worker take nothing new."""
    node = await _set(worker_id, draining=True)
    return visit.go("workers", say=_("%(name)s takes nothing new; what it runs goes on.", name=node))


@page("/workers/<int:worker_id>/undrain", Who.ADMIN, methods=SEND)
async def worker_undrain(worker_id: int) -> Response:
    """Let a worker take tasks again."""
    node = await _set(worker_id, draining=False)
    return visit.go("workers", say=_("%(name)s takes tasks again.", name=node))


async def _set(worker_id: int, *, draining: bool) -> str:
    here = visit.visit()
    node = await service.node_of(worker_id)
    await service.set_draining(here.hub, here.actor, node, draining=draining)
    return node
