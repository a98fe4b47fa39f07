"""The client for hubs elsewhere against a real web server: whether it waits or not, it does the same."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from pydantic import TypeAdapter

from hub import shapes
from hub.client import (
    AsyncClient,
    Changed,
    Client,
    Conflict,
    Forbidden,
    HubError,
    Invalid,
    NotFound,
    Output,
    Refusal,
    State,
    TimedOut,
    Unauthenticated,
    Unreachable,
)
from hub.models import Task, View
from hub.testing.booted import booted, working
from hub.testing.scene import make_scene

from .live_server import live_server, person


class Waiting:
    """Calls the client that waits, beside the loop of the test."""

    def __init__(self, url: str, token: str) -> None:
        self.client = Client(url, token, retries=1)

    async def do(self, work):
        return await asyncio.to_thread(work, self.client)

    async def all(self, work):
        return await asyncio.to_thread(lambda: list(work(self.client)))

    async def close(self):
        await asyncio.to_thread(self.client.close)


class Meanwhile(Waiting):
    """Calls the one that lets others work."""

    def __init__(self, url: str, token: str) -> None:
        self.client = AsyncClient(url, token, retries=1)

    async def do(self, work):
        return await work(self.client)

    async def all(self, work):
        return [one async for one in work(self.client)]

    async def close(self):
        await self.client.close()


@pytest.fixture(params=[Waiting, Meanwhile])
async def kind(request):
    return request.param


@pytest.fixture
async def url(served):
    return f"http://127.0.0.1:{served.port}"


@pytest.fixture
async def hubs(kind, served, url, stage):
    one = kind(url, await served.token(stage.actor))
    yield one
    await one.close()


async def test_things_are_made_read_changed_and_deleted(hubs):
    project = await hubs.do(lambda hub: hub.projects.create("Shop", max_parallel_tasks=2))
    pid = project["id"]
    assert (await hubs.do(lambda hub: hub.projects.named("Shop")))["id"] == pid
    key = await hubs.do(lambda hub: hub.keys.create(pid, name="none", type="none"))
    code = {"name": "code", "git_url": "https://git.example.org/x.git", "git_branch": "main", "ssh_key_id": key["id"]}
    repository = await hubs.do(lambda hub: hub.repositories.create(pid, **code))
    assert await hubs.do(lambda hub: hub.host_configs.list(pid)) == []
    with pytest.raises(Invalid) as refused:
        await hubs.do(lambda hub: hub.keys.delete(pid, key["id"]))
    assert (refused.value.in_use, refused.value.status) == (True, 400)
    await hubs.do(lambda hub: hub.repositories.delete(pid, repository["id"]))
    await hubs.do(lambda hub: hub.keys.change(pid, key["id"], name="renamed"))
    assert (await hubs.do(lambda hub: hub.keys.get(pid, key["id"])))["name"] == "renamed"
    await hubs.do(lambda hub: hub.keys.delete(pid, key["id"]))
    with pytest.raises(NotFound):
        await hubs.do(lambda hub: hub.keys.get(pid, key["id"]))
    me = await hubs.do(lambda hub: hub.users.me())
    assert await hubs.do(lambda hub: hub.users.identities(me["id"])) == []
    assert await hubs.do(lambda hub: hub.request("GET", "/api/ping")) == "pong"


async def test_a_project_is_kept_restored_and_copied(hubs, stage):
    pid = stage.project.id
    await stage.template("hello.sh")
    kept = await hubs.do(lambda hub: hub.projects.backup(pid))
    locked = await hubs.do(lambda hub: hub.projects.backup(pid, passphrase="a long passphrase"))
    assert ("secrets" in kept, bool(locked["secrets"])) == (False, True)
    restored = await hubs.do(lambda hub: hub.projects.restore(locked, name="Again", passphrase="a long passphrase"))
    copied = await hubs.do(lambda hub: hub.projects.copy(pid, name="Copy"))
    assert (restored["name"], copied["name"]) == ("Again", "Copy")
    told = await hubs.do(lambda hub: hub.projects.restore_into(copied["id"], kept, dry_run=True))
    assert told["name"] == kept["meta"]["name"]
    assert len(await hubs.do(lambda hub: hub.templates.list(copied["id"]))) == 1
    assert [one["name"] for one in await hubs.all(lambda hub: hub.projects.each(limit=1))] == sorted(
        {kept["meta"]["name"], "Again", "Copy"}
    )


async def test_a_list_is_gone_through_page_by_page(hubs, stage):
    for number in range(7):
        await View.create(project=stage.project, title=f"v{number}", position=number)
    pid = stage.project.id
    found = await hubs.all(lambda hub: hub.views.each(pid, limit=3, sort="title", order="desc"))
    assert [one["title"] for one in found] == [f"v{number}" for number in range(6, -1, -1)]
    found = await hubs.do(lambda hub: hub.views.list(pid, limit=2, title__not="v0", id__not=[101, 102]))
    assert [one["title"] for one in found] == ["v1", "v2"]
    with pytest.raises(Invalid) as refused:
        await hubs.do(lambda hub: hub.views.list(pid, title__near="x"))
    assert refused.value.field == "title__near"


async def test_a_task_is_run_followed_and_stopped(hubs, stage):
    pid = stage.project.id
    hello, wait = await stage.template("hello.sh"), await stage.template("wait.sh")
    ended = await hubs.do(lambda hub: hub.tasks.run(pid, hello.id, message="by hand"))
    assert (ended["status"], ended["message"]) == ("success", "by hand")
    assert "hello" in (await hubs.do(lambda hub: hub.tasks.log(pid, ended["id"]))).splitlines()
    events = await hubs.all(lambda hub: hub.tasks.follow(pid, ended["id"]))
    texts = "".join(event.text + "\n" for event in events if isinstance(event, Output))
    assert texts.splitlines() == await stage.lines(ended["id"])
    last = events[-1]
    assert isinstance(last, State)
    assert TypeAdapter(shapes.TaskState).validate_python(last.task)["status"] == "success"
    going = await hubs.do(lambda hub: hub.tasks.launch(pid, wait.id))
    with pytest.raises(TimedOut):
        await hubs.do(lambda hub: hub.tasks.wait(pid, going["id"], seconds=0.1))
    with pytest.raises(Conflict):
        await hubs.do(lambda hub: hub.tasks.confirm(pid, going["id"]))
    await hubs.do(lambda hub: hub.tasks.stop(pid, going["id"], force=True))
    assert (await hubs.do(lambda hub: hub.tasks.wait(pid, going["id"])))["status"] == "stopped"
    assert [one["id"] for one in await hubs.all(lambda hub: hub.tasks.each(pid, limit=1))] == [going["id"], ended["id"]]


class Losing(httpx.HTTPTransport):
    """Lets every request arrive, and loses the first answer to one that changes something."""

    lost = False

    def handle_request(self, request):
        came = super().handle_request(request)
        if request.method == "POST" and not self.lost:
            self.lost = True
            came.close()
            raise httpx.ReadError("the connection broke")
        return came


class LosingMeanwhile(httpx.AsyncHTTPTransport):
    """The same, meanwhile."""

    lost = False

    async def handle_async_request(self, request):
        came = await super().handle_async_request(request)
        if request.method == "POST" and not self.lost:
            self.lost = True
            await came.aclose()
            raise httpx.ReadError("the connection broke")
        return came


async def test_a_task_whose_answer_was_lost_is_started_once(hubs, stage):
    wait = await stage.template("wait.sh")
    losing = Losing() if isinstance(hubs.client, Client) else LosingMeanwhile()
    hubs.client.transport.http._transport = losing
    made = await hubs.do(lambda hub: hub.tasks.launch(stage.project.id, wait.id))
    assert losing.lost
    assert await Task.all().values_list("id", flat=True) == [made["id"]]
    await hubs.do(lambda hub: hub.tasks.stop(stage.project.id, made["id"], force=True))


async def test_what_the_hub_refuses_says_why(served, url, stage, kind):
    guest = kind(url, await served.token(await person(stage, "guest", role="guest")))
    nobody = kind(url, "no-such-token")
    pid = stage.project.id
    with pytest.raises(Forbidden) as refused:
        await guest.do(lambda hub: hub.keys.create(pid, name="x", type="none"))
    assert isinstance(refused.value, Refusal | HubError)
    assert str(refused.value).endswith(".")
    with pytest.raises(Unauthenticated):
        await nobody.do(lambda hub: hub.projects.list())
    with pytest.raises(NotFound):
        await guest.do(lambda hub: hub.projects.get(pid + 1))
    with pytest.raises(Unreachable):
        await kind("http://127.0.0.1:1", "x").do(lambda hub: hub.users.me())
    await guest.close()
    await nobody.close()


async def test_a_change_that_crosses_another_is_refused(hubs, stage):
    pid = stage.project.id
    view = await View.create(project=stage.project, title="v", position=0)
    version = {"If-Match": '"' + "0" * 32 + '"'}
    where, body = f"/project/{pid}/views/{view.id}", {"id": view.id, "project_id": pid, "title": "mine", "position": 0}
    with pytest.raises(Changed):
        await hubs.do(lambda hub: hub.request("PUT", where, body=body, headers=version))
    await view.refresh_from_db()
    assert view.title == "v"


async def test_a_hub_below_a_path_of_its_host_is_found_there(kind, plugins):
    async with booted(plugins=plugins, public_url="http://127.0.0.1/hub") as hub, working(hub):
        scene = await make_scene(hub, {"hello.sh": "echo hello\n"})
        async with live_server(hub) as server:
            client = kind(f"http://127.0.0.1:{server.port}/hub/", await server.token(scene.actor))
            for number in range(3):
                await View.create(project=scene.project, title=f"v{number}", position=number)
            found = await client.all(lambda one: one.views.each(scene.project.id, limit=1))
            assert len(found) == 3
            await client.close()


async def test_the_token_is_shown_nowhere(served, url, stage, kind, caplog):
    token = await served.token(stage.actor)
    client = kind(url, token)
    with caplog.at_level(logging.DEBUG):
        await client.do(lambda hub: hub.projects.list())
        with pytest.raises(NotFound) as refused:
            await client.do(lambda hub: hub.tasks.run(stage.project.id, 99))
        gone = kind("http://127.0.0.1:1", token)
        with pytest.raises(Unreachable) as failed:
            await gone.do(lambda hub: hub.users.me())
    shown = [caplog.text, repr(client.client), repr(client.client.transport.connection), repr(vars(client.client))]
    shown += [repr(refused.value), str(failed.value), repr(failed.value), repr(failed.value.__context__)]
    assert "127.0.0.1" in caplog.text
    assert [text for text in shown if token in text] == []
    with pytest.raises(HubError) as wrong:
        Client(url, f"{token} and more")
    assert token not in str(wrong.value)
    await client.close()
