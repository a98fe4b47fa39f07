"""Requests: what passes is tried again, what does not is told, and no channel of a project leads inside."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hub_notifiers import egress
from hub_notifiers.outgoing import Message, send

from hub.plugin import NotReady, PluginError, Retry

from . import receivers
from .receivers import HttpReceiver


@pytest.fixture
def networks() -> Iterator[None]:
    yield
    egress.allow("")


def to(receiver: HttpReceiver, *, inside: bool = True) -> Message:
    return Message("Horn", f"{receiver.address}/s3cret/path?key=s3cret", {"a": 1}, inside=inside)


@pytest.mark.parametrize(
    ("status", "headers", "kind", "after"),
    [
        (429, {"Retry-After": "77"}, Retry, 77),
        (503, {"Retry-After": "0"}, Retry, 1),
        (429, {"Retry-After": "999999"}, Retry, 3600),
        (429, {}, NotReady, None),
        (500, {}, NotReady, None),
        (400, {}, PluginError, None),
        (401, {}, PluginError, None),
        (404, {}, PluginError, None),
        (302, {"Location": "http://127.0.0.1/"}, PluginError, None),
    ],
)
async def test_each_refusal_says_what_becomes_of_the_message(
    receiver: HttpReceiver, status: int, headers: dict[str, str], kind: type[PluginError], after: float | None
) -> None:
    receiver.answers.append((status, headers, b"s3cret"))
    with pytest.raises(PluginError) as raised:
        await send(to(receiver))
    assert type(raised.value) is kind
    assert getattr(raised.value, "after", None) == after
    assert "s3cret" not in str(raised.value)
    assert len(receiver.requests) == 1


async def test_a_service_may_name_the_moment_to_come_back(receiver: HttpReceiver) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    receiver.answers.append((503, {"Retry-After": moment}, b""))
    with pytest.raises(Retry) as raised:
        await send(to(receiver))
    assert 300 < raised.value.after <= 600


async def test_a_secret_address_is_written_into_no_log(
    receiver: HttpReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        await send(to(receiver))
    assert "s3cret" not in caplog.text


@pytest.mark.usefixtures("networks")
async def test_a_channel_of_a_project_reaches_the_hubs_own_network_only_where_it_may(receiver: HttpReceiver) -> None:
    with pytest.raises(PluginError, match="HUB_NOTIFY_NETWORKS"):
        await send(to(receiver, inside=False))
    assert receiver.requests == []
    egress.allow("127.0.0.0/8, 10.0.0.0/8")
    await send(to(receiver, inside=False))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::",
        "fe80::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "224.0.0.1", "ff02::1",
    ],
)  # fmt: skip
def test_no_inner_address_is_public_whatever_it_looks_like(place: str) -> None:
    assert not egress.permitted(ipaddress.ip_address(place))


@pytest.mark.parametrize("place", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_may_be_reached(place: str) -> None:
    assert egress.permitted(ipaddress.ip_address(place))


@pytest.mark.usefixtures("networks")
def test_a_network_that_is_none_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="HUB_NOTIFY_NETWORKS names 'x'"):
        egress.allow("10.0.0.0/8 x")


@pytest.mark.usefixtures("trusted")
async def test_the_certificate_is_checked_against_the_name_though_an_address_is_connected_to(
    trust: ssl.SSLContext,
) -> None:
    async with receivers.http(trust) as secure:
        await send(to(secure))
        assert secure.requests[0].headers["host"] == f"localhost:{secure.port}"
        with pytest.raises(NotReady, match="not trusted"):
            await send(Message("Horn", f"https://127.0.0.1:{secure.port}/", {}, inside=True))


async def test_a_certificate_that_nobody_vouches_for_is_refused(trust: ssl.SSLContext) -> None:
    async with receivers.http(trust) as secure:
        with pytest.raises(NotReady, match="not trusted"):
            await send(to(secure))
        assert secure.requests == []


@pytest.mark.parametrize(
    "url", ["", "file:///srv/note.txt", "gopher://x/", "http://", "https://user:pw@example.com/", "x"]
)
async def test_only_addresses_of_web_servers_are_sent_to(url: str) -> None:
    with pytest.raises(PluginError, match="must begin with https"):
        await send(Message("Horn", url, {}, inside=True))
