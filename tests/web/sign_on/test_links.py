"""Linking an account of a provider to one's own, and taking it away."""

from __future__ import annotations

import pytest

from hub.context import Hub
from hub.errors import Conflict, HubError
from hub.models import Identity as Row
from hub.models import Session, User
from hub.services import identities, sessions, sign_on
from hub.services.identities import IdentityDraft
from hub.testing.booted import PASSWORD, administrator

from .gatehouse import Browser, external


async def links(browser: Browser) -> str:
    page = await (await browser.get("/account/security")).get_data(as_text=True)
    return next((part.partition('"')[0] for part in page.replace("&amp;", "&").split('href="') if "link=" in part), "")


async def signed_in(hub: Hub) -> Browser:
    browser = Browser(hub)
    await browser.client.post("/auth/login", form={"username": "admin", "password": PASSWORD})
    return browser


async def test_somebody_links_an_account_from_their_own_page_and_signs_in_with_it(hub: Hub) -> None:
    browser = await signed_in(hub)
    answer = await browser.sign_in(await links(browser))
    assert answer.headers["Location"] == "/account/security"
    fresh = Browser(hub)
    await fresh.sign_in()
    user = await fresh.me()
    assert (user["username"], user["email"], user["external"]) == ("admin", "admin@localhost", False)
    page = await (await browser.get("/account/security")).get_data(as_text=True)
    assert "s-1" in page


async def test_no_other_site_can_begin_a_link(hub: Hub) -> None:
    browser = await signed_in(hub)
    for token in ("1", "0" * 64, sign_on.link_token("other", "office")):
        answer = await browser.get(f"/api/auth/oidc/office/login?link={token}")
        assert answer.headers["Location"] == "/account/security"
    assert (await Browser(hub).get("/api/auth/oidc/office/login?link=1")).headers["Location"] == "/auth/login"


async def test_a_link_ends_with_the_session_that_began_it(hub: Hub) -> None:
    browser = await signed_in(hub)
    asked = await browser.begin(await links(browser))
    other = await external(username="other", email="other@example.org")
    await Session.all().delete()
    secret = await sessions.open_session(hub, other.id, ip="", user_agent="")
    browser.client.set_cookie("localhost", "semaphore", secret)
    await browser.finish(asked)
    assert (await browser.me())["username"] == "other"
    assert await Row.all().count() == 0
    page = await (await browser.get("/account/security")).get_data(as_text=True)
    assert "not signed in any more" in page


async def test_an_identity_of_somebody_else_cannot_be_linked(hub: Hub) -> None:
    await Browser(hub).sign_in()
    browser = await signed_in(hub)
    await browser.sign_in(await links(browser))
    page = await (await browser.get("/account/security")).get_data(as_text=True)
    assert "signs in another account here" in page
    assert (await Row.get()).user_id != (await administrator()).user_id


async def test_the_only_way_in_stays_and_another_one_can_go(hub: Hub) -> None:
    browser = Browser(hub)
    await browser.sign_in()
    user = await User.get(external=True)
    session = await Session.get()
    from hub.services.actor import Actor

    own = Actor("user", user.id, user.username, user.name, session_id=session.id)
    first = (await identities.list_identities(hub, own, user.id))[0]["id"]
    with pytest.raises(Conflict):
        await identities.remove_identity(hub, own, user.id, first)
    second = await identities.add_identity(
        hub, await administrator(), user.id, IdentityDraft(provider="office", subject="s-9")
    )
    await identities.remove_identity(hub, own, user.id, second["id"])
    with pytest.raises(HubError):
        await identities.remove_identity(hub, own, (await administrator()).user_id or 0, first)
    await identities.remove_identity(hub, await administrator(), user.id, first)
    assert await browser.me() is None
