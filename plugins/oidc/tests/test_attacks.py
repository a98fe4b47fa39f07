"""A whole sign-in against a real provider, and every way to cheat in it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from hub_oidc.params import OidcParams
from hub_oidc.provider import OidcProvider
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hub.plugin import AuthRejected, Identity, NotReady
from hub.testing.oidc_server import OidcServer, oidc_server

CALLBACK = "http://127.0.0.1:3000/api/auth/oidc/office/redirect"
JANE = {"sub": "u-1", "preferred_username": "Jane", "name": "Jane Doe", "email": "jane@example.org",
        "email_verified": True, "groups": ["ops", "dev"]}  # fmt: skip


@pytest.fixture
async def server() -> AsyncIterator[OidcServer]:
    async with oidc_server(person=dict(JANE)) as one:
        yield one


def params(server: OidcServer, **more: Any) -> OidcParams:
    given = {"provider_url": server.address, "client_id": "hub", "client_secret": "client-secret",
             "groups_claim": "groups"}  # fmt: skip
    return OidcParams.model_validate(given | more)


async def visit_provider(url: str) -> dict[str, str]:
    """What the provider sends the browser back with."""
    async with httpx2.AsyncClient() as browser:
        answer = await browser.get(url)
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(CALLBACK + "?")
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


async def sign_in(
    server: OidcServer, provider: OidcProvider | None = None, *, change: Any = None, **more: Any
) -> Identity:
    provider, told = provider or OidcProvider(), params(server, **more)
    begun = await provider.begin(told, CALLBACK)
    query = await visit_provider(begun.url)
    for name, value in (change or {}).items():
        query.pop(name, None)
        query |= {name: value} if value is not None else {}
    return await provider.finish(told, CALLBACK, query, begun.state)


async def refused(server: OidcServer, **more: Any) -> str:
    with pytest.raises(AuthRejected) as error:
        await sign_in(server, **more)
    return str(error.value)


async def test_somebody_signs_in_with_code_pkce_state_and_nonce(server: OidcServer) -> None:
    identity = await sign_in(server)
    assert (identity.subject, identity.username, identity.name) == ("u-1", "Jane", "Jane Doe")
    assert (identity.email, identity.email_verified, identity.groups) == ("jane@example.org", True, ("ops", "dev"))


async def test_the_secret_is_sent_to_the_token_endpoint_alone(server: OidcServer) -> None:
    begun = await OidcProvider().begin(params(server), CALLBACK)
    assert "client-secret" not in begun.url + repr(params(server)) + str(begun.state)
    asked = dict(parse_qsl(urlsplit(begun.url).query))
    assert asked["code_challenge_method"] == "S256"
    assert begun.state["verifier"] not in begun.url


@pytest.mark.parametrize("method", ["basic", "post"])
async def test_the_secret_is_shown_as_the_provider_wants_it(server: OidcServer, method: str) -> None:
    server.clients["hub"] = "a:b&c %é"
    assert await sign_in(server, client_auth=method, client_secret="a:b&c %é")


async def test_a_public_client_needs_no_secret(server: OidcServer) -> None:
    server.clients["hub"] = ""
    assert await sign_in(server, client_secret="")


async def test_a_wrong_secret_is_told_in_a_sentence(server: OidcServer) -> None:
    assert "invalid_client" in await refused(server, client_secret="wrong")


@pytest.mark.parametrize("state", [None, "", "other"])
async def test_an_answer_with_another_state_is_refused_before_anything_is_asked(
    server: OidcServer, state: str | None
) -> None:
    assert "another sign-in" in await refused(server, change={"state": state})
    assert "token" not in server.asked


async def test_the_state_of_another_browser_is_refused(server: OidcServer) -> None:
    provider, told = OidcProvider(), params(server)
    mine, others = await provider.begin(told, CALLBACK), await provider.begin(told, CALLBACK)
    query = await visit_provider(mine.url)
    with pytest.raises(AuthRejected):
        await provider.finish(told, CALLBACK, query, others.state)
    query = await visit_provider(mine.url) | {"state": others.state["state"]}  # a code that was put into a sign-in
    with pytest.raises(AuthRejected):
        await provider.finish(told, CALLBACK, query, others.state)


async def test_a_code_is_good_once(server: OidcServer) -> None:
    provider, told = OidcProvider(), params(server)
    begun = await provider.begin(told, CALLBACK)
    query = await visit_provider(begun.url)
    await provider.finish(told, CALLBACK, query, begun.state)
    with pytest.raises(AuthRejected, match="invalid_grant"):
        await provider.finish(told, CALLBACK, query, begun.state)


@pytest.mark.parametrize("issuer", [None, "https://evil.example.org"])
async def test_an_answer_of_another_provider_is_refused(server: OidcServer, issuer: str | None) -> None:
    assert "another sign-in provider" in await refused(server, change={"iss": issuer})
    assert "token" not in server.asked


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "other"}, {"nonce": None}, {"aud": "other"}, {"aud": ["other"]}, {"aud": ["hub", "other"]},
        {"aud": ["hub", "other"], "azp": "other"}, {"azp": "other"}, {"iss": "https://evil.example.org"},
        {"exp": 1}, {"exp": None}, {"iat": None}, {"sub": None}, {"sub": ""}, {"iss": None},
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_that_is_not_for_this_sign_in_is_refused(server: OidcServer, lie: dict[str, Any]) -> None:
    server.in_token = lambda claims: {name: v for name, v in (claims | lie).items() if v is not None}
    assert await refused(server)


async def test_clocks_may_differ_a_little(server: OidcServer) -> None:
    now = int(time.time())
    server.in_token = lambda claims: claims | {"iat": now - 90, "exp": now - 30}
    assert await sign_in(server)
    assert await refused(server, leeway=5)


def by_none(claims: dict[str, Any]) -> str:
    import base64
    import json

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def by_secret(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("client-secret-that-is-32-bytes-long!"))


def by_stranger(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048, {"kid": "one"}))


@pytest.mark.parametrize("sign", [by_none, by_secret, by_stranger, lambda _: "rubbish", lambda _: ""])
async def test_a_token_that_the_provider_did_not_sign_is_refused(server: OidcServer, sign: Any) -> None:
    server.sign = sign
    assert await refused(server)


async def test_an_hmac_with_the_public_key_as_its_secret_is_refused(server: OidcServer) -> None:
    server.metadata["id_token_signing_alg_values_supported"] = ["RS256", "HS256", "none"]
    key = OctKey.import_key(str(server.key.as_dict(private=False)["n"]))
    server.sign = lambda claims: jwt.encode({"alg": "HS256"}, claims, key)
    assert await refused(server)


async def test_a_new_key_is_found_when_a_token_names_one_that_is_not_known(server: OidcServer) -> None:
    now = [0.0]
    provider = OidcProvider()
    provider._sign_in._discovery._clock = lambda: now[0]
    now[0] = 100.0
    await sign_in(server, provider)
    server.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
    with pytest.raises(AuthRejected):
        await sign_in(server, provider)  # not within seconds: nobody makes the hub ask all the time
    now[0] += 60
    await sign_in(server, provider)
    assert server.asked.count("jwks") == 2


async def test_what_a_provider_says_of_itself_is_asked_once(server: OidcServer) -> None:
    provider = OidcProvider()
    for _ in range(3):
        await sign_in(server, provider)
    assert server.asked.count("discovery") == server.asked.count("jwks") == 1


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example.org"}, {"issuer": None}, {"token_endpoint": "http://evil.example.org/token"},
        {"token_endpoint": "file:///etc/passwd"}, {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "gopher://127.0.0.1/"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_document_of_somebody_else_or_with_open_addresses_is_refused(
    server: OidcServer, document: dict[str, Any]
) -> None:
    server.metadata |= document
    with pytest.raises(NotReady):
        await OidcProvider().begin(params(server), CALLBACK)


async def test_userinfo_fills_in_what_the_token_does_not_say(server: OidcServer) -> None:
    server.in_token = lambda claims: {n: v for n, v in claims.items() if n not in {"email", "email_verified", "groups"}}
    identity = await sign_in(server)
    assert (identity.email, identity.email_verified, identity.groups) == ("jane@example.org", True, ("ops", "dev"))


async def test_userinfo_about_somebody_else_is_refused(server: OidcServer) -> None:
    server.in_token = lambda claims: {n: v for n, v in claims.items() if n != "email"}
    server.userinfo = {**JANE, "sub": "u-2"}
    assert "two different people" in await refused(server)


async def test_plain_oauth_takes_who_it_is_from_userinfo(server: OidcServer) -> None:
    server.userinfo = {"id": 583231, "login": "octocat", "name": None, "email": None}
    endpoint = {name: f"{server.address}/{name}" for name in ("auth", "token", "userinfo")}
    identity = await sign_in(
        server, provider_url="", endpoint=endpoint, id_token=False, scopes=["read:user"], subject_claim="id",
        username_claim="login", name_claim="name|login", change={"iss": None},
    )  # fmt: skip
    assert (identity.subject, identity.username, identity.name) == ("583231", "octocat", "octocat")
    assert (identity.email, identity.email_verified) == ("", False)


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
async def test_an_address_counts_as_verified_by_the_plain_word_alone(server: OidcServer, verified: Any) -> None:
    server.person["email_verified"] = verified
    assert (await sign_in(server)).email_verified is False
    assert (await sign_in(server, trust_email=True)).email_verified is True


async def test_too_many_groups_are_no_groups(server: OidcServer) -> None:
    del server.person["groups"]
    server.person["_claim_names"] = {"groups": "src1"}
    assert "more groups" in await refused(server)


async def test_a_provider_that_is_away_is_told_in_a_sentence() -> None:
    told = OidcParams.model_validate({"provider_url": "http://127.0.0.1:1", "client_id": "hub"})
    with pytest.raises(NotReady, match="does not answer as it should"):
        await OidcProvider().begin(told, CALLBACK)


async def test_an_error_of_the_provider_is_told_without_its_own_words(server: OidcServer) -> None:
    assert "cancelled" in await refused(server, change={"error": "access_denied", "code": None})
    said = await refused(server, change={"error": "<b>server_error</b>", "error_description": "<script>"})
    assert "<" not in said
