"""What administrators look after: options, apps, live tasks, plugins."""

from __future__ import annotations

from hub import shapes
from hub.errors import Invalid
from hub.services import apps, live_tasks, options, plugins
from hub.web.api.routing import Access, Answer, Call, route


@route("GET", "/options", Access.ADMIN, gives=dict[str, str])
async def list_options(call: Call) -> Answer:
    """Every option."""
    return dict(await options.list_options(call.actor))


@route("POST", "/options", Access.ADMIN, takes=options.OptionDraft, gives=shapes.Option)
async def set_option(call: Call) -> Answer:
    """Set one option."""
    return dict(await options.set_option(call.hub, call.actor, options.OptionDraft.read(call.body)))


@route("GET", "/apps/{app}", Access.ADMIN, gives=shapes.App)
async def get_app(call: Call) -> Answer:
    """One app."""
    return await apps.get_app(call.hub, call.actor, call.texts["app"])


@route("PUT", "/apps/{app}", Access.ADMIN, takes=apps.AppDraft)
@route("POST", "/apps/{app}", Access.ADMIN, takes=apps.AppDraft)
async def put_app(call: Call) -> Answer:
    """Change or define an app."""
    await apps.put_app(call.hub, call.actor, call.texts["app"], apps.AppDraft.read(call.body))
    return None


@route("POST", "/apps/{app}/active", Access.ADMIN, takes=apps.AppActiveDraft)
async def set_app_active(call: Call) -> Answer:
    """Offer an app for new templates, or no longer."""
    try:
        draft = apps.AppActiveDraft.read(call.body)
    except Invalid as error:
        raise Invalid("Invalid request body", field=error.field) from None
    await apps.set_active(call.hub, call.actor, call.texts["app"], draft)
    return None


@route("DELETE", "/apps/{app}", Access.ADMIN)
async def delete_app(call: Call) -> Answer:
    """Forget what was changed about an app."""
    await apps.delete_app(call.hub, call.actor, call.texts["app"])
    return None


@route("GET", "/tasks", Access.ADMIN, gives=list[shapes.LiveTask])
@route("GET", "/tasks/{task_id}", Access.ADMIN, gives=list[shapes.LiveTask])
async def list_live_tasks(call: Call) -> Answer:
    """Every unfinished task of the hub; the wire gives the same list whatever the id."""
    return await live_tasks.list_live(call.actor)


@route("DELETE", "/tasks/{task_id}", Access.ADMIN)
async def stop_live_task(call: Call) -> Answer:
    """Stop a task wherever it belongs."""
    await live_tasks.stop_live(call.hub, call.actor, call.ids["task_id"])
    return None


@route("GET", "/plugins", Access.ADMIN, wire=False, gives=list[shapes.Plugin])
async def list_plugins(call: Call) -> Answer:
    """Every plugin that was found, with what it brings and what is wrong with it."""
    return plugins.list_plugins(call.hub.registry, call.actor)
