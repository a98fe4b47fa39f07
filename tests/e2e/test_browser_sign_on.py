"""Signing in through a real directory and a real provider, in a real browser."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from hub.models import Identity
from hub.testing.booted import PASSWORD, booted
from hub.testing.ldap_server import SUFFIX, LdapServer, ldap_server
from hub.testing.oidc_server import OidcServer, oidc_server
from hub.testing.tools import need_tool
from hub.web.app import make_app
from hub.web.serve import serve_app

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
JANE = f"""\
dn: uid=jane,ou=people,{SUFFIX}
objectClass: inetOrgPerson
uid: jane
cn: Jane Doe
sn: Doe
mail: jane@example.org
userPassword: jane-secret
"""
BOB = {"sub": "b-1", "preferred_username": "bob", "name": "Bob", "email": "bob@example.org", "email_verified": True}
LONG = "The directory of everybody who works anywhere in the whole company"


def ways(directory: LdapServer, provider: OidcServer) -> dict[str, Any]:
    """The settings of both."""
    return {
        "directory": {
            "kind": "ldap",
            "title": "Directory",
            "params": directory.settings(),
        },
        "company": {
            "kind": "oidc",
            "title": LONG,
            "params": {"provider_url": provider.address, "client_id": "hub", "client_secret": "client-secret"},
        },
    }  # fmt: skip


@pytest.fixture
async def place() -> AsyncIterator[tuple[str, OidcServer]]:
    """A hub with a directory and a provider: its address, and the provider."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = int(one.getsockname()[1])
    address = f"http://127.0.0.1:{port}"
    async with ldap_server() as directory, oidc_server(person=dict(BOB), page=True) as provider:
        await directory.add(JANE)
        async with booted(port=port, public_url=address, sign_on=ways(directory, provider)) as hub:
            stop = asyncio.Event()
            serving = asyncio.create_task(serve_app(make_app(hub), hub.settings, stop))
            for _ in range(200):
                with suppress(OSError):
                    _reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
            yield address, provider
            stop.set()
            await serving


async def sign_in(page: Page, address: str, name: str, password: str) -> None:
    """Fill in the form, on the way to the page of one's security."""
    await page.goto(f"{address}/account/security")
    await page.fill("#username", name)
    await page.fill("#password", password)
    await page.press("#password", "Enter")


async def go_through_the_provider(page: Page, place: str) -> None:
    """Press the provider's button on `place`, and the provider's own."""
    await page.goto(place)
    await page.get_by_role("link", name=LONG).click()
    await page.locator("#yes").click()


async def someone_of_the_directory_signs_in(page: Page, address: str) -> None:
    await sign_in(page, address, "jane", "wrong")
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    await sign_in(page, address, "jane", "jane-secret")
    await expect(page.locator("#identities")).to_contain_text("Directory")
    wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0
    await page.context.clear_cookies()


async def someone_of_the_provider_signs_in(page: Page, address: str) -> None:
    await go_through_the_provider(page, f"{address}/account/security")
    await page.wait_for_url(f"{address}/account/security")
    await expect(page.locator("#identities")).to_contain_text("b-1")
    await page.context.clear_cookies()


async def the_provider_says_no(page: Page, address: str) -> None:
    await page.goto(f"{address}/auth/login")
    await page.get_by_role("link", name=LONG).click()
    place = await page.locator("#yes").get_attribute("href") or ""
    await page.goto(re.sub(r"code=[^&]+", "error=access_denied", place))
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("link", name=LONG)).to_be_visible()


async def someone_with_an_account_adds_the_provider_and_comes_in_by_it(page: Page, address: str) -> None:
    await sign_in(page, address, "admin", PASSWORD)
    await go_through_the_provider(page, f"{address}/account/security")
    await expect(page.locator("#identities")).to_contain_text("a-1")
    await page.context.clear_cookies()
    await go_through_the_provider(page, f"{address}/account")
    await expect(page.locator("[name=username]")).to_have_value("admin")


async def test_people_come_from_a_directory_and_from_a_provider(place: tuple[str, OidcServer]) -> None:
    address, provider = place
    async with async_playwright() as playwright:
        chromium = need_tool("chromium", "google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = await browser.new_page(viewport={"width": 390, "height": 800})
        await someone_of_the_directory_signs_in(page, address)
        await someone_of_the_provider_signs_in(page, address)
        await the_provider_says_no(page, address)
        provider.person["sub"] = "a-1"
        await someone_with_an_account_adds_the_provider_and_comes_in_by_it(page, address)
        await browser.close()
    rows = await Identity.all().order_by("id").values_list("provider", "user__username")
    assert rows == [("directory", "jane"), ("company", "bob"), ("company", "admin")]
