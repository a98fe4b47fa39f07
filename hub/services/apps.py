"""Apps: the wire's word for executors, and what administrators changed about how they are shown."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator

from hub.context import Hub
from hub.db import one, unit
from hub.errors import Conflict, Invalid, NotFound
from hub.models import App, Template
from hub.plugin import AppView, Executor
from hub.services.access import require_admin
from hub.services.actor import Actor
from hub.services.draft import MAX_ID, Draft
from hub.services.events import record

_PROGRAM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,254}|/[^\x00-\x1f\x7f]{1,999}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,50}", re.ASCII)


class AppDraft(Draft):
    """The wire's body of `PUT /apps/{id}`; what is empty falls back to what the executor says of itself."""

    active: bool = False
    priority: int = Field(default=0, ge=-MAX_ID, le=MAX_ID)
    title: str = Field(default="", max_length=100)
    icon: str = Field(default="", max_length=100)
    color: str = Field(default="", max_length=50)
    dark_color: str = Field(default="", max_length=50)
    path: str = Field(default="", max_length=1000)
    args: list[Annotated[str, Field(max_length=1000)]] | None = Field(default=None, max_length=100)

    @field_validator("path")
    @classmethod
    def _program(cls, value: str) -> str:
        if value and (not _PROGRAM.fullmatch(value) or ".." in PurePosixPath(value).parts):
            raise ValueError("write the name of a program that is on the PATH, or its absolute path")
        return value

    @field_validator("args")
    @classmethod
    def _words(cls, value: list[str] | None) -> list[str] | None:
        if any("\0" in word for word in value or ()):
            raise ValueError("an argument cannot hold a NUL character")
        return value


class AppActiveDraft(Draft):
    """The wire's body of `POST /apps/{id}/active`."""

    active: bool = False


async def find(hub: Hub, app: str) -> Executor | None:
    """Return the executor of an app as administrators changed it, or of one that they defined; None for no such app."""
    return _adapted(hub, app, await one(App, id=app))


async def executor_of(hub: Hub, app: str) -> Executor:
    """Return the executor of an app. Raises `Invalid` naming it when there is none."""
    return _present(app, await find(hub, app))


async def usable(hub: Hub, app: str) -> Executor:
    """Return the executor of an app that may start tasks. Raises `Invalid` for one that administrators switched off."""
    changed = await one(App, id=app)
    executor = _present(app, _adapted(hub, app, changed))
    if changed is not None and not changed.active:
        raise Invalid(
            f"The app {executor.title} is switched off on this hub, so nothing was started; an administrator can "
            "switch it on again.",
            field="app",
        )
    return executor


def _present(app: str, executor: Executor | None) -> Executor:
    if executor is None:
        raise Invalid(
            f"The executor {app or '(none)'} is not installed; install the plugin that brings it.", field="app"
        )
    return executor


def _adapted(hub: Hub, app: str, changed: App | None) -> Executor | None:
    own = hub.registry.executors.get(app)
    if changed is None or (own is not None and not changed.path and not changed.args):
        return own
    pattern = own or _pattern(hub)
    if pattern is None:
        return None
    shown = _wire(hub, app, changed)
    view = AppView(
        name=app, title=shown["title"], icon=shown["icon"], color=shown["color"], priority=shown["priority"],
        program=changed.path, arguments=tuple(str(word) for word in changed.args) if changed.args else None,
    )  # fmt: skip
    return pattern.adapted(view) or own


def _pattern(hub: Hub) -> Executor | None:
    """Return the executor in whose manner the apps run that administrators define."""
    return next((one for one in hub.registry.executors.values() if one.capabilities.custom_apps), None)


async def list_apps(hub: Hub) -> list[dict[str, Any]]:
    """Every app, highest priority first: one for each executor, and what administrators defined beyond them."""
    changed = {app.id: app for app in await App.all()}
    names = dict.fromkeys([*hub.registry.executors, *changed])
    apps = [{"id": name, **_wire(hub, name, changed.get(name))} for name in names]
    return sorted(apps, key=lambda app: (-app["priority"], app["id"]))


async def get_app(hub: Hub, actor: Actor, app_id: str) -> dict[str, Any]:
    """Return one app without its id, as the wire does; for administrators."""
    require_admin(actor)
    changed = await App.get_or_none(id=app_id)
    if changed is None and app_id not in hub.registry.executors:
        raise NotFound("app not found")
    return _wire(hub, app_id, changed)


async def put_app(hub: Hub, actor: Actor, app_id: str, draft: AppDraft) -> None:
    """Change how an app is shown, or define one."""
    require_admin(actor)
    columns = {**draft.model_dump(), "args": draft.args or None}
    await _store(hub, actor, app_id, columns)


async def set_active(hub: Hub, actor: Actor, app_id: str, draft: AppActiveDraft) -> None:
    """Let an app start tasks and be offered for new templates, or no longer; tasks that wait or run go on."""
    require_admin(actor)
    executor = hub.registry.executors.get(app_id)
    if executor is None and not await App.filter(id=app_id).exists():
        raise NotFound("app not found")
    await _store(hub, actor, app_id, {"active": draft.active}, priority=executor.priority if executor else 0)


async def delete_app(hub: Hub, actor: Actor, app_id: str) -> None:
    """Forget what administrators changed about an app; that of an executor shows itself as it is again."""
    require_admin(actor)
    _check_id(app_id)

    async def work() -> None:
        if app_id not in hub.registry.executors and await Template.exists(app=app_id):
            raise Conflict(
                "Templates use this app, so it cannot be deleted. Switch it off instead, or change them first."
            )
        if await App.filter(id=app_id).delete():
            await record(hub, actor, "app", None, f"App {app_id} deleted", project_id=None)

    await unit(work)


async def _store(hub: Hub, actor: Actor, app_id: str, columns: dict[str, Any], **when_new: Any) -> None:
    _check_id(app_id)

    async def work() -> None:
        app = await App.get_or_none(id=app_id)
        if app is None:
            await App.create(id=app_id, **{**when_new, **columns})
        else:
            await app.update_from_dict(columns).save()
        await record(hub, actor, "app", None, f"App {app_id} changed", project_id=None)

    await unit(work)


def _check_id(app_id: str) -> None:
    if not _ID.fullmatch(app_id):
        raise Invalid("An app's id is made of 1 to 50 letters, digits, dots, dashes and underscores.", field="id")


def _wire(hub: Hub, name: str, changed: App | None) -> dict[str, Any]:
    executor = hub.registry.executors.get(name)
    runs = executor is not None or _pattern(hub) is not None
    return {
        "active": runs and (changed is None or changed.active),
        "priority": changed.priority if changed else getattr(executor, "priority", 0),
        "title": (changed.title if changed else "") or getattr(executor, "title", name),
        "icon": (changed.icon if changed else "") or getattr(executor, "icon", ""),
        "color": (changed.color if changed else "") or getattr(executor, "color", ""),
        "dark_color": changed.dark_color if changed else "",
        "path": changed.path if changed else "",
        "args": changed.args if changed else None,
    }
