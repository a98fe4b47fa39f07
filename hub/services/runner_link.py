"""What runners themselves ask: to register, what is to be done, to report, to be forgotten.

The wire's protocol answers here as it does to a runner without work: no task is assigned to runners yet, so nothing of
a project ever leaves through it, and a report about a task is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import Field
from tortoise.expressions import Q

from hub.context import Hub
from hub.db import unit
from hub.errors import Invalid, NotFound, Unauthenticated
from hub.models import Runner, RunnerEnrolment, Task
from hub.services import events
from hub.services.actor import Actor
from hub.services.draft import MAX_ID, Draft
from hub.services.runner_keys import normal_public
from hub.services.runners import checked_webhook, new_token
from hub.services.sessions import digest
from hub.services.tasks.states import UNFINISHED

_TOUCH: Final = timedelta(seconds=10)
"""`touched` is written at most this often; runners poll every second."""
_WRONG: Final = "Invalid registration token"


class RegistrationDraft(Draft):
    """The body of `POST /internal/runners`."""

    registration_token: str = Field(default="", max_length=1000, repr=False)
    webhook: str = Field(default="", max_length=1000)
    max_parallel_tasks: int = Field(default=0, ge=0, le=MAX_ID)
    public_key: str = Field(default="", max_length=10_000)


class LogRecord(Draft):
    """One line of a report."""

    time: datetime | str = ""
    message: str = ""


class CommitReport(Draft):
    """What the runner checked out."""

    hash: str = ""
    message: str = ""


class JobReport(Draft):
    """How far a task got."""

    id: int = 0
    status: str = ""
    logrecords: list[LogRecord] = Field(default_factory=list)
    commit: CommitReport | None = None


class Progress(Draft):
    """The body of a report."""

    jobs: list[JobReport] = Field(default_factory=list, max_length=10_000)


async def actor_of_runner(token: str) -> Actor:
    """Return which runner a token speaks for, in the wire's words for those it does not know."""
    if not token:
        raise Unauthenticated("Invalid token")
    found = await Runner.filter(digest=digest(token)).values("id", "name")
    if not found:
        raise NotFound("Runner not found")
    return Actor("runner", source_id=found[0]["id"], name=found[0]["name"])


async def register(hub: Hub, draft: RegistrationDraft) -> dict[str, str]:
    """Exchange a one-time registration token for the runner's own; of several at once, one succeeds. W-66."""
    public = normal_public(draft.public_key)
    webhook = checked_webhook(draft.webhook)
    token = new_token()

    async def work() -> None:
        rows = await RunnerEnrolment.filter(
            digest=digest(draft.registration_token), expires__gt=hub.clock()
        ).values("id", "runner_id")  # fmt: skip
        if not rows or not await RunnerEnrolment.filter(id=rows[0]["id"]).delete():
            raise Invalid(_WRONG)
        columns: dict[str, Any] = {"digest": digest(token), "public_key": public, "is_default": False}
        if webhook:
            columns["webhook"] = webhook
        if draft.max_parallel_tasks:
            columns["max_parallel_tasks"] = draft.max_parallel_tasks
        if not await Runner.filter(id=rows[0]["runner_id"], digest__isnull=True).update(**columns):
            raise Invalid(_WRONG)
        runner = await Runner.get(id=rows[0]["runner_id"])
        await events.record(hub, Actor("runner", source_id=runner.id), "runner", runner.id,
                            f"Runner {runner.name or runner.id} registered", project_id=runner.project_id)  # fmt: skip

    await unit(work)
    return {"token": token}


async def poll(hub: Hub, actor: Actor) -> tuple[dict[str, Any], str | None]:
    """Return what the runner is to do, and the public key to encrypt it with, if it has one."""
    runner = await _runner(actor)
    now = hub.clock()
    asked = runner.cleaning_requested is not None and (
        runner.touched is None or runner.cleaning_requested > runner.touched
    )
    if asked or runner.touched is None or runner.touched < now - _TOUCH:
        await Runner.filter(id=runner.id).filter(Q(touched__isnull=True) | Q(touched__lt=now)).update(touched=now)
    state: dict[str, Any] = {"CurrentJobs": None, "new_jobs": None, "access_keys": {}}
    if asked:
        state["clear_cache"] = True
        if runner.project_id is not None:
            state["cache_clean_project_id"] = runner.project_id
    return state, runner.public_key


async def report(actor: Actor, progress: Progress) -> None:
    """Refuse news of running tasks, since none is this runner's; what is not running is passed over, as on the wire."""
    await _runner(actor)
    ids = [one.id for one in progress.jobs if 0 < one.id <= MAX_ID]
    if ids and await Task.filter(id__in=ids, status__in=list(UNFINISHED)).exists():
        raise Invalid("Task not assigned to this runner")


async def unregister(hub: Hub, actor: Actor) -> None:
    """Forget the runner."""

    async def work() -> None:
        runner = await _runner(actor)
        await runner.delete()
        await events.record(hub, actor, "runner", runner.id, f"Runner {runner.name or runner.id} unregistered",
                            project_id=runner.project_id)  # fmt: skip

    await unit(work)


async def _runner(actor: Actor) -> Runner:
    runner = await Runner.get_or_none(id=actor.source_id)
    if runner is None:
        raise NotFound("Runner not found")
    return runner
