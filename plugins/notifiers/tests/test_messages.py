"""What really leaves for each service: its own shape, escaped as it wants it, and secrets where they belong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hub_notifiers import hub_notifiers

from hub.plugin import PluginError, Refused, Retry

from .receivers import HttpReceiver

EVERY = {one.name: one for one in hub_notifiers()}
LINK = "https://hub.example.com/project/7/tasks/12"


@pytest.fixture
def send(receiver: HttpReceiver, notice: Any) -> Any:
    async def sends(name: str, event: str = "", **members: Any) -> Any:
        from dataclasses import replace

        notifier = EVERY[name]
        fields = notifier.params_type.model_fields
        secrets = members.pop("secrets", {})
        if "url" in fields:
            secrets.setdefault("url", f"{receiver.address}/hook?access_token=abc")
        if "server" in fields:
            members["server"] = receiver.address
        told = notice(**secrets)
        told = replace(told, event=event) if event else told
        await notifier.send(notifier.params_type(**members, **dict.fromkeys(secrets, 1)), told)
        return receiver.requests[-1]

    return sends


async def test_slack_gets_an_attachment_that_calls_nobody(send: Any) -> None:
    request = await send("slack")
    [attachment] = request.json["attachments"]
    assert (request.method, request.target) == ("POST", "/hook?access_token=abc")
    assert attachment["color"] == "danger"
    assert attachment["title_link"] == LINK
    assert "Deploy &lt;shop&gt; &amp; *co* failed" in attachment["text"]
    assert {"title": "Started by", "value": "Ann", "short": True} in attachment["fields"]


async def test_teams_gets_a_card(send: Any) -> None:
    request = await send("teams")
    [attachment] = request.json["attachments"]
    card = attachment["content"]
    assert (request.json["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["type"], card["version"], card["msteams"]) == ("AdaptiveCard", "1.4", {"width": "Full"})
    assert card["body"][1]["text"].startswith("❌ Deploy <shop> & \\*co\\* failed")
    assert {"title": "Task", "value": "#12"} in card["body"][2]["facts"]
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open in the hub", "url": LINK}]


async def test_telegram_gets_html_at_the_address_of_the_bot(send: Any) -> None:
    request = await send("telegram", chat="-100", thread=5, secrets={"token": "123:ABC"})
    assert request.target == "/bot123:ABC/sendMessage"
    assert (request.json["chat_id"], request.json["message_thread_id"], request.json["parse_mode"]) == (
        "-100",
        5,
        "HTML",
    )
    assert "Deploy &lt;shop&gt; &amp; *co* failed" in request.json["text"]


async def test_telegram_writes_to_the_projects_own_chat_and_to_nobody_without_one(
    send: Any, receiver: HttpReceiver, notice: Any
) -> None:
    from dataclasses import replace

    telegram = EVERY["telegram"]
    params = telegram.params_type(token=1, thread=5, server=receiver.address)
    with pytest.raises(Refused, match="id of a chat"):
        await telegram.send(params, notice(token="123:ABC"))
    assert receiver.requests == []
    await telegram.send(params, replace(notice(token="123:ABC"), chat="@own"))
    assert receiver.requests[0].json["chat_id"] == "@own"
    assert "message_thread_id" not in receiver.requests[0].json


@pytest.mark.parametrize("name", ["mattermost", "rocketchat"])
async def test_chats_of_ones_own_call_nobody(send: Any, name: str) -> None:
    request = await send(name, channel="#ops")
    assert request.json["channel"] == "#ops"
    assert b"@all" not in request.body
    assert request.json["attachments"][0]["title_link"] == LINK


async def test_discord_gets_an_embed_and_may_mention_nobody(send: Any) -> None:
    request = await send("discord")
    [embed] = request.json["embeds"]
    assert request.json["allowed_mentions"] == {"parse": []}
    assert (embed["url"], embed["color"]) == (LINK, 0xD63939)
    assert "\\*co\\*" in embed["description"]


async def test_dingtalk_is_signed(send: Any) -> None:
    request = await send("dingtalk", secrets={"secret": "SEC1"})
    query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
    text = f"{query['timestamp']}\nSEC1".encode()
    assert query["access_token"] == "abc"
    assert query["sign"] == base64.b64encode(hmac.new(b"SEC1", text, hashlib.sha256).digest()).decode()
    assert request.json["msgtype"] == "markdown"


@pytest.mark.parametrize(("code", "kind"), [(130101, Retry), (310000, PluginError), (400, PluginError)])
async def test_dingtalk_says_no_with_a_yes(send: Any, receiver: HttpReceiver, code: int, kind: type[Exception]) -> None:
    receiver.answers.append((200, {}, f'{{"errcode": {code}}}'.encode()))
    with pytest.raises(kind):
        await send("dingtalk")


async def test_gotify_gets_the_token_in_a_header(send: Any) -> None:
    request = await send("gotify", secrets={"token": "tok"})
    assert (request.target, request.headers["x-gotify-key"]) == ("/message", "tok")
    assert request.json["extras"]["client::notification"] == {"click": {"url": LINK}}
    assert request.json["priority"] == 8


async def test_ntfy_gets_the_topic_in_the_body(send: Any) -> None:
    request = await send("ntfy", topic="hub", secrets={"token": "tok"})
    assert (request.target, request.headers["authorization"]) == ("/", "Bearer tok")
    assert (request.json["topic"], request.json["click"], request.json["priority"]) == ("hub", LINK, 4)


async def test_pagerduty_opens_an_incident_and_closes_that_very_one(send: Any, receiver: HttpReceiver) -> None:
    opened = (await send("pagerduty", secrets={"key": "K"})).json
    closed = (await send("pagerduty", "task.recovered", secrets={"key": "K"})).json
    assert (opened["event_action"], closed["event_action"]) == ("trigger", "resolve")
    assert opened["dedup_key"] == closed["dedup_key"]
    assert (opened["routing_key"], opened["payload"]["severity"]) == ("K", "error")
    before = len(receiver.requests)
    with pytest.raises(Refused):
        await send("pagerduty", "task.started", secrets={"key": "K"})
    assert len(receiver.requests) == before


async def test_a_webhook_is_signed_over_its_time_and_body(send: Any) -> None:
    request = await send(
        "webhook", method="PUT", headers=["X-Team: ops"], secrets={"secret": "S", "authorization": "Bearer T"}
    )
    signed = request.headers["x-hub-timestamp"].encode() + b"." + request.body
    assert request.headers["x-hub-signature"] == f"sha256={hmac.new(b'S', signed, hashlib.sha256).hexdigest()}"
    assert (request.method, request.headers["x-team"], request.headers["authorization"]) == ("PUT", "ops", "Bearer T")
    assert (request.headers["x-hub-event"], request.headers["x-hub-delivery"]) == ("task.failed", "hub-99")
    assert request.json["task"] == {
        "id": 12, "status": "error", "template": "Deploy <shop> & *co*", "author": "Ann", "version": "1.2",
        "message": 'say "hi"\nnow',
    }  # fmt: skip


@pytest.mark.parametrize("line", ["Host: x", "X-Hub-Event: x", "no colon", "A: b\r\nC: d", "Content-Length: 3"])
def test_a_webhook_takes_no_header_that_would_change_the_request(line: str) -> None:
    with pytest.raises(ValueError, match="header"):
        EVERY["webhook"].params_type(url=1, headers=[line])
