"""Which account somebody gets who comes from a provider: by the subject alone, and never another's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.context import Hub, utc_now
from hub.models import Identity as Row
from hub.models import User
from hub.plugin import Identity
from hub.services import identities
from hub.services.identities import IdentityDraft
from hub.testing.booted import administrator

from .gatehouse import Browser, Gatehouse, external, office, told


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
    assert (await browser.another().sign_in()).headers["Location"] == "/auth/login"
    assert await Row.all().count() == 1


async def test_an_address_that_nobody_vouches_for_is_not_kept(browser: Browser, gate: Gatehouse) -> None:
    gate.identity = replace(gate.identity, email_verified=False)
    await browser.sign_in()
    assert (await User.get(username="jane")).email == "jane@office.invalid"


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
