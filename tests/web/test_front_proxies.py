"""What proxies say is believed from trusted addresses only, and never further than they vouch for it."""

from __future__ import annotations

from typing import Any

import pytest

from hub.settings import Settings
from hub.web.front.proxies import behind_proxies

TRUSTED = "127.0.0.1, 10.0.0.0/8, 2001:db8:ffff::/48"


async def seen(peer: str, headers: dict[str, str], **settings: Any) -> dict[str, Any]:
    """Return the scope that the application gets."""
    found: dict[str, Any] = {}

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        found.update(scope)

    scope = {
        "type": "http", "scheme": "http", "client": (peer, 5), "path": "/",
        "headers": [(b"host", b"inside:3000"), *((key.encode(), value.encode()) for key, value in headers.items())],
    }  # fmt: skip
    await behind_proxies(app, Settings(**{"trusted_proxies": TRUSTED, **settings}))(scope, None, None)
    return found


async def client(peer: str, **headers: str) -> str:
    return str((await seen(peer, {name.replace("_", "-"): text for name, text in headers.items()}))["client"][0])


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("1.2.3.4, 198.51.100.7", "198.51.100.7"),  # the left one was written by the client itself
        ("1.2.3.4, 198.51.100.7, 10.9.9.9", "198.51.100.7"),  # two proxies of ours
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),  # everybody is ours: the first
        ("198.51.100.7:4711", "198.51.100.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7, unknown", "10.0.0.2"),
        ("198.51.100.7, unknown, 10.3.3.3", "10.3.3.3"),
        ("", "10.0.0.2"),
        (",,,", "10.0.0.2"),
    ],
)
async def test_the_address_is_the_right_most_that_is_no_proxy_of_ours(chain: str, expected: str) -> None:
    assert await client("10.0.0.2", x_forwarded_for=chain) == expected


@pytest.mark.parametrize("peer", ["198.51.100.1", "192.168.1.1", "2001:db8::1"])
async def test_a_stranger_is_believed_nothing_and_its_words_go_no_further(peer: str) -> None:
    lies = {
        "x-forwarded-for": "1.2.3.4", "x-real-ip": "1.2.3.4", "forwarded": "for=1.2.3.4;proto=https;host=evil.example",
        "x-forwarded-proto": "https", "x-forwarded-host": "evil.example", "x-forwarded-prefix": "/evil",
    }  # fmt: skip
    scope = await seen(peer, lies)
    assert scope["client"][0] == peer
    assert scope["scheme"] == "http"
    assert scope["headers"] == [(b"host", b"inside:3000")]
    assert not [name for name in scope if name.startswith("hub.")]


async def test_nobody_is_believed_where_nobody_is_trusted() -> None:
    for peer in ("127.0.0.1", "", "::1"):
        assert (await seen(peer, {"x-forwarded-for": "1.2.3.4"}, trusted_proxies="none"))["client"][0] == peer


async def test_this_machine_is_trusted_unless_told_otherwise() -> None:
    trusted = str(Settings().trusted_proxies)
    assert "127.0.0.0/8" in trusted
    assert "::1/128" in trusted
    assert "10.0.0.0" not in trusted
    assert "10.0.0.0" in str(Settings(trusted_proxies="private").trusted_proxies)


async def test_scheme_and_host_are_those_that_the_browser_used() -> None:
    scope = await seen("127.0.0.1", {"x-forwarded-proto": "https", "x-forwarded-host": "hub.example.org"})
    assert scope["scheme"] == "https"
    assert scope["headers"][0] == (b"host", b"hub.example.org")


async def test_lists_of_several_proxies_are_read_at_the_same_place() -> None:
    said = {
        "x-forwarded-for": "6.6.6.6, 198.51.100.7, 10.0.0.9",
        "x-forwarded-proto": "https, http, https",
        "x-forwarded-host": "evil.example, hub.example.org, inner",
    }
    scope = await seen("10.0.0.2", said)
    assert (scope["client"][0], scope["scheme"]) == ("198.51.100.7", "http")
    assert scope["headers"][0] == (b"host", b"hub.example.org")


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "x@y", "evil.example\r\nX: y", "[::1", "a:999999"])
async def test_a_host_that_is_none_changes_nothing(host: str) -> None:
    assert (b"host", b"inside:3000") in (await seen("127.0.0.1", {"x-forwarded-host": host}))["headers"]


@pytest.mark.parametrize(
    ("text", "expected", "scheme"),
    [
        ("for=198.51.100.7;proto=https", "198.51.100.7", "https"),
        ('for="[2001:db8::7]:4711"; proto=http', "2001:db8::7", "http"),
        ("for=1.2.3.4, for=198.51.100.7;proto=https, for=10.0.0.9;proto=http", "198.51.100.7", "https"),
        ('for="1.2.3.4, for=5.6.7.8", for=198.51.100.7', "198.51.100.7", "http"),
        ('for=1.2.3.4, for="198.51.100.7', "10.0.0.2", "http"),  # an open quote: nothing is believed
        ("for=_hidden;proto=https", "10.0.0.2", "https"),
        ("nonsense", "10.0.0.2", "http"),
    ],
)
async def test_the_standard_header_is_read_where_it_is_asked_for(text: str, expected: str, scheme: str) -> None:
    scope = await seen("10.0.0.2", {"forwarded": text, "x-forwarded-for": "6.6.6.6"}, proxy_headers="forwarded")
    assert (scope["client"][0], scope["scheme"]) == (expected, scheme)


async def test_only_one_kind_of_header_is_read() -> None:
    """A proxy that writes one kind passes the other one on as a stranger wrote it."""
    assert await client("10.0.0.2", forwarded="for=6.6.6.6", x_real_ip="6.6.6.6") == "10.0.0.2"
    assert await client("10.0.0.2", forwarded="for=6.6.6.6", x_forwarded_for="198.51.100.7") == "198.51.100.7"


@pytest.mark.parametrize("text", ["10.0.0.0/33", "proxy.example.org", "10.0.0.1/8"])
def test_a_malformed_network_is_named(text: str) -> None:
    from hub.errors import SettingsError
    from hub.settings import read_settings

    with pytest.raises(SettingsError, match="HUB_TRUSTED_PROXIES"):
        read_settings({"HUB_TRUSTED_PROXIES": text})
