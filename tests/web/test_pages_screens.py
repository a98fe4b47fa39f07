"""Pages of plugins in the frame of the hub: their forms, their boxes, who may see them, and what goes wrong."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import Markup
from pydantic import SecretStr
from quart import Quart

from hub import builtin
from hub.context import Hub
from hub.models import Membership, User
from hub.plugin import Duration, NavItem, Params, PasswordProvider, PluginError, Screen, ScreenRequest, hookimpl
from hub.registry import load
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.inline import inline_plugin
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


class Prices(Params):
    currency: str = "EUR"
    """Three letters."""
    hourly: int = 1
    every: Duration = timedelta(minutes=5)


class Directory(Params):
    server: str = ""
    port: int = 389
    password: SecretStr = SecretStr("")


class Folk(PasswordProvider[Directory]):
    """A directory."""

    name, title, params_type = "folk", "Folk", Directory

    async def check(self, params: Directory, username: str, password: str) -> None:
        return None


class Shelf:
    """What the plugin keeps, and the screens that it brings."""

    kept: Prices | None = None

    async def load(self, request: ScreenRequest) -> Prices | None:
        return self.kept

    async def save(self, request: ScreenRequest, prices: Prices) -> str:
        if len(prices.currency) != 3:
            raise PluginError("A currency has three letters.")
        self.kept = prices
        return f"Saved by {request.actor.username}."

    async def greet(self, request: ScreenRequest) -> str:
        where = request.project.name if request.project else request.query.get("from", "nowhere")
        return str(Markup("<p>Good day from {}.</p>").format(where))

    async def fail(self, request: ScreenRequest) -> str:
        raise ValueError("secret text")

    def screens(self) -> Iterator[Screen]:
        yield Screen(title="Prices", path="prices", admin=True, about="What things cost.", form=Prices,
                     load=self.load, save=self.save)  # fmt: skip
        yield Screen(title="Rates", path="rates", per_project=True, form=Prices, load=self.load, save=self.save)
        yield Screen(title="Wishes", path="wishes", needs=0, form=Prices, load=self.load, save=self.save)
        yield Screen(title="Greeting", render=self.greet)
        yield Screen(title="Here", path="here", per_project=True, render=self.greet)
        yield Screen(title="Broken", path="broken", render=self.fail)
        yield Screen(title="Outside", path="../users", render=self.greet)
        yield Screen(title="Nothing", path="nothing")
        yield Screen(title="Again", path="prices", render=self.greet)


@pytest.fixture
def app(hub: Hub) -> Quart:
    @hookimpl
    def hub_screens(host: Any) -> list[Screen]:
        return list(Shelf().screens())

    @hookimpl
    def hub_nav(actor: Any, project: Any) -> list[NavItem]:
        return [NavItem("Prices", "prices")]

    @hookimpl
    def hub_auth_providers() -> list[Folk]:
        return [Folk()]

    costs = inline_plugin(hub_screens, hub_nav, hub_auth_providers, name="costs")
    registry = load(builtin=[*builtin.MODULES, costs], group="no-such-group")
    told = {"folk": {"server": "ldap.example.org", "password": "s3cret", "port": "many"}}
    return make_app(replace(hub, registry=registry, settings=hub.settings.model_copy(update={"plugins": told})))


def version(text: str) -> dict[str, str]:
    found = re.search(r'name="version" value="([^"]*)"', text)
    assert found
    return {"version": found[1]}


async def test_a_plugin_gets_a_form_from_its_params_without_writing_html(scene: Scene, reader: Reader) -> None:
    sheet = await reader.get("/x/costs/prices")
    here = 'aria-current=page href="/x/costs/prices"'
    for words in ("<h1>Prices</h1>", "What things cost.", 'value="EUR"', "Three letters.", here):
        assert words in sheet.text
    wrong = await reader.send("/x/costs/prices", {"param-currency": "EUR", "param-hourly": "many"})
    assert (wrong.status, 'id="f-param-hourly-error"' in wrong.text) == (400, True)
    wrong = await reader.send("/x/costs/prices", {"param-currency": "EUR", "param-every": "soon"})
    assert ">Write a length of time such as 90s, 15m, 2h or 1d.<" in wrong.text
    refused = await reader.send("/x/costs/prices", {"param-currency": "€", "param-hourly": "1"})
    assert (refused.status, "A currency has three letters." in refused.text) == (400, True)
    before = version(sheet.text)
    mine, theirs = ({"param-currency": name, "param-hourly": "2", **before} for name in ("GBP", "CHF"))
    assert "Saved by admin." in (await reader.follow(await reader.send("/x/costs/prices", theirs))).text
    told = await reader.send("/x/costs/prices", mine)
    assert told.status == 400
    assert 'Currency</strong>: <span class="overtaken-value">CHF' in told.text
    assert 'value="GBP"' in told.text
    assert (await reader.send("/x/costs/prices", {**mine, **version(told.text)})).status == 303
    assert (await reader.post("/x/costs/prices", mine)).status == 403, "a form without its token"


async def test_screens_are_for_whom_they_say_and_draw_what_they_like(scene: Scene, app: Quart, reader: Reader) -> None:
    assert "<p>Good day from &lt;b&gt;.</p>" in (await reader.get("/x/costs/?from=<b>")).text
    assert "<p>Good day from Scene.</p>" in (await reader.get(f"/x/costs/project/{scene.project.id}/here")).text
    broken = await reader.get("/x/costs/broken")
    assert "The plugin costs failed with ValueError" in broken.text
    assert "secret text" not in broken.text
    await User.create(created=scene.hub.clock(), username="mina", name="Mina", email="mina@example.org",
                      password_hash=await hash_password(PASSWORD))  # fmt: skip
    mina, nobody = Reader(app), Reader(app)
    await mina.sign_in("mina", PASSWORD)
    assert (await mina.get("/x/costs/")).status == 200
    assert (await mina.get("/x/costs/prices")).status == 403
    assert (await mina.get(f"/x/costs/project/{scene.project.id}/here")).status == 404
    assert "/auth/login" in (await nobody.get("/x/costs/")).place


async def test_a_form_of_a_plugin_is_sent_by_those_alone_who_may(scene: Scene, app: Quart) -> None:
    mina = Reader(app)
    person = await User.create(created=scene.hub.clock(), username="mina", name="Mina", email="mina@example.org",
                               password_hash=await hash_password(PASSWORD))  # fmt: skip
    await Membership.create(project_id=scene.project.id, user_id=person.id, role="guest")
    await mina.sign_in("mina", PASSWORD)
    rates, values = f"/x/costs/project/{scene.project.id}/rates", {"param-currency": "GBP", "param-hourly": "2"}
    looked = await mina.get(rates)
    assert ("fieldset disabled" in looked.text, "GBP" in looked.text) == (True, False)
    assert (await mina.send(rates, values)).status == 403
    await Membership.filter(user_id=person.id).update(role="manager")
    assert (await mina.send(rates, values)).status == 303
    assert (await mina.send("/x/costs/wishes", values)).status == 303


async def test_the_page_of_plugins_leads_to_settings_and_names_screens_that_are_left_out(
    scene: Scene, reader: Reader
) -> None:
    page = html.unescape((await reader.get("/plugins")).text)
    assert 'href="/x/costs/prices"' in page
    for sentence in (
        "Its page “Outside” is left out: its path may have small letters",
        "Its page “Nothing” is left out: it has neither a form nor anything to render.",
        "Its page “Again” is left out: another page of the plugin has the same path.",
    ):
        assert sentence in page
    assert "The setting plugins.folk.port is wrong" in page
    assert '<code>plugins.folk.server</code></dt><dd class="text-break">ldap.example.org' in page
    assert "set; not shown" in page
    assert "s3cret" not in page
    assert (await reader.get("/x/costs/nothing")).status == 404
