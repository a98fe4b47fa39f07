"""People of every role who call the whole application with a token or a cookie, and projects full of things."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from quart import Quart

from hub.context import Hub
from hub.models import (
    Channel,
    Delivery,
    Environment,
    Freeze,
    HostConfig,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Invite,
    Key,
    KnownHost,
    Membership,
    Notification,
    Project,
    Repository,
    Runner,
    Schedule,
    SecretStorage,
    State,
    StateAlias,
    Task,
    TaskResult,
    Template,
    TemplateRole,
    User,
    View,
)
from hub.services import artifacts, sessions
from hub.services.actor import Actor
from hub.services.tasks import files
from hub.services.tasks.results import PASSPORT
from hub.testing.booted import administrator
from hub.testing.conformance import said_of
from hub.web.actor import COOKIE
from hub.web.api.routing import PREFIX
from hub.web.tables import JSON_LINES

ROLES = ("owner", "manager", "task_runner", "guest")


@dataclass(frozen=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def content(self) -> Any:
        """What was sent, as what it says that it is: JSON, an object in each line, or a file."""
        kind = self.headers.get("Content-Type", "").partition(";")[0]
        if kind == "application/json":
            return self.json
        return [json.loads(line) for line in self.data.splitlines()] if kind == JSON_LINES else self.data


class Caller:
    """Calls the application by a token, a cookie, or neither; the API's answers are held against its description."""

    def __init__(self, app: Quart, actor: Actor | None = None, *, token: str = "", cookie: str = "") -> None:
        self._client = app.test_client(use_cookies=False)
        self.actor = actor
        self.token, self.cookie = token, cookie

    def headers(self) -> dict[str, str]:
        found = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return found | ({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})

    async def call(self, method: str, path: str, body: Any = None, *, raw: Any = None, **headers: str) -> Reply:
        """Call a path; `body` goes as JSON, `raw` as it is. Underscores in the names of headers stand for dashes."""
        sent = self.headers() | {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"data": raw} if raw is not None else {} if body is None else {"json": body}
        response = await self._client.open(path, method=method, headers=sent, **given)
        reply = Reply(response.status_code, response.headers, await response.get_data(as_text=False))
        said = said_of(method, path) if _is_described(method, path) else None
        if said is not None and "Content-Encoding" not in reply.headers:
            said.check(reply.status, response.content_type, reply.data)
        return reply

    async def get(self, path: str) -> Reply:
        return await self.call("GET", f"/api{path}")

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.call("POST", f"/api{path}", body)

    async def put(self, path: str, body: Any) -> Reply:
        return await self.call("PUT", f"/api{path}", body)

    async def delete(self, path: str) -> Reply:
        return await self.call("DELETE", f"/api{path}")

    async def made(self, path: str, body: Any) -> Any:
        """POST, and return what was made."""
        reply = await self.post(path, body)
        assert reply.status == 201, reply.data
        return reply.json


def _is_described(method: str, path: str) -> bool:
    """An escaped slash makes a path another one than it looks like; HEAD has no body to look at."""
    return path.startswith(f"{PREFIX}/") and "%" not in path.partition("?")[0] and method != "HEAD"


@dataclass
class People:
    """Makes people who can call the application."""

    hub: Hub
    app: Quart
    made: dict[str, Caller] = field(default_factory=dict)

    def nobody(self) -> Caller:
        return Caller(self.app)

    async def with_token(self, actor: Actor) -> Caller:
        made = await sessions.create_token(self.hub, actor, sessions.TokenDraft())
        return Caller(self.app, actor, token=made["id"])

    async def with_session(self, actor: Actor) -> Caller:
        assert actor.user_id is not None
        secret = await sessions.open_session(self.hub, actor.user_id, ip="", user_agent="")
        return Caller(self.app, actor, cookie=secret)

    async def actor(self, name: str, *roles: tuple[int, str]) -> Actor:
        """Somebody with these roles, as (project, role)."""
        user = await User.create(
            created=self.hub.clock(), username=name, name=name.title(), email=f"{name}@example.org"
        )
        for project_id, role in roles:
            await Membership.create(project_id=project_id, user_id=user.id, role=role)
        return Actor("user", user.id, user.username, user.name)

    async def somebody(self, name: str, *roles: tuple[int, str]) -> Caller:
        """The same, calling with a token."""
        return await self.with_token(await self.actor(name, *roles))

    async def team(self, project_id: int) -> dict[str, Caller]:
        """One person of every role, a stranger, and the administrator."""
        team = {role: await self.somebody(f"{role}_{project_id}", (project_id, role)) for role in ROLES}
        team["stranger"] = await self.somebody(f"stranger_{project_id}")
        team["admin"] = await self.with_token(await administrator())
        return team


@dataclass(frozen=True)
class Things:
    """One thing of each kind in one project."""

    project: int
    key: int
    repository: int
    inventory: int
    environment: int
    secret: int
    view: int
    template: int
    build: int
    vault_template: int
    task: int
    build_task: int
    host_config: int
    storage: int
    runner: int
    alias: int
    state: int
    further: Mapping[str, int] = field(default_factory=dict)
    """Those that have no name of their own in tests, by the names that paths use."""

    def ids(self, path: str = "") -> dict[str, int]:
        """By the names that paths use; `path` decides between those that share a name."""
        further = dict(self.further)
        if further and "/integrations/" in path:
            own = "/integrations/{integration_id}/" in path
            further["alias_id"] = further["integration_alias_id" if own else "project_alias_id"]
        if further and path.startswith("/channels/"):
            further["channel_id"], further["notice_id"] = further["hub_channel_id"], further["hub_notice_id"]
        return {
            "project_id": self.project, "key_id": self.key, "repository_id": self.repository, "view_id": self.view,
            "inventory_id": self.inventory, "environment_id": self.environment, "template_id": self.template,
            "task_id": self.task, "host_config_id": self.host_config, "storage_id": self.storage,
            "runner_id": self.runner, "alias_id": self.alias, "state_id": self.state,
            **further,
        }  # fmt: skip


async def furnish(hub: Hub, name: str) -> Things:
    """Make a project with one of everything, and somebody's finished task."""
    now = hub.clock()
    project = await Project.create(name=name, created=now)
    at = {"project_id": project.id}
    key = await Key.create(name=f"{name} key", type="none", **at)
    folder = str(hub.settings.data_dir / "repositories" / name)
    repository = await Repository.create(name=f"{name} code", git_url=folder, git_branch="main", ssh_key=key, **at)
    inventory = await Inventory.create(name=f"{name} hosts", type="static", inventory="localhost", **at)
    environment = await Environment.create(name=f"{name} group", json="{}", env="{}", **at)
    secret = await Key.create(
        name=f"{name}_SECRET", type="string", owner="environment", environment_id=environment.id, **at
    )
    view = await View.create(title=f"{name} view", position=0, **at)
    common: dict[str, Any] = {"repository": repository, "playbook": "hello.sh", "app": "bash", **at}
    build = await Template.create(name=f"{name} build", type="build", start_version="1", **common)
    template = await Template.create(
        name=f"{name} template", type="deploy", build_template_id=build.id, environment=environment, view=view,
        inventory=inventory, allow_override_args_in_task=True, **common,
    )  # fmt: skip
    plain = await Template.create(name=f"{name} plain", **common)
    tasks = {}
    for one in (template, build):
        made = await Task.create(
            template_id=one.id, status="success", created=now, playbook="", environment="", message=f"{name} message",
            **at,
        )  # fmt: skip
        tasks[one.id] = made.id
    outside = await _furnish_outside(hub, name, key, inventory)
    return Things(
        project.id, key.id, repository.id, inventory.id, environment.id, secret.id, view.id, template.id, build.id,
        plain.id, tasks[template.id], tasks[build.id], *outside,
    )  # fmt: skip


async def _furnish_outside(hub: Hub, name: str, key: Key, inventory: Inventory) -> tuple[int, int, int, int, int]:
    """Make what points out of a project: a mapping, a secret storage, a runner, an alias and a state."""
    at = {"project_id": key.project_id}
    mapping = await HostConfig.create(type="host", host=f"{name}.example.org", ssh_key=key, **at)
    storage = await SecretStorage.create(name=f"{name} storage", type="vault", **at)
    await Key.create(name=f"{name} token", type="string", owner="vault", storage_id=storage.id, **at)
    runner = await Runner.create(name=f"{name} runner", tags=[f"{name} tag"], **at)
    alias = await StateAlias.create(alias=f"{name} alias", inventory=inventory, **at)
    state = await State.create(inventory=inventory, created=hub.clock(), lineage=name, **at)
    return mapping.id, storage.id, runner.id, alias.id, state.id


async def with_triggers(hub: Hub, name: str, things: Things) -> Things:
    """Add what starts tasks by itself, and what lets people in: an integration, a schedule, an invite, a right."""
    at = {"project_id": things.project}
    template = await Template.get(id=things.template)
    now = hub.clock()
    integration = await Integration.create(name=f"{name} hook", template=template, **at)
    matcher = await IntegrationMatcher.create(name=f"{name} matcher", integration=integration)
    value = await IntegrationValue.create(name=f"{name} value", integration=integration)
    own = await IntegrationAlias.create(alias=f"{name}-own-alias", integration=integration, **at)
    shared = await IntegrationAlias.create(alias=f"{name}-shared-alias", **at)
    delivery = await Delivery.create(
        integration=integration, created=now, outcome="started", headers={}, body=f"{name} body", task_ids=[], **at
    )
    schedule = await Schedule.create(name=f"{name} schedule", template=template, cron_format="0 0 * * *", **at)
    invite = await Invite.create(email=f"{name}@example.org", role="guest", digest=f"{name} digest", created=now, **at)
    right = await TemplateRole.create(template=template, role_slug="guest", permissions=1)
    freeze = await Freeze.create(name=f"{name} freeze", cron_format="0 0 1 1 *", minutes=1, **at)
    known = await KnownHost.create(
        host=f"{name}.example.org", key_type="ssh-ed25519", key="AAAA", fingerprint=f"SHA256:{name}", created=now, **at
    )
    channel, notice = await _with_notice(hub, name, things.project)
    hub_channel, hub_notice = await _with_notice(hub, f"hub beside {name}", None)
    artifact = await _with_artifact(hub, name, things.task)
    further = {
        "channel_id": channel, "notice_id": notice, "hub_channel_id": hub_channel, "hub_notice_id": hub_notice,
        "artifact_id": artifact, "freeze_id": freeze.id, "known_host_id": known.id,
        "integration_id": integration.id, "matcher_id": matcher.id, "value_id": value.id, "delivery_id": delivery.id,
        "integration_alias_id": own.id, "project_alias_id": shared.id, "schedule_id": schedule.id,
        "invite_id": invite.id, "perm_id": right.id,
    }  # fmt: skip
    return replace(things, further=further)


async def _with_notice(hub: Hub, name: str, project_id: int | None) -> tuple[int, int]:
    """A channel, and something that could not be told over it."""
    now = hub.clock()
    channel = await Channel.create(
        name=f"{name} channel", notifier="slack", params={}, events=["task.failed"], created=now, project_id=project_id
    )
    notice = await Notification.create(
        channel=channel, event="task.failed", notice={"sentence": f"{name} told"}, state="failed", created=now
    )
    return channel.id, notice.id


async def _with_artifact(hub: Hub, name: str, task_id: int) -> int:
    """Let a task have a passport and a published file; its number is not one that files of other tasks have, too."""

    async def content() -> AsyncIterator[bytes]:
        yield name.encode()

    passport = {
        "variables": {"word": "canary-of-workers"},
        "commands": [{"argv": ["canary-of-workers"]}],
        "app": "bash",
    }
    await TaskResult.create(task_id=task_id, kind=PASSPORT, created=hub.clock(), data=passport)
    number = 1000 + task_id
    about = {"id": number, "name": f"{name}.txt", "size": len(name), "sha256": sha256(name.encode()).hexdigest()}
    await artifacts.keep_numbered(hub, task_id, number, content())
    await TaskResult.create(task_id=task_id, kind=files.KIND, created=hub.clock(), data={"files": [about]})
    return number
