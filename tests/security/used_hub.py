"""A hub that was used for a while: every kind of thing is there, with every member that it may have."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hub.models import (
    Channel,
    DriftCheck,
    Event,
    Freeze,
    HostFacts,
    Identity,
    Inventory,
    Invite,
    Membership,
    Notification,
    Project,
    Runner,
    Schedule,
    State,
    StateAlias,
    StateLock,
    Task,
    TaskResult,
    Template,
    Token,
    View,
)
from hub.services import sessions
from hub.services.actor import Actor
from hub.services.tasks import outputs
from hub.services.tasks.results import ERRORS, HOSTS, STAGES
from hub.testing.scene import Scene, make_repository
from hub.vault import place

from .people import Things, furnish, with_triggers

LIMITS = {
    "memory_mib": 512, "processes": 9, "open_files": 99, "cpu_seconds": 60, "file_size_mib": 9, "network": True,
    "sandbox": "bubblewrap",
}  # fmt: skip


async def grow(stage: Scene, actor: Actor, made: int) -> None:
    """Add what comes of work to a project that was made whole, and a project with rows of every other table."""
    hub = stage.hub
    make_repository(hub.settings.data_dir / "repositories" / "mine", {"hello.sh": "echo hello\n"})
    things = await with_triggers(hub, "mine", await furnish(hub, "mine"))
    for one in (things.project, stage.project.id):
        await Membership.create(project_id=one, user_id=actor.user_id, role="owner")
    await _work(stage, things)
    await _people(stage, actor, things)
    await _members(stage, made, things)


async def _work(stage: Scene, things: Things) -> None:
    """A task that ran, one that runs, and one that was started with all that can be given to it."""
    now = stage.hub.clock()
    template = await stage.template("hello.sh")
    await stage.run(template, message="the run before")
    ran = await stage.run(template, message="by hand")
    waits = await stage.template("wait.sh")
    await stage.until(await stage.launch(waits), "running")
    await stage.launch(waits)
    host = {"host": "web1", "task": "Ping", "error": "unreachable", "ok": 1}
    stages = [{"name": "play", "start": now.isoformat(), "end": now.isoformat(), "result": {"a": 1}}, {"name": "recap"}]
    await HostFacts.create(inventory_id=things.inventory, host="h", facts={"a": 1}, task_id=ran["id"], created=now)
    left = {"outputs": {"note": {"value": "made", "type": "string"}, "token": {"sensitive": True}}}
    for kind, data in (
        (outputs.KIND, left),
        (HOSTS, {"hosts": [host]}),
        (ERRORS, {"errors": [host]}),
        (STAGES, {"stages": stages}),
    ):
        await TaskResult.create(task_id=ran["id"], kind=kind, created=now, data=data)
    whole = {
        "status": "waiting_confirmation", "question": "Go on?", "reason": "It asks.", "playbook": "x.sh",
        "environment": '{"a": 1}', "arguments": "[]", "git_branch": "main", "params": {"limit": ["web"]},
        "message": "whole", "version": "1.2", "build_task_id": things.build_task, "inventory_id": things.inventory,
        "schedule_id": things.further["schedule_id"], "integration_id": things.further["integration_id"],
        "exit_code": 3, "commit_hash": "8d3c1f6", "commit_message": "Pin", "start": now, "end": now,
    }  # fmt: skip
    await Task.filter(id=things.task).update(**whole)
    await Task.filter(id=things.build_task).update(version="1.2", commit_hash="8d3c1f6")
    await Template.filter(id=things.build).update(limits={"memory_mib": 256})
    await Template.filter(id=things.vault_template).update(limits={"processes": 9})
    await Template.filter(id=things.template).update(
        allow_override_branch_in_task=True, allow_parallel_tasks=True, concurrency_group="blue", priority=1,
        host_limit=1, queue_limit=1, limits=LIMITS,
    )  # fmt: skip


async def _people(stage: Scene, actor: Actor, things: Things) -> None:
    """What people did, and who they are."""
    now, at = stage.hub.clock(), {"project_id": things.project}
    await sessions.open_session(stage.hub, actor.user_id or 0, ip="192.0.2.1", user_agent="A browser")
    who: dict[str, Any] = {"user_id": actor.user_id}
    await Identity.create(provider="corp", subject="jane", created=now, last_used=now, **who)
    await Token.create(
        digest="d", prefix="abcdefgh", name="limited", created=now, expires=now, scopes=["read"], **who, **at
    )
    await Event.create(created=now, **who, **at)
    await Event.create(created=now, integration_id=things.further["integration_id"], object_type="task", **at)
    await Invite.create(
        role="guest", digest="e", created=now, expires_at=now, accepted_at=now, inviter_id=actor.user_id, **who, **at
    )


async def _channels(stage: Scene, things: Things) -> None:
    """A channel of some templates that told nothing yet, and notices that were told and that are to be told."""
    now, told = stage.hub.clock(), {"sentence": "It failed."}
    await Channel.create(
        project_id=things.project, name="quiet", notifier="ntfy", params={"given": {"topic": "hub"}}, events=[],
        template_ids=[things.template], active=False, created=now,
    )  # fmt: skip
    mine, hubs = things.further["channel_id"], things.further["hub_channel_id"]
    for one in (mine, hubs):
        at: dict[str, Any] = {"channel_id": one, "event": "task.failed", "notice": told, "created": now}
        await Notification.create(**at, due=now + timedelta(days=1), attempts=1, error="It is deaf.")
        await Notification.create(**at, task_id=things.task, state="sent", settled=now, attempts=2)
    sealed = stage.hub.vault.seal('{"url": "https://chat.example.org/x"}', place("channel", "params", mine))
    await Channel.filter(id=mine).update(params={"given": {}, "version": 1, "sealed": sealed})


async def _members(stage: Scene, made: int, things: Things) -> None:
    """Members that things seldom have."""
    now = stage.hub.clock()
    for one in (made, things.project):
        await Project.filter(id=one).update(
            alert=True, alert_chat="1", keep_tasks=1, keep_days=1, keep_log_days=1, keep_log_mib=1
        )
    await View.filter(id=things.view).update(hidden=True, sort_reverse=True)
    await _channels(stage, things)
    await Runner.create(name="everywhere", tags=[], touched=now, cleaning_requested=now)
    await StateAlias.filter(id=things.alias).update(auth_key_id=things.key)
    await State.filter(id=things.state).update(task_id=things.task)
    info = {"ID": "a-b-c", "Operation": "apply", "Who": "jane@web1", "Version": "1.9.0"}
    await StateLock.create(inventory_id=things.inventory, lock_id="a-b-c", info=json.dumps(info), created=now)
    await DriftCheck.create(
        template_id=things.template, inventory_id=things.inventory, task_id=things.task, created=now, drifted=True,
        changes=1, resources=[{"name": "web", "action": "change"}],
    )  # fmt: skip
    await Freeze.create(
        name="holidays", project_id=things.project, starts=now, ends=now + timedelta(days=1), time_zone="Europe/Berlin"
    )
    await Inventory.filter(id=things.inventory).update(runner_tag="blue")
    params = {
        "environment": "{}",
        "arguments": "[]",
        "message": "m",
        "params": {"a": 1},
        "secret": "{}",
        "version": "1",
    }
    await Schedule.filter(id=things.further["schedule_id"]).update(
        task_params=params,
        last_run_at=now,
        last_task_id=things.task,
        overlap="skip",
        last_error="It went wrong.",
        runs=1,
    )
    await Schedule.create(
        name="checker", template_id=things.template, project_id=things.project, repository_id=things.repository
    )
