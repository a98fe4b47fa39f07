"""Runners: workers known by name and token, of the whole hub or of one project.

This is their registry: who they are, their tags and tokens. No task is assigned to a runner yet; the hub's own workers
run all of them, and what a runner polls for says so.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from hub.context import Hub
from hub.db import unit
from hub.errors import Invalid, NotFound
from hub.models import Runner, RunnerEnrolment
from hub.services import events
from hub.services.access import MANAGE_RESOURCES, require, require_admin
from hub.services.actor import Actor
from hub.services.belongings import Id
from hub.services.draft import MAX_ID, Draft, same_id, same_project
from hub.services.listing import WHOLE, Asked, Listing, Page
from hub.services.reading import hidden, shown
from hub.services.runner_keys import Pair, make_pair, normal_public
from hub.services.sessions import digest

OFFLINE_AFTER: Final = timedelta(seconds=120)
"""A runner that did not poll for so long is offline."""
ENROLMENT_LIFE: Final = timedelta(hours=1)
"""How long a registration token is good. W-66."""

_TAG: Final = re.compile(r"[^\x00-\x1f\x7f,]{1,200}")
_MOST_TAGS: Final = 50
_NOT_FOUND: Final = "Runner not found"


class RunnerDraft(Draft):
    """The wire's body of a runner; `tag` is its first tag for clients that know of one only."""

    id: Id = 0
    project_id: Id = 0
    name: str = Field(default="", max_length=100)
    webhook: str = Field(default="", max_length=1000)
    max_parallel_tasks: int = Field(default=0, ge=0, le=MAX_ID)
    active: bool = False
    is_default: bool = False
    tag: str = Field(default="", max_length=200)
    tags: list[str] = Field(default_factory=list, max_length=_MOST_TAGS)
    registered: bool = True
    public_key: str = Field(default="", max_length=10_000)


class RunnerActiveDraft(Draft):
    """The body of `POST …/active`."""

    active: bool = False


LISTING = Listing(
    Runner,
    columns={
        "id": "id",
        "name": "name",
        "project_id": "project_id",
        "active": "active",
        "is_default": "is_default",
        "webhook": "webhook",
        "max_parallel_tasks": "max_parallel_tasks",
        "touched": "touched",
    },
    default="-id",
)


async def list_runners(hub: Hub, actor: Actor, project_id: int | None, asked: Asked = WHOLE) -> Page[dict[str, Any]]:
    """Runners of a project; every runner of the hub for administrators, newest first."""
    query = await _visible(actor, project_id, all_of_hub=True)
    if project_id is None:
        return (await LISTING.rows(query, asked)).shaped(lambda one: _wire(hub, one))
    grant = await require(actor, project_id)
    found = await LISTING.rows(query, asked, hidden=hidden(grant, "runner"))
    return found.shaped(lambda one: shown(grant, "runner", _wire(hub, one)))


async def get_runner(hub: Hub, actor: Actor, project_id: int | None, runner_id: int) -> dict[str, Any]:
    """One runner; without a project, one of those that belong to none."""
    query = await _visible(actor, project_id)
    shape = _wire(hub, await _one(query, runner_id))
    return shape if project_id is None else shown(await require(actor, project_id), "runner", shape)


async def list_tags(actor: Actor, project_id: int | None) -> list[dict[str, Any]]:
    """Tags with the number of runners that have them; a project's templates also see those of the hub's runners."""
    if project_id is None:
        require_admin(actor)
        query = Runner.all()
    else:
        await require(actor, project_id)
        query = Runner.filter(Q(project_id=project_id) | Q(project_id__isnull=True))
    counts = Counter(tag for one in await query.only("id", "tags") for tag in one.tags)
    return [{"tag": tag, "number_of_runners": counts[tag]} for tag in sorted(counts)]


async def create_runner(hub: Hub, actor: Actor, project_id: int | None, draft: RunnerDraft) -> dict[str, Any]:
    """Add a runner; its token and private key are in the answer and nowhere else.

    With `registered` false it gets neither and is inactive: it registers itself with a one-time token.
    """
    await _may_write(actor, project_id)
    if project_id is not None:
        same_project(draft.project_id, project_id)
    columns = _columns(draft, [])
    token, pair = "", Pair("", "")
    if draft.registered:
        token = new_token()
        public = normal_public(draft.public_key)
        pair = Pair("", public) if public else await make_pair()
        columns |= {"digest": digest(token), "public_key": pair.public}
    else:
        columns["active"] = False

    async def work() -> Runner:
        runner = await Runner.create(project_id=project_id, **columns)
        await _tell(hub, actor, runner, "created")
        return runner

    return _wire(hub, await unit(work)) | {"token": token, "private_key": pair.private}


async def update_runner(hub: Hub, actor: Actor, project_id: int | None, runner_id: int, draft: RunnerDraft) -> None:
    """Replace name, activity, webhook, limit and tags; whether it is the default one stays unless it was sent."""
    query = await _writable(actor, project_id)
    same_id(draft.id, runner_id, "Runner")

    async def work() -> None:
        runner = await _one(query, runner_id)
        columns = _columns(draft, runner.tags)
        if "is_default" not in draft.model_fields_set:
            columns.pop("is_default")
        runner.update_from_dict(columns)
        await runner.save(update_fields=list(columns))
        await _tell(hub, actor, runner, "updated")

    await unit(work)


async def set_active(hub: Hub, actor: Actor, project_id: int | None, runner_id: int, draft: RunnerActiveDraft) -> None:
    """Let a runner take tasks, or no longer."""
    await _change(hub, actor, project_id, runner_id, "activated" if draft.active else "deactivated",
                  active=draft.active)  # fmt: skip


async def request_cleaning(hub: Hub, actor: Actor, project_id: int | None, runner_id: int) -> None:
    """Have the runner empty its cache; it hears of it when it polls next."""
    await _change(hub, actor, project_id, runner_id, "asked to clear its cache", cleaning_requested=hub.clock())


async def delete_runner(hub: Hub, actor: Actor, project_id: int | None, runner_id: int) -> None:
    """Forget a runner; its token is worthless at once."""
    query = await _writable(actor, project_id)

    async def work() -> None:
        runner = await _one(query, runner_id)
        await runner.delete()
        await _tell(hub, actor, runner, "deleted")

    await unit(work)


async def issue_enrolment(hub: Hub, actor: Actor, project_id: int | None, runner_id: int) -> dict[str, Any]:
    """Return a one-time, short-lived token with which this runner registers; earlier ones are void. W-66."""
    query = await _writable(actor, project_id)
    token = secrets.token_urlsafe(32)

    async def work() -> Runner:
        runner = await _one(query, runner_id)
        if runner.digest is not None:
            raise Invalid("The runner is registered already.")
        now = hub.clock()
        await RunnerEnrolment.filter(runner_id=runner.id).delete()
        await RunnerEnrolment.create(
            runner_id=runner.id, digest=digest(token), created=now, expires=now + ENROLMENT_LIFE
        )
        await _tell(hub, actor, runner, "given a registration token")
        return runner

    runner = await unit(work)
    return {"registration_token": token, "runner_id": runner.id, "project_id": runner.project_id}


def new_token() -> str:
    """A token of the wire's form: 32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def checked_webhook(text: str) -> str:
    """Return a webhook's address, empty for none. Raises `Invalid`."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable() and " " not in text
    except ValueError:
        fine = False
    if not fine:
        raise Invalid("The webhook of a runner must be an address such as https://example.org/hook.", field="webhook")
    return text


def _columns(draft: RunnerDraft, current: Sequence[str]) -> dict[str, Any]:
    return {
        "name": draft.name,
        "webhook": checked_webhook(draft.webhook),
        "max_parallel_tasks": draft.max_parallel_tasks,
        "active": draft.active,
        "is_default": draft.is_default,
        "tags": _tags(draft, current),
    }


def _tags(draft: RunnerDraft, current: Sequence[str]) -> list[str]:
    """Return the tags that are meant. Clients send back what they know not of, so what was changed counts."""
    old_client = draft.tags == list(current) and draft.tag != next(iter(current), "")
    by_tag = "tags" not in draft.model_fields_set or ("tag" in draft.model_fields_set and old_client)
    wanted = [draft.tag, *(current[1:] if old_client else ())] if by_tag else draft.tags
    tags = list(dict.fromkeys(tag.strip() for tag in wanted if tag.strip()))
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise Invalid("A tag is at most 200 characters, without commas and line breaks.", field="tags")
    return tags


async def _change(
    hub: Hub, actor: Actor, project_id: int | None, runner_id: int, verb: str, **columns: Any
) -> None:  # fmt: skip
    query = await _writable(actor, project_id)

    async def work() -> None:
        runner = await _one(query, runner_id)
        await runner.update_from_dict(columns).save(update_fields=list(columns))
        await _tell(hub, actor, runner, verb)

    await unit(work)


async def _visible(actor: Actor, project_id: int | None, *, all_of_hub: bool = False) -> QuerySet[Runner]:
    if project_id is not None:
        await require(actor, project_id)
        return Runner.filter(project_id=project_id)
    require_admin(actor)
    return Runner.all() if all_of_hub else Runner.filter(project_id__isnull=True)


async def _writable(actor: Actor, project_id: int | None) -> QuerySet[Runner]:
    await _may_write(actor, project_id)
    return Runner.filter(project_id=project_id) if project_id else Runner.filter(project_id__isnull=True)


async def _may_write(actor: Actor, project_id: int | None) -> None:
    if project_id is None:
        require_admin(actor)
    else:
        await require(actor, project_id, MANAGE_RESOURCES)


async def _one(query: QuerySet[Runner], runner_id: int) -> Runner:
    runner = await query.get_or_none(id=runner_id) if 0 < runner_id <= MAX_ID else None
    if runner is None:
        raise NotFound(_NOT_FOUND)
    return runner


async def _tell(hub: Hub, actor: Actor, runner: Runner, verb: str) -> None:
    text = f"Runner {runner.name or runner.id} {verb}"
    await events.record(hub, actor, "runner", runner.id, text, project_id=runner.project_id)


def _wire(hub: Hub, runner: Runner) -> dict[str, Any]:
    online = runner.touched is not None and runner.touched > hub.clock() - OFFLINE_AFTER
    return {
        "id": runner.id,
        "project_id": runner.project_id,
        "name": runner.name,
        "webhook": runner.webhook,
        "max_parallel_tasks": runner.max_parallel_tasks,
        "active": runner.active,
        "is_default": runner.is_default,
        "tag": next(iter(runner.tags), ""),
        "tags": runner.tags,
        "registered": runner.digest is not None,
        "touched": runner.touched,
        "cleaning_requested": runner.cleaning_requested,
        "status": "online" if online else "offline",
    }
