"""Workers, for administrators: who is there, what they run, and who takes nothing new."""

from __future__ import annotations

from hub import shapes
from hub.services import workers
from hub.web.api.routing import Access, Answer, Call, route

_DRAIN = "/workers/{worker_id}/drain"


@route("GET", "/workers", Access.ADMIN, wire=False, gives=list[shapes.Worker])
async def list_workers(call: Call) -> Answer:
    """Every worker with what it runs."""
    return await workers.list_workers(call.hub, call.actor)


@route("POST", _DRAIN, Access.ADMIN, body=False, wire=False)
async def drain_worker(call: Call) -> Answer:
    """Let a worker take nothing new; what it runs goes on."""
    await _set(call, draining=True)
    return None


@route("DELETE", _DRAIN, Access.ADMIN, wire=False)
async def undrain_worker(call: Call) -> Answer:
    """Let a worker take tasks again."""
    await _set(call, draining=False)
    return None


async def _set(call: Call, *, draining: bool) -> None:
    node = await workers.node_of(call.ids["worker_id"])
    await workers.set_draining(call.hub, call.actor, node, draining=draining)
