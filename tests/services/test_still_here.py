"""People who are shut out where they come from lose sessions, and their tokens rest, until they are let in again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub import builtin
from hub.context import Hub, utc_now
from hub.db import unit
from hub.errors import Unauthenticated
from hub.models import Event, Membership, Project, Session, User, UserOption
from hub.models import Identity as Row
from hub.plugin import Identity, NotReady, PasswordProvider, Redirect, RedirectProvider, hookimpl
from hub.registry import Registry, load
from hub.services import accounts, external, sessions
from hub.services.actor import Actor
from hub.services.connections import redirect_connection
from hub.services.still_here import look_again, shut_out
from hub.setting_types import SignOn
from hub.testing.booted import booted
from hub.testing.inline import inline_plugin
from hub.testing.ldap_server import SUFFIX, ldap_server


class Directory(PasswordProvider[Any]):
    """A directory in memory that can be asked, and can be away."""

    name = "directory"
    title = "The directory"

    def __init__(self) -> None:
        self.people: dict[str, Identity] = {}
        self.trouble: Exception | None = None

    def add(self, username: str, *groups: str) -> None:
        self.people[username] = Identity(self.name, f"id-{username}", username, groups=groups)

    async def check(self, params: Any, username: str, password: str) -> Identity | None:
        return self.people.get(username)

    def can_look_up(self, params: Any) -> bool:
        return True

    async def look_up(self, params: Any, username: str, subject: str) -> Identity | None:
        if self.trouble:
            raise self.trouble
        return self.people.get(username)


class Gate(RedirectProvider[Any]):
    """A provider where nobody can be looked up."""

    name = "gate"
    title = "The gate"

    async def begin(self, params: Any, callback_url: str) -> Redirect:
        return Redirect("https://gate.example.org/")

    async def finish(self, params: Any, callback_url: str, query: Any, state: Any) -> Identity:
        return Identity("gate", "g", "g")


@pytest.fixture
def directory() -> Directory:
    return Directory()


def registry(directory: Directory) -> Registry:
    @hookimpl
    def hub_auth_providers() -> list[PasswordProvider[Any] | RedirectProvider[Any]]:
        return [directory, Gate()]

    return load(
        builtin=[*builtin.MODULES, inline_plugin(hub_auth_providers, name="here_plugin")], group="no-such-group"
    )


@pytest.fixture
async def hub(directory: Directory) -> AsyncIterator[Hub]:
    async with booted(plugins=registry(directory), sign_on=ways()) as hub:
        yield hub


def ways(**rules: Any) -> dict[str, SignOn]:
    return {
        "office": SignOn.model_validate({"kind": "directory", "title": "The office", **rules}),
        "gate": SignOn.model_validate({"kind": "gate", "title": "The gate", **rules}),
    }


def later(hub: Hub, **time: float) -> Hub:
    return replace(hub, clock=lambda: utc_now() + timedelta(**time))


async def come(hub: Hub, name: str) -> tuple[str, str]:
    """Sign in by the directory; return the secrets of a session and of a token."""
    cookie = await accounts.login(hub, name, "x")
    return cookie, await token_of(hub, name)


async def come_by_the_gate(hub: Hub, name: str) -> tuple[str, str]:
    """Sign in by the provider."""
    identity = Identity("gate", f"g-{name}", name, email=f"{name}@example.org", email_verified=True)
    user_id = await unit(lambda: external.sign_in(hub, redirect_connection(hub, "gate"), identity))
    return await sessions.open_session(hub, user_id, ip="", user_agent=""), await token_of(hub, name)


async def token_of(hub: Hub, name: str) -> str:
    user = await User.get(username=name)
    actor = Actor("user", user.id, user.username, user.name)
    return str((await sessions.create_token(hub, actor, sessions.TokenDraft()))["id"])


async def works(hub: Hub, cookie: str, token: str) -> tuple[bool, bool]:
    """Whether the session and the token are good."""
    good = []
    for ask, secret in ((sessions.actor_of_session, cookie), (sessions.actor_of_token, token)):
        try:
            await ask(hub, secret)
            good.append(True)
        except Unauthenticated:
            good.append(False)
    return good[0], good[1]


async def test_a_person_whom_a_real_directory_loses_is_shut_out_and_let_in_when_they_are_back() -> None:
    person = (
        f"dn: uid=jane,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: jane\ncn: Jane\nsn: J\nuserPassword: s\n"
    )
    away = f"dn: uid=jane,ou=people,{SUFFIX}\nchangetype: modrdn\nnewrdn: uid=jane\ndeleteoldrdn: 0\n"
    async with ldap_server() as server:
        await server.add(person)
        async with booted(
            sign_on={"office": {"kind": "ldap", "title": "The office", "params": server.settings()}}
        ) as hub:
            cookie = await accounts.login(hub, "jane", "s")
            token = await token_of(hub, "jane")
            await look_again(hub)
            assert await works(hub, cookie, token) == (True, True)
            await server.add(f"{away}newsuperior: ou=groups,{SUFFIX}\n")
            await look_again(hub)
            assert await works(hub, cookie, token) == (True, True)  # this turn is over
            await look_again(later(hub, minutes=61))
            assert await works(hub, cookie, token) == (False, False)
            jane = await User.get(username="jane")
            assert await shut_out(jane.id) == "The office"
            back = away.replace("ou=people", "ou=groups") + f"newsuperior: ou=people,{SUFFIX}\n"
            await server.add(back.replace("newrdn: uid=jane", "newrdn: uid=janet").replace("rdn: 0", "rdn: 1"))
            await look_again(later(hub, minutes=122))
            assert await works(hub, cookie, token) == (False, True)  # found by what never changes, under a new name
            texts = await Event.filter(object_id=jane.id).order_by("id").values_list("description", flat=True)
            assert [str(one).split(":")[0] for one in texts[-2:]] == ["User jane shut out", "User jane let in again"]


async def test_signing_in_again_lets_tokens_work_at_once(hub: Hub, directory: Directory) -> None:
    directory.add("jane")
    cookie, token = await come(hub, "jane")
    directory.people.clear()
    await look_again(hub)
    assert await works(hub, cookie, token) == (False, False)
    directory.add("jane")
    fresh = await accounts.login(hub, "jane", "x")
    assert await works(hub, fresh, token) == (True, True)
    assert not await UserOption.exists()


async def test_a_directory_that_is_away_or_knows_nobody_any_more_shuts_nobody_out(
    hub: Hub, directory: Directory, caplog: pytest.LogCaptureFixture
) -> None:
    people = ("ann", "bob", "cid")
    for one in people:
        directory.add(one)
    held = [await come(hub, one) for one in people]
    directory.trouble = NotReady("The directory is away.")
    await look_again(hub)
    directory.trouble = None
    directory.people.clear()
    await look_again(later(hub, minutes=61))
    assert [await works(hub, *one) for one in held] == [(True, True)] * 3
    assert "knows none of 3 people" in caplog.text
    directory.add("ann")
    await look_again(later(hub, minutes=122))
    assert [await works(hub, *one) for one in held] == [(True, True), (False, False), (False, False)]


async def test_groups_are_followed_while_people_are_signed_in(hub: Hub, directory: Directory) -> None:
    project = await Project.create(name="Demo", created=hub.clock())
    rules = ways(teams=[{"group": "ops", "project": "Demo", "role": "manager"}])
    hub = replace(hub, settings=hub.settings.model_copy(update={"sign_on": rules}))
    directory.add("jane", "ops")
    directory.add("bob")
    await come(hub, "jane")
    await come(hub, "bob")
    assert await Membership.filter(project=project, user__username="jane").exists()
    directory.add("jane")
    directory.add("bob", "ops")
    await look_again(hub)
    assert await Membership.filter(project=project).values_list("user__username", flat=True) == ["bob"]
    del directory.people["bob"]
    await look_again(later(hub, minutes=61))
    assert not await Membership.exists()


async def test_a_local_account_keeps_its_own_way_in(hub: Hub, directory: Directory) -> None:
    directory.add("jane")
    held = await come(hub, "jane")
    await User.filter(username="jane").update(external=False)
    directory.people.clear()
    await look_again(hub)
    assert await works(hub, *held) == (True, True)


async def test_where_nobody_can_be_asked_sessions_end_by_age_and_tokens_rest(hub: Hub) -> None:
    held = await come_by_the_gate(hub, "jane")
    await look_again(later(hub, hours=23))
    assert await works(hub, *held) == (True, True)
    await look_again(later(hub, hours=25))
    assert await works(hub, *held) == (False, True)
    await look_again(later(hub, days=31))
    assert await works(hub, *held) == (False, False)
    fresh, _ = await come_by_the_gate(hub, "jane")
    assert await works(hub, fresh, held[1]) == (True, True)


async def test_zero_turns_the_bounds_off(hub: Hub) -> None:
    rules = ways(session_hours=0, token_days=0, check_minutes=0)
    hub = replace(hub, settings=hub.settings.model_copy(update={"sign_on": rules, "session_idle_days": 1000}))
    held = await come_by_the_gate(hub, "jane")
    await look_again(later(hub, days=300))
    assert await works(hub, *held) == (True, True)


async def test_who_is_let_in_at_one_of_two_places_goes_on(hub: Hub, directory: Directory) -> None:
    directory.add("jane")
    cookie, token = await come(hub, "jane")
    row = await Row.create(
        user=await User.get(username="jane"), provider="gate", subject="g", created=hub.clock(), last_used=hub.clock()
    )
    directory.people.clear()
    await look_again(hub)
    assert await works(hub, cookie, token) == (True, True)
    await Row.filter(id=row.id).update(last_used=utc_now() - timedelta(days=31))
    await look_again(later(hub, minutes=6))
    assert await works(hub, cookie, token) == (False, False)


async def test_one_of_several_nodes_does_each_turn(hub: Hub, directory: Directory) -> None:
    directory.add("jane")
    await come(hub, "jane")
    frozen = hub.clock()
    hub = replace(hub, clock=lambda: frozen)
    await look_again(hub)
    directory.people.clear()
    await look_again(replace(hub, node="another"))
    assert await Session.exists()
