"""Nobody gets more rights than somebody who has them gave: roles, rights on templates, tokens, what guests read."""

from __future__ import annotations

import asyncio
import json

import pytest
from quart.testing.connections import WebsocketDisconnectError

from hub.models import Environment, Inventory, Membership, Role, Task, TemplateRole, User
from hub.services import sessions, team, users
from hub.services.actor import Actor
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.team import MemberDraft
from hub.services.watching import Watcher
from hub.testing.booted import administrator

from .people import Caller
from .streams import streaming

SECONDS = 20


def roles_of(things) -> str:
    return f"/project/{things.project}/roles"


@pytest.fixture
async def owner(people, mine):
    return await people.somebody("owner", (mine.project, "owner"))


@pytest.mark.parametrize("slug", ["owner", "manager", "task_runner", "guest", "none", "admin", "", "Owner", "own er",
                                  "owner\n", "owner/", "ówner", "x" * 51])  # fmt: skip
async def test_a_role_named_like_a_built_in_one_cannot_be_made(owner, admin, mine, slug):
    for caller, path in ((owner, roles_of(mine)), (admin, "/roles")):
        reply = await caller.post(path, {"slug": slug, "name": "X", "permissions": 15})
        assert reply.status == 400, reply.data
    assert not await Role.exists()


async def test_a_row_named_like_a_built_in_role_does_not_count(people, mine):
    """However it came into the table, an import for instance (S16)."""
    await Role.create(slug="guest", name="Guest", permissions=15, project_id=None)
    caller = await people.somebody("jane", (mine.project, "guest"))
    assert (await caller.delete(f"/project/{mine.project}/views/{mine.view}")).status == 403
    assert (await caller.get(f"/project/{mine.project}/role")).json == {"role": "guest", "permissions": 0}


async def test_a_role_of_another_project_is_not_assigned_and_gives_nothing(people, admin, owner, mine, theirs):
    await Role.create(slug="ops", name="Ops", permissions=15, project_id=theirs.project)
    jane = await people.somebody("jane", (mine.project, "guest"))
    for caller in (owner, admin):
        path = f"/project/{mine.project}/users/{jane.actor.user_id}"
        assert (await caller.put(path, {"role": "ops"})).status == 400
        perms = f"/project/{mine.project}/templates/{mine.template}/perms"
        assert (await caller.post(perms, {"role_slug": "ops", "permissions": 1})).status == 400
        assert (await caller.get(f"{roles_of(mine)}/ops")).status == 404
        assert (await caller.put(f"{roles_of(mine)}/ops", {"name": "x", "permissions": 0})).status == 404
        assert (await caller.delete(f"{roles_of(mine)}/ops")).status == 404
        assert "ops" not in (await caller.get(f"{roles_of(mine)}?mode=merge")).data.decode()
    await Membership.filter(user_id=jane.actor.user_id).update(role="ops")
    assert (await jane.get(f"/project/{mine.project}/role")).json["permissions"] == 0
    assert (await jane.delete(f"/project/{mine.project}/views/{mine.view}")).status == 403


async def test_nobody_hands_out_more_than_they_have(people, mine):
    """Somebody who manages the team but nothing else makes no owner, neither of others nor of themselves."""
    await Role.create(slug="recruiter", name="Recruiter", permissions=8, project_id=mine.project)
    await Role.create(slug="chief", name="Chief", permissions=15, project_id=mine.project)
    caller = await people.somebody("jane", (mine.project, "recruiter"))
    friend = await people.somebody("joe", (mine.project, "guest"))
    boss = await people.somebody("boss", (mine.project, "owner"))
    member = f"/project/{mine.project}/users/"
    for role in ("owner", "manager", "task_runner", "chief"):
        for user in (caller, friend):
            assert (await caller.put(f"{member}{user.actor.user_id}", {"role": role})).status == 403
    assert (await caller.put(f"{member}{boss.actor.user_id}", {"role": "guest"})).status == 403
    assert (await caller.delete(f"{member}{boss.actor.user_id}")).status == 403
    assert (await caller.post(roles_of(mine), {"slug": "new-one", "name": "x", "permissions": 1})).status == 403
    assert (await caller.put(f"{roles_of(mine)}/recruiter", {"name": "x", "permissions": 15})).status == 403
    assert (await caller.put(f"{roles_of(mine)}/chief", {"name": "x", "permissions": 0})).status == 403
    assert (await caller.delete(f"{roles_of(mine)}/chief")).status == 403
    assert (await caller.put(f"{member}{friend.actor.user_id}", {"role": "recruiter"})).status == 204
    assert (await caller.post(roles_of(mine), {"slug": "mate", "name": "Mate", "permissions": 8})).status == 201


async def test_rights_on_a_template_reach_that_template_alone_and_no_further(hub, people, mine):
    await Role.create(slug="deployer", name="Deployer", permissions=0, project_id=mine.project)
    caller = await people.somebody("jane", (mine.project, "deployer"))
    manager = await people.somebody("manager", (mine.project, "manager"))
    tasks, perms = f"/project/{mine.project}/tasks", f"/project/{mine.project}/templates/{mine.vault_template}/perms"
    assert (await caller.post(tasks, {"template_id": mine.vault_template})).status == 403
    assert (await manager.post(perms, {"role_slug": "deployer", "permissions": 2})).status == 403
    made = await manager.made(perms, {"role_slug": "deployer", "permissions": 1})
    assert (await manager.post(perms, {"role_slug": "deployer", "permissions": 1})).status == 400
    assert (await manager.post(perms, {"role_slug": "guest", "permissions": 1})).status == 400
    task = (await caller.made(tasks, {"template_id": mine.vault_template}))["id"]
    assert (await caller.post(f"{tasks}/{task}/stop", {})).status == 204
    assert (await caller.post(tasks, {"template_id": mine.build})).status == 403
    other = (await launch(hub, await administrator(), mine.project, TaskDraft(template_id=mine.build)))["id"]
    for verb in ("stop", "confirm", "reject"):
        assert (await caller.post(f"{tasks}/{other}/{verb}", {})).status == 403
    listed = {
        one["id"]: one["permissions"]
        for one in (await caller.get(perms.rpartition("/templates")[0] + "/templates")).json
    }
    assert listed == {mine.vault_template: 1, mine.build: None, mine.template: None}
    assert (await caller.get(perms.removesuffix("/perms"))).json["permissions"] == 1
    assert (await caller.delete(perms.removesuffix("/perms"))).status == 403
    assert (await manager.put(f"{perms}/{made['id']}", {"permissions": 0})).status == 204
    assert (await caller.post(tasks, {"template_id": mine.vault_template})).status == 403
    assert (await manager.put(f"{perms}/{made['id']}", {"permissions": 5})).status == 204
    assert (await caller.put(f"{perms.removesuffix('/perms')}/description", {"description": "x"})).status == 204
    assert (await manager.delete(f"{perms}/{made['id']}")).status == 204
    assert not await TemplateRole.exists()


async def test_a_guest_reads_names_and_no_contents(people, mine):
    """W-64, W-65: variables, hosts, addresses, names of secrets, answers of tasks and e-mail addresses stay away."""
    await Environment.filter(id=mine.environment).update(json='{"canary": 1}', env='{"X": "canary"}', password="canary")
    await Inventory.filter(id=mine.inventory).update(inventory="canary.example.org")
    await Task.filter(id=mine.task).update(environment='{"answer": "canary"}', params={"x": "canary"})
    await Role.create(slug="visitor", name="Visitor", permissions=0, project_id=mine.project)
    boss = await people.somebody("canary", (mine.project, "owner"))
    at = f"/project/{mine.project}"
    paths = [f"{at}/environment", f"{at}/environment/{mine.environment}", f"{at}/inventory", f"{at}/tasks",
             f"{at}/inventory/{mine.inventory}", f"{at}/repositories", f"{at}/repositories/{mine.repository}",
             f"{at}/keys", f"{at}/tasks/last", f"{at}/tasks/{mine.task}", f"{at}/templates",
             f"{at}/templates/{mine.template}", f"{at}/templates/{mine.template}/tasks",
             f"{at}/views/{mine.view}/templates", f"{at}/users/{boss.actor.user_id}"]  # fmt: skip
    for role in ("guest", "visitor"):
        caller = await people.somebody(role, (mine.project, role))
        for path in paths:
            reply = await caller.get(path)
            assert reply.status == 200, path
            text = reply.data.decode().replace('"canary"', "").replace('"Canary"', "")  # username and name
            assert "canary" not in text, (path, text)
            assert "mine_SECRET" not in text
            assert "/repositories/mine" not in text
        assert (await caller.get(f"{at}/keys/{mine.secret}")).status == 404
    runner = await people.somebody("runner", (mine.project, "task_runner"))
    assert "canary" in (await runner.get(paths[1])).json["json"]
    assert (await runner.get(paths[1])).json["password"] is None
    assert "canary" in (await runner.get(f"{at}/tasks/{mine.task}")).data.decode()
    manager = await people.somebody("manager", (mine.project, "manager"))
    assert (await manager.get(paths[1])).json["secrets"][0]["name"] == "mine_SECRET"


async def test_a_limited_token_makes_no_token_and_opens_no_page(hub, people, mine):
    actor = await administrator()
    for draft in (sessions.TokenDraft(scopes=["read", "run", "manage"]), sessions.TokenDraft(project_id=mine.project),
                  sessions.TokenDraft(scopes=["admin"])):  # fmt: skip
        caller = Caller(people.app, actor, token=(await sessions.create_token(hub, actor, draft))["id"])
        assert (await caller.post("/user/tokens", {})).status == 403
        assert (await caller.delete(f"/user/tokens/{caller.token[:8]}")).status == 403
        for path in ("/tokens", "/account", f"/project/{mine.project}"):
            assert (await caller.call("GET", path)).status == 403, path
        assert (await caller.call("POST", "/account/tokens", {})).status == 403


async def test_a_token_never_outgrows_its_owner(hub, people, mine):
    owner = await people.actor("jane", (mine.project, "owner"))
    made = await sessions.create_token(hub, owner, sessions.TokenDraft(scopes=["manage"]))
    caller = Caller(people.app, owner, token=made["id"])
    path = f"/project/{mine.project}/views/{mine.view}"
    assert (await caller.post("/projects", {"name": "x"})).status in {201, 401}
    assert (await caller.post(f"/project/{mine.project}/tasks", {"template_id": mine.build})).status == 403
    await Membership.filter(user_id=owner.user_id).update(role="guest")
    assert (await caller.delete(path)).status == 403
    await Membership.filter(user_id=owner.user_id).delete()
    assert (await caller.delete(path)).status == 404


async def test_a_service_account_has_tokens_and_no_way_to_sign_in(hub, people, admin, mine):
    body = {"username": "deploy", "name": "Deploy", "email": "deploy@example.org", "service": True}
    assert (await admin.post("/users", body | {"password": "secret"})).status == 400
    made = await admin.made("/users", body)
    assert made["service"] is True
    assert (await admin.post(f"/users/{made['id']}/password", {"password": "secret"})).status == 400
    await User.filter(id=made["id"]).update(password_hash=(await User.get(username="admin")).password_hash)
    reply = await people.nobody().post("/auth/login", {"auth": "deploy", "password": "changeme"})
    assert reply.status == 401
    jane = await people.somebody("jane")
    path = f"/users/{made['id']}/tokens"
    assert (await jane.post(path, {})).status == 403
    assert (await admin.post(f"/users/{jane.actor.user_id}/tokens", {})).status == 400
    assert (await admin.post(path, {"project_id": mine.project})).status == 404
    await Membership.create(project_id=mine.project, user_id=made["id"], role="task_runner")
    token = await admin.made(path, {"name": "ci", "scopes": ["run"], "project_id": mine.project})
    caller = Caller(people.app, token=token["id"])
    assert (await caller.post(f"/project/{mine.project}/tasks", {"template_id": mine.build})).status == 201
    assert (await caller.get("/users")).status == 403
    listed = (await admin.get(path)).json
    assert [(one["id"], one["name"], one["scopes"], one["project_id"]) for one in listed] == [
        (token["id"][:8], "ci", ["run"], mine.project)
    ]
    assert listed[0]["last_used"]
    assert (await admin.delete(f"{path}/{token['id'][:8]}")).status == 204
    assert (await caller.get("/user")).status == 401


@pytest.mark.parametrize("body", [{"scopes": []}, {"scopes": ["everything"]}, {"scopes": ["admin"]}, {"scopes": "run"},
                                  {"scopes": ["read", "Admin"]}])  # fmt: skip
async def test_unknown_scopes_and_those_beyond_ones_own_are_refused(people, body):
    jane = await people.somebody("jane")
    assert (await jane.post("/user/tokens", body)).status == 400


async def removed(hub, things, caller):
    await team.remove_member(hub, await administrator(), things.project, caller.actor.user_id)


async def deleted(hub, things, caller):
    await users.delete_user(hub, await administrator(), caller.actor.user_id)


async def token_gone(hub, things, caller):
    await sessions.delete_token(hub, caller.actor, caller.token)


async def signed_out(hub, things, caller):
    await sessions.close_session(hub, caller.cookie)


@pytest.mark.parametrize("loss", [removed, deleted, token_gone, signed_out], ids=lambda loss: loss.__name__)
async def test_an_open_stream_ends_the_moment_its_right_does(app, hub, people, mine, loss, monkeypatch):
    """Nothing rings for the task, and the stream would look by itself only after a day."""
    monkeypatch.setattr("hub.web.live.POLL", 86_400.0)
    actor = await people.actor("jane", (mine.project, "guest"))
    caller = await (people.with_session if loss is signed_out else people.with_token)(actor)
    task_id = (await launch(hub, await administrator(), mine.project, TaskDraft(template_id=mine.build)))["id"]
    async with asyncio.timeout(SECONDS), streaming(app, caller, mine, task_id) as connection:
        assert b"waiting" in await connection.receive()
        await loss(hub, mine, caller)
        assert await connection.receive() == b""


@pytest.mark.parametrize("loss", [deleted, token_gone, signed_out], ids=lambda loss: loss.__name__)
async def test_an_open_socket_ends_the_moment_its_right_does(app, hub, people, mine, loss, monkeypatch):
    monkeypatch.setattr("hub.web.live.POLL", 86_400.0)
    actor = await people.actor("jane", (mine.project, "guest"))
    caller = await (people.with_session if loss is signed_out else people.with_token)(actor)
    async with app.test_client(use_cookies=False).websocket("/api/ws", headers=caller.headers()) as socket:
        async with asyncio.timeout(SECONDS):
            while not socket.accepted:  # what was there before is not told
                await asyncio.sleep(0)
            await launch(hub, await administrator(), mine.project, TaskDraft(template_id=mine.build))
            assert json.loads(await socket.receive())["status"] == "waiting"
            await loss(hub, mine, caller)
            with pytest.raises(WebsocketDisconnectError):
                await socket.receive()


async def test_a_socket_of_a_token_of_one_project_tells_of_that_project_alone(hub, mine, theirs):
    admin = await administrator()
    watcher = Watcher(hub, Actor("token", admin.user_id, "admin", everywhere=True, project_id=mine.project))
    await watcher.begin()
    for things in (theirs, mine):
        await launch(hub, admin, things.project, TaskDraft(template_id=things.build))
    assert await watcher.still_allowed()
    found = [message async for message in watcher.news(["task/"])]
    assert {message["project_id"] for message in found} == {mine.project}


async def test_a_changed_role_counts_at_once_and_one_in_use_stays(hub, people, owner, mine):
    await owner.made(roles_of(mine), {"slug": "ops", "name": "Ops", "permissions": 4})
    jane = await people.somebody("jane", (mine.project, "guest"))
    await team.change_role(hub, owner.actor, mine.project, jane.actor.user_id, MemberDraft(role="ops"))
    view = f"/project/{mine.project}/views/{mine.view}"
    assert (await jane.put(view, {"title": "x"})).status == 204
    reply = await owner.delete(f"{roles_of(mine)}/ops")
    assert (reply.status, reply.json["inUse"], "jane" in reply.json["error"]) == (400, True, True)
    assert (await owner.put(f"{roles_of(mine)}/ops", {"name": "", "permissions": 1})).json["error"] == (
        "Role name cannot be empty"
    )
    assert (await owner.put(f"{roles_of(mine)}/ops", {"name": "Ops", "permissions": 1})).status == 204
    assert (await jane.put(view, {"title": "y"})).status == 403
    await team.remove_member(hub, owner.actor, mine.project, jane.actor.user_id)
    assert (await owner.delete(f"{roles_of(mine)}/ops")).status == 204
    assert (await owner.get(f"{roles_of(mine)}/ops")).status == 404


async def test_roles_of_the_hub_are_for_administrators_and_known_to_everybody(people, admin, owner, mine):
    for method, path in (("GET", "/roles"), ("POST", "/roles"), ("PUT", "/roles/x"), ("DELETE", "/roles/x")):
        assert (await owner.call(method, f"/api{path}", {})).status == 403
    body = {"slug": "auditor", "name": "Auditor", "permissions": 0}
    assert await admin.made("/roles", body) == body | {"project_id": None}
    assert (await owner.get("/info")).json["roles"] == [body | {"project_id": None}]
    assert [one["slug"] for one in (await owner.get(f"{roles_of(mine)}/all")).json] == ["auditor"]
    assert (await owner.get(roles_of(mine))).json == []
    merged = [one["slug"] for one in (await owner.get(f"{roles_of(mine)}?mode=merge")).json]
    assert merged == ["owner", "manager", "task_runner", "guest", "auditor"]
    assert (await owner.put(f"{roles_of(mine)}/auditor", {"name": "x", "permissions": 1})).status == 404
    jane = await people.somebody("jane", (mine.project, "guest"))
    path = f"/project/{mine.project}/users/{jane.actor.user_id}"
    assert (await owner.put(path, {"role": "auditor"})).status == 204
    assert (await jane.get(f"/project/{mine.project}/role")).json == {"role": "auditor", "permissions": 0}
