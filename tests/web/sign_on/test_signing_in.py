"""Signing in through the page of a provider, over HTTP: the wire, the one browser, and where it leads."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest

from hub.context import Hub, utc_now
from hub.errors import HubError
from hub.models import Identity as Row
from hub.models import SecondFactor, Session, User
from hub.plugin import NotReady
from hub.services import accounts, sign_on, users
from hub.setting_types import SignOn
from hub.testing.booted import PASSWORD, administrator

from .gatehouse import Browser, Gatehouse, office, told


async def test_the_wire_tells_the_ways_to_sign_in(hub: Hub) -> None:
    more = office(order=2, color="red", icon="key") | {"first": SignOn(kind="gatehouse", order=1, title="First")}
    answer = await Browser(told(hub, sign_on=more)).get("/api/auth/login")
    assert await answer.get_json() == {
        "oidc_providers": [
            {"id": "first", "name": "First", "color": "", "icon": "mdi-github"},
            {"id": "office", "name": "The office", "color": "red", "icon": "key"},
        ],
        "login_with_password": True,
        "auth_methods": {"totp": {"allow_recovery": True}},
    }


async def test_somebody_signs_in_and_comes_to_where_they_wanted_to_go(browser: Browser) -> None:
    answer = await browser.sign_in("/api/auth/oidc/office/login?return=/project/7/history%3Ft%3D3")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/project/7/history?t=3")
    user = await browser.me()
    assert (user["username"], user["name"], user["email"]) == ("jane", "Jane Doe", "jane@example.org")
    assert (user["external"], user["admin"]) == (True, False)
    row = await Row.get()
    assert (row.provider, row.subject) == ("office", "s-1")


async def test_the_state_is_kept_where_no_script_and_no_other_site_reads_it(hub: Hub) -> None:
    secure = told(hub, public_url="https://hub.example.org/base")
    answer = await Browser(secure).get("/base/api/auth/oidc/office/login")
    if answer.status_code == 404:  # the prefix may be taken off before
        answer = await Browser(secure).get("/api/auth/oidc/office/login")
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("oauthstate="))
    for part in ("HttpOnly", "Secure", "SameSite=Lax", "Path=/base/api/auth/oidc", "Max-Age=600"):
        assert part in cookie
    assert (
        "back=https%3A%2F%2Fhub.example.org%2Fbase%2Fapi%2Fauth%2Foidc%2Foffice%2Fredirect"
        in (answer.headers["Location"])
    )


@pytest.mark.parametrize(
    "place",
    ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "\\\\evil", "javascript:alert(1)",
     "/x\r\nSet-Cookie: a=b", "/\t/evil.example.org", "evil", "/" + "a" * 5000],
)  # fmt: skip
async def test_nobody_is_sent_to_another_site_afterwards(browser: Browser, place: str) -> None:
    answer = await browser.sign_in("/api/auth/oidc/office/login?" + urlencode({"return": place}))
    assert (answer.status_code, answer.headers["Location"]) == (307, "/")
    assert await browser.me()


async def test_a_path_behind_the_registered_address_is_confined_too(browser: Browser) -> None:
    for path, place in (("/project/1", "/project/1"), ("//evil.example.org", "/"), ("/%5Cevil", "/")):
        asked = await browser.begin()
        state = hashlib.sha256(asked["back"].encode()).hexdigest()
        answer = await browser.get(f"/api/auth/oidc/office/redirect{path}?code=c&state={state}")
        assert answer.status_code in {307, 404}
        assert answer.status_code == 404 or answer.headers["Location"] == place


async def test_an_answer_is_good_once_even_with_the_cookie_brought_back(hub: Hub, browser: Browser) -> None:
    answer = await browser.get("/api/auth/oidc/office/login")
    kept = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("oauthstate="))
    value = unquote(kept.partition("=")[2].partition(";")[0])
    asked = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (await browser.finish(asked)).headers["Location"] == "/"
    state = hashlib.sha256(asked["back"].encode()).hexdigest()
    came = sign_on.Came(value.strip('"'), {"code": "c", "state": state})
    with pytest.raises(HubError, match="used before"):
        await sign_on.finish(hub, "office", came)


async def test_another_browser_cannot_finish_what_one_began(hub: Hub, browser: Browser) -> None:
    asked = await browser.begin()
    stranger = Browser(hub)
    answer = await stranger.finish(asked)
    assert answer.headers["Location"] == "/auth/login"
    assert "another browser" in await stranger.said()
    assert await stranger.me() is None
    assert not await User.filter(external=True).exists()


async def test_a_wrong_answer_leads_to_the_sign_in_page_with_a_sentence(browser: Browser) -> None:
    answer = await browser.finish(await browser.begin(), state="other")
    assert (answer.status_code, answer.headers["Location"]) == (307, "/auth/login")
    assert "This answer belongs to another sign-in. Begin again." in await browser.said()
    assert "This answer belongs" not in await browser.said()


async def test_ten_minutes_are_enough(hub: Hub, gate: Gatehouse) -> None:
    begun = await sign_on.begin(hub, "office")
    later = replace(hub, clock=lambda: utc_now() + timedelta(minutes=11))
    state = hashlib.sha256(sign_on.callback_url(hub, "office").encode()).hexdigest()
    with pytest.raises(HubError, match="took too long"):
        await sign_on.finish(later, "office", sign_on.Came(begun.kept, {"state": state}))


async def test_what_was_begun_with_one_provider_is_not_finished_with_another(hub: Hub) -> None:
    both = told(hub, sign_on=office() | {"other": SignOn(kind="gatehouse")})
    begun = await sign_on.begin(both, "office")
    with pytest.raises(HubError, match="another browser"):
        await sign_on.finish(both, "other", sign_on.Came(begun.kept, {}))


@pytest.mark.parametrize("name", ["nothing", "OFFICE", "..", "%00", "office%0d%0a"])
async def test_an_unknown_provider_leads_to_the_sign_in_page(browser: Browser, name: str) -> None:
    answer = await browser.get(f"/api/auth/oidc/{name}/login")
    assert answer.status_code in {307, 400, 404}
    assert answer.status_code != 307 or answer.headers["Location"] == "/auth/login"


async def test_a_provider_that_is_away_is_told_and_leaves_the_password(browser: Browser, gate: Gatehouse) -> None:
    gate.trouble = NotReady("The sign-in provider does not answer. Try again later.")
    assert (await browser.get("/api/auth/oidc/office/login")).headers["Location"] == "/auth/login"
    page = await browser.said()
    assert "does not answer" in page
    assert 'name="password"' in page


async def test_a_second_factor_of_the_hub_is_asked_for_unless_the_provider_is_trusted(hub: Hub) -> None:
    browser = Browser(hub)
    await browser.sign_in()
    user = await User.get(external=True)
    await SecondFactor.create(user=user, created=utc_now(), confirmed=utc_now(), secret="sealed")
    await browser.sign_in()
    answer = await browser.get("/api/user")
    assert (answer.status_code, (await answer.get_json())["error"]) == (401, "TOTP_REQUIRED")
    trusting = Browser(told(hub, sign_on=office(second_factor=False)))
    await trusting.sign_in()
    assert (await trusting.me())["id"] == user.id


async def test_the_session_that_was_there_before_ends(browser: Browser) -> None:
    await browser.sign_in()
    first = (await Session.get()).id
    await browser.sign_in()
    assert (await Session.get()).id != first


async def test_passwords_of_the_hub_can_be_for_administrators_alone(hub: Hub) -> None:
    admin = await administrator()
    draft = users.UserDraft(username="bob", name="Bob", email="bob@example.org", password="long-enough-9")
    await users.create_user(hub, admin, draft)
    off = told(hub, password_login=False)
    with pytest.raises(HubError, match="turned off"):
        await accounts.login(off, "bob", "long-enough-9")
    with pytest.raises(HubError, match=r"The name or the password is wrong\."):
        await accounts.login(off, "bob", "wrong")
    assert await accounts.login(off, "admin", PASSWORD)
    browser = Browser(off)
    assert (await (await browser.get("/api/auth/login")).get_json())["login_with_password"] is False
    page = await browser.said()
    assert 'name="password"' not in page
    assert 'href="/auth/login?password=1' in page
    assert 'name="password"' in await (await browser.get("/auth/login?password=1")).get_data(as_text=True)
