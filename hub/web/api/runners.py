"""Routes of runners: of the hub, of a project, and those that runners themselves call."""

from __future__ import annotations

from typing import TypeVar

import orjson
from quart import Response, request

from hub import shapes
from hub.errors import Invalid
from hub.services import runner_keys, runner_link, runners
from hub.services.draft import Draft
from hub.services.runners import RunnerActiveDraft, RunnerDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route
from hub.web.encoding import dumps

D = TypeVar("D", bound=Draft)

_HUB = "/runners"
_HUB_ONE = _HUB + "/{runner_id}"
_PROJECT = "/project/{project_id}/runners"
_PROJECT_ONE = _PROJECT + "/{runner_id}"
_INTERNAL = "/internal/runners"


def _of(call: Call) -> int | None:
    """The project in the path; None for the hub's own routes."""
    return call.ids.get("project_id")


@route("GET", _HUB, Access.ADMIN, gives=list[shapes.Runner], lists=runners.LISTING)
@route("GET", _PROJECT, Access.MEMBER, gives=list[shapes.Runner], lists=runners.LISTING)
async def list_runners(call: Call) -> Answer:
    """Runners."""
    return await runners.list_runners(call.hub, call.actor, _of(call), asked(call))


@route("GET", "/runner_tags", Access.ADMIN, gives=list[shapes.RunnerTag])
@route("GET", "/project/{project_id}/runner_tags", Access.MEMBER, gives=list[shapes.RunnerTag])
async def list_runner_tags(call: Call) -> Answer:
    """Tags of runners, with how many have each."""
    return await runners.list_tags(call.actor, _of(call))


@route("POST", _HUB, Access.ADMIN, takes=RunnerDraft, gives=shapes.NewRunner, status=201)
@route("POST", _PROJECT, Access.MEMBER, takes=RunnerDraft, gives=shapes.NewRunner, status=201)
async def create_runner(call: Call) -> Answer:
    """Add a runner; its token is shown this once."""
    return Made(await runners.create_runner(call.hub, call.actor, _of(call), RunnerDraft.read(call.body)))


@route("GET", _HUB_ONE, Access.ADMIN, gives=shapes.Runner)
@route("GET", _PROJECT_ONE, Access.MEMBER, gives=shapes.Runner)
async def get_runner(call: Call) -> Answer:
    """One runner."""
    return await runners.get_runner(call.hub, call.actor, _of(call), call.ids["runner_id"])


@route("PUT", _HUB_ONE, Access.ADMIN, takes=RunnerDraft)
@route("POST", _HUB_ONE, Access.ADMIN, takes=RunnerDraft)
@route("PUT", _PROJECT_ONE, Access.MEMBER, takes=RunnerDraft)
@route("POST", _PROJECT_ONE, Access.MEMBER, takes=RunnerDraft)
async def update_runner(call: Call) -> Answer:
    """Replace a runner."""
    draft = RunnerDraft.read(call.body)
    await runners.update_runner(call.hub, call.actor, _of(call), call.ids["runner_id"], draft)
    return None


@route("POST", _HUB_ONE + "/active", Access.ADMIN, takes=RunnerActiveDraft)
@route("POST", _PROJECT_ONE + "/active", Access.MEMBER, takes=RunnerActiveDraft)
async def set_runner_active(call: Call) -> Answer:
    """Let a runner take tasks, or no longer."""
    try:
        draft = RunnerActiveDraft.read(call.body)
    except Invalid as error:
        raise Invalid("Invalid request body", field=error.field) from None
    await runners.set_active(call.hub, call.actor, _of(call), call.ids["runner_id"], draft)
    return None


@route("DELETE", _HUB_ONE + "/cache", Access.ADMIN)
@route("DELETE", _PROJECT_ONE + "/cache", Access.MEMBER)
async def clear_runner_cache(call: Call) -> Answer:
    """Have a runner empty its cache."""
    await runners.request_cleaning(call.hub, call.actor, _of(call), call.ids["runner_id"])
    return None


@route("POST", _HUB_ONE + "/registration-token", Access.ADMIN, body=False, gives=shapes.Enrolment)
@route("POST", _PROJECT_ONE + "/registration-token", Access.MEMBER, body=False, gives=shapes.Enrolment)
async def issue_registration_token(call: Call) -> Answer:
    """Make a one-time token with which a runner registers."""
    return await runners.issue_enrolment(call.hub, call.actor, _of(call), call.ids["runner_id"])


@route("DELETE", _HUB_ONE, Access.ADMIN)
@route("DELETE", _PROJECT_ONE, Access.MEMBER)
async def delete_runner(call: Call) -> Answer:
    """Forget a runner."""
    await runners.delete_runner(call.hub, call.actor, _of(call), call.ids["runner_id"])
    return None


@route("POST", _INTERNAL, Access.PUBLIC, body=False, takes=runner_link.RegistrationDraft, gives=shapes.Registered)
async def register(call: Call) -> Answer:
    """Register a runner. Public: the one-time token in the body is the proof."""
    draft = await _read(runner_link.RegistrationDraft)
    return dict(await runner_link.register(call.hub, draft))


@route("GET", _INTERNAL, Access.RUNNER, gives=shapes.RunnerState)
async def poll(call: Call) -> Answer:
    """What the runner is to do; encrypted when it has a key."""
    state, public_key = await runner_link.poll(call.hub, call.actor)
    if public_key is None:
        return state
    sealed = runner_keys.encrypt(public_key, dumps(state))
    return Response(sealed, 200, content_type="application/octet-stream")


@route("PUT", _INTERNAL, Access.RUNNER, body=False, takes=runner_link.Progress)
async def report(call: Call) -> Answer:
    """Take news of a runner's tasks."""
    await runner_link.report(call.actor, await _read(runner_link.Progress))
    return None


@route("DELETE", _INTERNAL, Access.RUNNER)
async def unregister(call: Call) -> Answer:
    """Forget the runner that asks."""
    await runner_link.unregister(call.hub, call.actor)
    return None


async def _read(kind: type[D]) -> D:
    """Read a runner's body, with the wire's words for what is none."""
    try:
        return kind.read(orjson.loads(await request.get_data(cache=False)))
    except (orjson.JSONDecodeError, Invalid):
        raise Invalid("Invalid format") from None
