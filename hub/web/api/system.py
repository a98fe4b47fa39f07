"""The hub itself: alive, what it has, its apps."""

from __future__ import annotations

from quart import Response

from hub import shapes
from hub.services import apps, health, info
from hub.web.api.routing import Access, Answer, Call, route


@route("GET", "/ping", Access.PUBLIC, status=200, media="text/plain")
async def ping(_: Call) -> Answer:
    """Say that the server answers, and nothing more."""
    return Response("pong", content_type="text/plain; charset=utf-8")


@route("GET", "/info", Access.USER, gives=shapes.Info)
async def get_info(call: Call) -> Answer:
    """Version, features and switches."""
    return await info.info(call.hub)


@route("GET", "/system/health", Access.ADMIN, wire=False, gives=shapes.Health)
async def get_health(call: Call) -> Answer:
    """How every part of the hub is; what the health page shows."""
    return await health.health(call.hub, call.actor)


@route("GET", "/apps", Access.USER, gives=list[shapes.ListedApp])
async def list_apps(call: Call) -> Answer:
    """Every app, highest priority first."""
    return await apps.list_apps(call.hub)
