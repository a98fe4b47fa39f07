"""Apps: the wire's word for executors, and what administrators changed about how they are shown."""

from __future__ import annotations

from typing import Any

from hub.context import Hub
from hub.errors import Invalid
from hub.models import App
from hub.plugin import Executor


def executor_of(hub: Hub, app: str) -> Executor:
    """Return the executor of an app. Raises `Invalid` naming it when no plugin brings it."""
    executor = hub.registry.executors.get(app)
    if executor is None:
        raise Invalid(
            f"The executor {app or '(none)'} is not installed; install the plugin that brings it.", field="app"
        )
    return executor


async def list_apps(hub: Hub) -> list[dict[str, Any]]:
    """Every app, highest priority first."""
    changed = {app.id: app for app in await App.all()}
    apps = [_wire(name, executor, changed.get(name)) for name, executor in hub.registry.executors.items()]
    return sorted(apps, key=lambda app: (-app["priority"], app["id"]))


def _wire(name: str, executor: Executor, changed: App | None) -> dict[str, Any]:
    return {
        "id": name,
        "active": changed.active if changed else True,
        "priority": changed.priority if changed else executor.priority,
        "title": (changed.title if changed else "") or executor.title,
        "icon": (changed.icon if changed else "") or executor.icon,
        "color": (changed.color if changed else "") or executor.color,
        "dark_color": changed.dark_color if changed else "",
        "path": changed.path if changed else "",
        "args": changed.args if changed else None,
    }
