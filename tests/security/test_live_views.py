"""Live views show what their reader may see at that moment, and nothing of others: the stream and the socket."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from quart.testing.connections import WebsocketDisconnectError

from hub.models import Membership, Session, Token, User
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.tasks.moves import topic
from hub.services.tasks.stop import stop
from hub.services.watching import Watcher
from hub.testing.booted import administrator

from .streams import streaming

SECONDS = 20


async def receive(connection) -> bytes:
    async with asyncio.timeout(SECONDS):
        return await connection.receive()


async def told(socket):
    async with asyncio.timeout(SECONDS):
        return json.loads(await socket.receive())


@pytest.fixture
def looks(monkeypatch):
    """Gets one entry each time that a socket has been through its news, rights first."""
    done: asyncio.Queue[None] = asyncio.Queue()
    news = Watcher.news

    async def news_and_tell(self, topics):
        async for message in news(self, topics):
            yield message
        done.put_nowait(None)

    monkeypatch.setattr(Watcher, "news", news_and_tell)
    return done


@pytest.fixture
def listening(monkeypatch):
    """Set once a socket has begun to listen."""
    begun = asyncio.Event()
    begin = Watcher.begin

    async def begin_and_tell(self):
        await begin(self)
        begun.set()

    monkeypatch.setattr(Watcher, "begin", begin_and_tell)
    return begun


async def start(hub, things) -> int:
    draft = TaskDraft(template_id=things.vault_template)
    return (await launch(hub, await administrator(), things.project, draft))["id"]


async def lose_session(actor, hub):
    await Session.filter(user_id=actor.user_id).delete()


async def lose_token(actor, hub):
    await Token.filter(user_id=actor.user_id).delete()


async def lose_account(actor, hub):
    await User.filter(id=actor.user_id).delete()


async def lose_membership(actor, hub):
    await Membership.filter(user_id=actor.user_id).delete()


async def outlive_token(actor, hub):
    await Token.filter(user_id=actor.user_id).update(expires=hub.clock())


async def outlive_session(actor, hub):
    long_ago = hub.clock() - timedelta(days=hub.settings.session_idle_days, seconds=1)
    await Session.filter(user_id=actor.user_id).update(last_active=long_ago)


LOSSES = [lose_account, lose_membership, lose_session, outlive_session, lose_token, outlive_token]


async def reader(people, things, loss):
    actor = await people.actor("jane", (things.project, "guest"))
    return await (people.with_token if loss.__name__.endswith("token") else people.with_session)(actor)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
async def test_a_stream_ends_with_the_right_to_it(app, hub, people, mine, loss):
    caller = await reader(people, mine, loss)
    task_id = await start(hub, mine)
    async with streaming(app, caller, mine, task_id) as connection:
        assert b"waiting" in await receive(connection)
        await loss(caller.actor, hub)
        await hub.bell.ring(topic(mine.project, task_id))
        assert await receive(connection) == b""


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
async def test_a_socket_tells_nothing_after_the_right_to_it_is_gone(app, hub, people, mine, loss, listening, looks):
    """Not even for the seconds until it looks again: the next news may be the secret one."""
    caller = await reader(people, mine, loss)
    async with app.test_client(use_cookies=False).websocket("/api/ws", headers=caller.headers()) as socket:
        await listening.wait()
        first = await start(hub, mine)
        assert (await told(socket))["task_id"] == first
        async with asyncio.timeout(SECONDS):
            await looks.get()
        await loss(caller.actor, hub)
        await start(hub, mine)
        if loss is lose_membership:  # the socket itself stays, for other projects
            async with asyncio.timeout(SECONDS):
                await looks.get()  # it has looked at the news of a project that is not the reader's any more
            await Membership.create(user_id=caller.actor.user_id, project_id=mine.project, role="guest")
            last = await start(hub, mine)
            assert (await told(socket))["task_id"] == last
        else:
            with pytest.raises(WebsocketDisconnectError) as end:
                await told(socket)
            assert end.value.args == (1001,)


async def test_a_socket_tells_nothing_of_other_projects(app, hub, people, mine, theirs, listening):
    caller = await people.somebody("jane", (mine.project, "guest"))
    async with app.test_client(use_cookies=False).websocket("/api/ws", headers=caller.headers()) as socket:
        await listening.wait()
        foreign = await start(hub, theirs)
        await stop(hub, await administrator(), theirs.project, foreign)
        own = await start(hub, mine)
        await stop(hub, await administrator(), mine.project, own)
        messages = [await told(socket), await told(socket)]
    assert {message["task_id"] for message in messages} == {own}


async def test_after_a_lost_connection_a_socket_tells_nothing_of_other_projects(hub, people, mine, theirs):
    """The bell then rings for everything: tasks that ran when the socket opened are not all the reader's."""
    caller = await people.somebody("jane", (mine.project, "guest"))
    foreign, own = await start(hub, theirs), await start(hub, mine)
    watcher = Watcher(hub, caller.actor)
    await watcher.begin()
    for project, task in ((theirs.project, foreign), (mine.project, own)):
        await stop(hub, await administrator(), project, task)
    await watcher.still_allowed()
    found = [message async for message in watcher.news(["task/"])]
    assert {message["task_id"] for message in found} == {own}


async def test_a_topic_of_ones_own_project_shows_no_task_of_another(hub, people, mine, theirs):
    caller = await people.somebody("jane", (mine.project, "guest"))
    watcher = Watcher(hub, caller.actor)
    await watcher.begin()
    await watcher.still_allowed()
    foreign = await start(hub, theirs)
    assert [one async for one in watcher.news([f"task/{mine.project}/{foreign}"])] == []


async def test_an_administrator_who_is_none_any_more_sees_no_further(app, hub, people, mine):
    actor = await people.actor("jane")
    await User.filter(id=actor.user_id).update(admin=True)
    caller = await people.with_session(actor)
    task_id = await start(hub, mine)
    async with streaming(app, caller, mine, task_id) as connection:
        assert b"waiting" in await receive(connection)
        await User.filter(id=actor.user_id).update(admin=False)
        await hub.bell.ring(topic(mine.project, task_id))
        assert await receive(connection) == b""


async def test_what_a_client_says_into_the_socket_is_neither_obeyed_nor_kept(app, hub, people, mine, theirs, listening):
    caller = await people.somebody("jane", (mine.project, "guest"))
    async with app.test_client(use_cookies=False).websocket("/api/ws", headers=caller.headers()) as socket:
        for word in ('{"subscribe": "task/2"}', "\0", "x" * 400, '{"type": "auth", "token": "x"}', b"\xff\xfe"):
            await socket.send(word)
        await listening.wait()
        await start(hub, theirs)
        own = await start(hub, mine)
        assert (await told(socket))["task_id"] == own


async def test_a_stream_of_a_task_of_another_project_does_not_open(app, people, mine, theirs):
    caller = await people.somebody("jane", (mine.project, "owner"))
    for project, task in [(mine.project, theirs.task), (theirs.project, theirs.task), (theirs.project, mine.task),
                          (mine.project, 2_000_000_000), (mine.project, 99_999_999_999)]:  # fmt: skip
        reply = await caller.call("GET", f"/api/project/{project}/tasks/{task}/stream")
        assert reply.status == 404
