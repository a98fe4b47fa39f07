"""Signing in through the page of a provider, over HTTP: the wire, the one browser, accounts, and rights by groups."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from quart import Quart

from hub import builtin
from hub.context import Hub, utc_now
from hub.errors import Conflict, HubError
from hub.models import Identity as Row
from hub.models import Membership, Project, SecondFactor, Session, User
from hub.plugin import AuthRejected, Identity, NotReady, Redirect, RedirectProvider, hookimpl
from hub.registry import Registry, load
from hub.services import accounts, identities, sessions, sign_on, users
from hub.services.identities import IdentityDraft
from hub.settings import SignOn
from hub.testing.booted import PASSWORD, administrator, booted
from hub.testing.inline import inline_plugin
from hub.web.app import make_app


class Gatehouse(RedirectProvider):
    """Lets in whom the test says."""

    name = "gatehouse"
    title = "Gatehouse"
    icon = "mdi-github"

    def __init__(self) -> None:
        self.identity = Identity("x", "s-1", "Jane", name="Jane Doe", email="jane@example.org", email_verified=True)
        self.trouble: Exception | None = None

    async def begin(self, params: Any, callback_url: str) -> Redirect:
        if self.trouble:
            raise self.trouble
        state = hashlib.sha256(callback_url.encode()).hexdigest()
        return Redirect(f"https://gate.example.org/?{urlencode({'back': callback_url})}", {"state": state})

    async def finish(self, params: Any, callback_url: str, query: Any, state: Any) -> Identity:
        if query.get("state") != state["state"]:
            raise AuthRejected("This answer belongs to another sign-in. Begin again.")
        return self.identity


def registry(gate: Gatehouse) -> Registry:
    @hookimpl
    def hub_auth_providers() -> list[RedirectProvider]:
        return [gate]

    plugin: ModuleType = inline_plugin(hub_auth_providers, name="gate_plugin")
    return load(builtin=[*builtin.MODULES, plugin], group="no-such-group")


@pytest.fixture
def gate() -> Gatehouse:
    return Gatehouse()


def told(hub: Hub, **settings: Any) -> Hub:
    return replace(hub, settings=hub.settings.model_copy(update=settings))


def office(**rules: Any) -> dict[str, SignOn]:
    return {"office": SignOn.model_validate({"kind": "gatehouse", "title": "The office", **rules})}


@pytest.fixture
async def hub(gate: Gatehouse) -> AsyncIterator[Hub]:
    async with booted(plugins=registry(gate)) as one:
        yield told(one, sign_on=office())


class Browser:
    """Keeps cookies and goes where it is sent on the hub."""

    def __init__(self, hub: Hub) -> None:
        self.app: Quart = make_app(hub)
        self.client = self.app.test_client()

    async def get(self, path: str, **headers: str) -> Any:
        return await self.client.get(path, headers=headers)

    async def begin(self, path: str = "/api/auth/oidc/office/login") -> dict[str, str]:
        """Begin; return what the provider was told."""
        answer = await self.get(path)
        assert answer.status_code == 307, await answer.get_data()
        assert answer.headers["Location"].startswith("https://gate.example.org/"), answer.headers["Location"]
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    async def finish(self, asked: dict[str, str], **change: str) -> Any:
        state = hashlib.sha256(asked["back"].encode()).hexdigest()
        query = urlencode({"code": "c", "state": state} | change)
        return await self.get(f"{urlsplit(asked['back']).path}?{query}")

    async def sign_in(self, path: str = "/api/auth/oidc/office/login") -> Any:
        return await self.finish(await self.begin(path))

    async def said(self) -> str:
        """The sentence on the page where an error leads to."""
        return await (await self.get("/auth/login")).get_data(as_text=True)

    async def me(self) -> Any:
        answer = await self.get("/api/user")
        return (await answer.get_json()) if answer.status_code == 200 else None


@pytest.fixture
def browser(hub: Hub) -> Browser:
    return Browser(hub)


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


async def test_somebody_is_recognised_by_the_subject_whatever_the_names_are(browser: Browser, gate: Gatehouse) -> None:
    await browser.sign_in()
    gate.identity = replace(gate.identity, username="jd", name="J. D.", email="jd@example.org")
    await browser.sign_in()
    user = await User.get(external=True)
    assert (user.username, user.name, user.email) == ("jd", "J. D.", "jd@example.org")


async def test_an_equal_address_or_name_never_takes_an_account_over(browser: Browser, gate: Gatehouse) -> None:
    for more in ({"username": "admin"}, {"email": "admin@localhost"}, {"username": "admin@localhost"}):
        gate.identity = replace(Gatehouse().identity, **more)
        assert (await browser.sign_in()).headers["Location"] == "/auth/login"
        assert "already uses" in await browser.said()
    gate.identity = Gatehouse().identity
    await browser.sign_in()
    gate.identity = replace(gate.identity, subject="s-2")  # somebody else who calls themselves the same
    assert (await Browser_like(browser).sign_in()).headers["Location"] == "/auth/login"
    assert await Row.all().count() == 1


def Browser_like(browser: Browser) -> Browser:  # noqa: N802 - reads like the class
    fresh = object.__new__(Browser)
    fresh.app, fresh.client = browser.app, browser.app.test_client()
    return fresh


async def test_an_address_that_nobody_vouches_for_is_not_kept(browser: Browser, gate: Gatehouse) -> None:
    gate.identity = replace(gate.identity, email_verified=False)
    await browser.sign_in()
    assert (await User.get(username="jane")).email == "jane@office.invalid"


async def external(**more: Any) -> User:
    columns = {"username": "jane", "name": "Jane", "email": "jane@example.org", "external": True} | more
    return await User.create(created=utc_now(), **columns)


async def test_an_external_account_without_identity_is_bound_by_name_and_verified_address(browser: Browser) -> None:
    user = await external()
    await browser.sign_in()
    assert (await browser.me())["id"] == user.id
    assert (await Row.get()).user_id == user.id


@pytest.mark.parametrize(
    ("account", "claims"),
    [({}, {"email_verified": False}), ({}, {"email": "other@example.org"}), ({"username": "j"}, {}),
     ({"admin": True}, {}), ({"external": False}, {}), ({"service": True}, {})],
)  # fmt: skip
async def test_other_accounts_are_bound_to_nobody(
    browser: Browser, gate: Gatehouse, account: dict[str, Any], claims: dict[str, Any]
) -> None:
    await external(**account)
    gate.identity = replace(gate.identity, **claims)
    assert (await browser.sign_in()).headers["Location"] == "/auth/login"
    assert await Row.all().count() == 0


async def test_an_account_with_an_identity_elsewhere_is_not_bound_to_a_second_one(browser: Browser) -> None:
    user = await external()
    await Row.create(user=user, provider="elsewhere", subject="1", created=utc_now())
    assert (await browser.sign_in()).headers["Location"] == "/auth/login"


async def test_accounts_can_be_for_people_who_are_known_already(hub: Hub, gate: Gatehouse) -> None:
    browser = Browser(told(hub, sign_on=office(create_people=False)))
    await browser.sign_in()
    assert "Ask an administrator to add you." in await browser.said()
    made = await identities.add_identity(
        hub, await administrator(), (await external(username="other", email="o@example.org", external=False)).id,
        IdentityDraft(provider="office", subject="s-1"),
    )  # fmt: skip
    assert made["subject"] == "s-1"
    await browser.sign_in()
    user = await browser.me()
    assert (user["username"], user["external"]) == ("other", False)


async def test_only_verified_addresses_of_listed_domains_come_in(hub: Hub, gate: Gatehouse) -> None:
    browser = Browser(told(hub, sign_on=office(email_domains=["Example.net", "@example.com"])))
    for email, verified, fine in (
        ("a@example.org", True, False), ("a@example.net", False, False), ("a@evil.example.net", True, False),
        ("a@example.net", True, True), ("b@EXAMPLE.com", True, True),
    ):  # fmt: skip
        gate.identity = Identity("x", email, email.lower(), email=email, email_verified=verified)
        assert ((await browser.sign_in()).headers["Location"] == "/") is fine


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


# Passwords.


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


# Links.


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


# Groups.


async def role(project: Project) -> str | None:
    found = await Membership.filter(project=project, user__username="jane").first()
    return found.role if found else None


@pytest.fixture
async def project(hub: Hub) -> Project:
    return await Project.create(name="Infra", created=utc_now())


def mapped(hub: Hub, **more: Any) -> Hub:
    teams = [
        {"group": "ops", "project": "Infra", "role": "manager"}, {"group": "dev", "project": "Infra", "role": "guest"},
        {"group": "lost", "project": "Nowhere", "role": "owner"}, {"group": "odd", "project": "Infra", "role": "king"},
    ]  # fmt: skip
    return told(hub, sign_on=office(teams=teams, admin_groups=["root"], **more))


async def test_groups_give_change_and_take_roles_at_each_sign_on(hub: Hub, gate: Gatehouse, project: Project) -> None:
    browser = Browser(mapped(hub))
    for groups, expected in (
        (("dev",), "guest"), (("dev", "ops"), "manager"), (("dev",), "guest"), (("lost", "odd"), None),
        (("OPS",), None), (("ops",), "manager"), ((), None),
    ):  # fmt: skip
        gate.identity = replace(gate.identity, groups=groups)
        await browser.sign_in()
        assert await role(project) == expected, groups


async def test_what_was_given_by_hand_stays(hub: Hub, gate: Gatehouse, project: Project) -> None:
    browser = Browser(mapped(hub))
    await browser.sign_in()
    user = await User.get(username="jane")
    await Membership.create(project=project, user=user, role="owner")
    gate.identity = replace(gate.identity, groups=("ops",))
    await browser.sign_in()
    assert await role(project) == "owner"
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert await role(project) == "owner"
    await Membership.filter(user=user).delete()
    gate.identity = replace(gate.identity, groups=("dev",))
    await browser.sign_in()
    await Membership.filter(user=user).update(role="task_runner")  # somebody changed what the group gave
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert await role(project) == "task_runner"


async def test_losing_a_group_counts_for_open_sessions_at_once(hub: Hub, gate: Gatehouse, project: Project) -> None:
    hub = mapped(hub)
    first, second = Browser(hub), Browser(hub)
    gate.identity = replace(gate.identity, groups=("ops", "root"))
    await first.sign_in()
    assert (await first.me())["admin"] is True
    gate.identity = replace(gate.identity, groups=())
    await second.sign_in()
    assert (await first.me())["admin"] is False
    assert (await first.get(f"/api/project/{project.id}")).status_code in {403, 404}
    assert (await first.get("/api/runners")).status_code == 403


async def test_an_administrator_by_hand_stays_one_and_the_last_one_too(hub: Hub, gate: Gatehouse) -> None:
    browser = Browser(mapped(hub))
    await browser.sign_in()
    await User.filter(username="jane").update(admin=True)
    await browser.sign_in()
    assert (await browser.me())["admin"] is True
    await User.filter(username="jane").update(admin=False)
    gate.identity = replace(gate.identity, groups=("root",))
    await browser.sign_in()
    await User.filter(username="admin").delete()
    gate.identity = replace(gate.identity, groups=())
    await browser.sign_in()
    assert (await browser.me())["admin"] is True


async def test_taking_an_identity_away_takes_what_its_groups_gave(hub: Hub, gate: Gatehouse, project: Project) -> None:
    gate.identity = replace(gate.identity, groups=("ops",))
    await Browser(mapped(hub)).sign_in()
    row = await Row.get()
    await identities.remove_identity(hub, await administrator(), row.user_id, row.id)
    assert await role(project) is None
    assert not await sessions.Session.filter(user_id=row.user_id).exists()
