"""Signing in: local users, providers, guesses, and the first administrator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import bcrypt
import pytest

from hub.context import Hub, utc_now
from hub.errors import HubError, SettingsError, TooMany, Unauthenticated, Unavailable
from hub.models import Session, User
from hub.plugin import AuthRejected, Identity, NotReady, Params, PasswordProvider, hookimpl
from hub.registry import Registry, load
from hub.services import accounts, first, sessions, users
from hub.services.passwords import needs_rehash
from hub.testing.booted import PASSWORD, administrator, booted


class DirectoryParams(Params):
    realm: str = "EXAMPLE"


class Directory(PasswordProvider[DirectoryParams]):
    """A directory in memory that can be away."""

    name = "directory"
    title = "The directory"
    params_type = DirectoryParams

    def __init__(self, name: str = "directory") -> None:
        self.name = name
        self.people: dict[str, tuple[str, Identity]] = {}
        self.trouble: Exception | None = None
        self.asked: list[tuple[str, str]] = []
        self.realms: list[str] = []

    def add(self, username: str, password: str, **more: Any) -> None:
        self.people[username] = (password, Identity(self.name, f"uid={username}", username, **more))

    async def check(self, params: DirectoryParams, username: str, password: str) -> Identity | None:
        self.asked.append((username, password))
        self.realms.append(params.realm)
        if self.trouble is not None:
            raise self.trouble
        if username not in self.people:
            return None
        right, identity = self.people[username]
        if password != right:
            raise AuthRejected("The directory knows another password.")
        return identity


def plugins(*providers: PasswordProvider[Any]) -> Registry:
    module = ModuleType("directory_plugin")

    @hookimpl
    def hub_auth_providers() -> list[PasswordProvider[Any]]:
        return list(providers)

    module.HUB_API = 1
    module.hub_auth_providers = hub_auth_providers
    return load(builtin=[module], group="no-such-group")


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest.fixture
async def hub(directory: Directory) -> AsyncIterator[Hub]:
    async with booted(plugins=plugins(directory)) as opened:
        yield opened


async def refused(hub: Hub, auth: str, password: str, **more: Any) -> HubError:
    with pytest.raises(HubError) as error:
        await accounts.login(hub, auth, password, **more)
    return error.value


async def who(hub: Hub, secret: str) -> str:
    return (await sessions.actor_of_session(hub, secret)).username


@pytest.mark.parametrize("auth", ["admin", " Admin ", "admin@localhost", "ADMIN@LOCALHOST"])
async def test_people_sign_in_with_their_name_or_address_in_any_case(hub: Hub, auth: str) -> None:
    secret = await accounts.login(hub, auth, PASSWORD, ip="192.0.2.7", user_agent="test")
    assert await who(hub, secret) == "admin"
    row = await Session.get()
    assert (row.ip, row.user_agent, row.verified) == ("192.0.2.7", "test", True)
    assert secret not in str(await Session.all().values())


@pytest.mark.parametrize(
    ("auth", "password"), [("admin", "wrong"), ("nobody", PASSWORD), ("admin", ""), ("", PASSWORD), ("", "")]
)
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(hub: Hub, auth: str, password: str) -> None:
    error = await refused(hub, auth, password)
    assert (type(error), str(error)) == (Unauthenticated, "The name or the password is wrong.")


async def test_a_user_without_a_password_cannot_sign_in_with_an_empty_one(hub: Hub) -> None:
    await users.create_user(
        hub, await administrator(), users.UserDraft(username="jane", name="Jane", email="jane@example.org")
    )
    for password in ("", " ", "\0"):
        assert isinstance(await refused(hub, "jane", password), Unauthenticated)


async def test_a_name_that_is_anothers_address_signs_in_nobody(hub: Hub) -> None:
    now = utc_now()
    await User.create(created=now, username="x@example.org", name="x", email="a@example.org")
    await User.create(created=now, username="b", name="b", email="x@example.org")
    assert isinstance(await refused(hub, "x@example.org", PASSWORD), Unauthenticated)


async def test_an_imported_hash_is_replaced_when_its_password_proved_right(hub: Hub) -> None:
    old = bcrypt.hashpw(b"imported", bcrypt.gensalt(4)).decode()
    await User.filter(username="admin").update(password_hash=old)
    await refused(hub, "admin", "wrong")
    assert (await User.get(username="admin")).password_hash == old
    await accounts.login(hub, "admin", "imported")
    fresh = (await User.get(username="admin")).password_hash
    assert fresh.startswith("$argon2id$")
    assert not needs_rehash(fresh)
    await accounts.login(hub, "admin", "imported")


async def test_signing_out_ends_the_session_and_twice_is_fine(hub: Hub) -> None:
    secret = await accounts.login(hub, "admin", PASSWORD)
    await accounts.logout(hub, secret)
    await accounts.logout(hub, secret)
    with pytest.raises(Unauthenticated):
        await sessions.actor_of_session(hub, secret)


async def test_a_provider_brings_an_external_user_who_is_kept_up_to_date(hub: Hub, directory: Directory) -> None:
    directory.add("jane", "ldap", name="Jane", email="Jane@Example.org")
    assert await who(hub, await accounts.login(hub, "Jane", "ldap")) == "jane"
    user = await User.get(username="jane")
    assert (user.external, user.admin, user.email, user.password_hash) == (True, False, "jane@example.org", "")
    directory.add("jane", "ldap", name="Jane Doe", email="doe@example.org")
    await accounts.login(hub, "jane", "ldap")
    user = await User.get(username="jane")
    assert (user.name, user.email, await User.all().count()) == ("Jane Doe", "doe@example.org", 2)
    assert isinstance(await refused(hub, "jane", "wrong"), Unauthenticated)


async def test_many_first_sign_ins_at_once_make_one_user(hub: Hub, directory: Directory) -> None:
    directory.add("jane", "ldap")
    await asyncio.gather(*(accounts.login(hub, "jane", "ldap") for _ in range(5)))
    assert await User.filter(username="jane").count() == 1
    assert (await User.get(username="jane")).email == "jane@directory.invalid"


async def test_the_password_of_a_local_user_is_shown_to_no_provider(hub: Hub, directory: Directory) -> None:
    directory.add("admin", "ldap")
    assert isinstance(await refused(hub, "admin", "ldap"), Unauthenticated)
    await accounts.login(hub, "admin", PASSWORD)
    assert directory.asked == []


async def test_a_provider_cannot_take_over_a_local_account(hub: Hub, directory: Directory) -> None:
    directory.people["a.dmin"] = ("ldap", Identity("directory", "1", "admin"))
    directory.people["other"] = ("ldap", Identity("directory", "2", "other", email="admin@localhost"))
    for auth in ("a.dmin", "other"):
        error = await refused(hub, auth, "ldap")
        assert isinstance(error, Unauthenticated)
        assert "already uses" in str(error)
    assert await User.all().count() == 1
    assert await Session.all().count() == 0


async def test_an_address_that_went_to_somebody_else_does_not_keep_its_owner_out(
    hub: Hub, directory: Directory
) -> None:
    directory.add("jane", "ldap", email="jane@example.org")
    await accounts.login(hub, "jane", "ldap")
    directory.add("jane", "ldap", name="Jane", email="admin@localhost")
    await accounts.login(hub, "jane", "ldap")
    user = await User.get(username="jane")
    assert (user.name, user.email) == ("Jane", "jane@example.org")


async def test_a_provider_that_is_down_keeps_out_only_those_whom_it_alone_knows(hub: Hub, directory: Directory) -> None:
    for trouble in (NotReady("No answer from ldap.example.org."), OSError("secret address"), AuthRejected("no")):
        directory.trouble = trouble
        await accounts.login(hub, "admin", PASSWORD)
        error = await refused(hub, "jane", "ldap")
        assert isinstance(error, Unauthenticated if isinstance(trouble, AuthRejected) else Unavailable)
        assert "secret address" not in str(error)


async def test_an_outage_is_no_guess(hub: Hub, directory: Directory) -> None:
    directory.add("jane", "ldap")
    directory.trouble = NotReady("No answer.")
    for _ in range(15):
        assert isinstance(await refused(hub, "jane", "ldap"), Unavailable)
    directory.trouble = None
    assert await accounts.login(hub, "jane", "ldap")


async def test_the_next_provider_is_asked_when_one_is_down_or_knows_nobody() -> None:
    away, empty, right = Directory("away"), Directory("empty"), Directory("right")
    away.trouble = NotReady("No answer.")
    right.add("jane", "ldap")
    async with booted(plugins=plugins(away, empty, right)) as hub:
        assert await who(hub, await accounts.login(hub, "jane", "ldap")) == "jane"
        assert [len(one.asked) for one in (away, empty, right)] == [1, 1, 1]


async def test_a_provider_reads_its_own_table_of_the_settings() -> None:
    directory = Directory()
    directory.add("jane", "ldap")
    async with booted(plugins=plugins(directory)) as hub:
        table = {"directory": {"realm": "OFFICE"}}
        told = replace(hub, settings=hub.settings.model_copy(update={"plugins": table}))
        await accounts.login(told, "jane", "ldap")
        assert directory.realms == ["OFFICE"]
        wrong = replace(hub, settings=hub.settings.model_copy(update={"plugins": {"directory": {"relm": "X"}}}))
        assert isinstance(await refused(wrong, "jane", "ldap"), Unavailable)
        await accounts.login(wrong, "admin", PASSWORD)


async def test_guessing_is_slowed_down_for_the_address_that_guesses_and_for_no_other(hub: Hub) -> None:
    for account in ("admin", "nobody"):
        for _ in range(10):
            assert isinstance(await refused(hub, account, "wrong", ip="192.0.2.1"), Unauthenticated)
        error = await refused(hub, account, PASSWORD, ip="192.0.2.1")
        assert isinstance(error, TooMany)
        assert 0 < error.retry_after <= 301
    assert await accounts.login(hub, "admin", PASSWORD, ip="192.0.2.2")
    later = replace(hub, clock=lambda: utc_now() + timedelta(minutes=6))
    assert await accounts.login(later, "admin", PASSWORD, ip="192.0.2.1")


async def test_a_right_password_clears_the_account_for_its_address(hub: Hub) -> None:
    for _ in range(3):
        for _ in range(9):
            await refused(hub, "admin", "wrong")
        await accounts.login(hub, "admin", PASSWORD)


async def test_guesses_at_the_same_moment_count_as_well(hub: Hub) -> None:
    ended = await asyncio.gather(
        *(accounts.login(hub, "admin", f"guess {number}") for number in range(30)), return_exceptions=True
    )
    assert sum(isinstance(one, TooMany) for one in ended) == 20


async def test_one_address_cannot_try_name_after_name(hub: Hub) -> None:
    at = hub.clock()
    still = replace(hub, clock=lambda: at)  # a place comes back every three seconds
    ended = [await refused(still, f"name-{number}", "") for number in range(101)]
    assert [type(one) for one in ended] == [Unauthenticated] * 100 + [TooMany]


async def test_the_first_administrator_is_made_once_however_many_nodes_start(hub: Hub) -> None:
    await User.all().delete()
    await asyncio.gather(*(first.make_first_administrator(hub) for _ in range(4)))
    assert await User.all().values_list("username", "admin") == [("admin", True)]
    await accounts.login(hub, "admin", PASSWORD)


async def test_a_password_that_nobody_chose_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    async with booted(admin_password="", admin_login="Root", admin_email="Root@Example.org") as hub:
        shown = capsys.readouterr()
        password = next(line.split()[-1] for line in shown.err.splitlines() if "Password:" in line)
        assert shown.out == ""
        assert await who(hub, await accounts.login(hub, "root@example.org", password)) == "root"
        await first.make_first_administrator(hub)
        assert capsys.readouterr().err == ""


async def test_a_chosen_password_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    async with booted():
        shown = capsys.readouterr()
        assert PASSWORD not in shown.err + shown.out


async def test_a_first_administrator_without_a_name_ends_the_start() -> None:
    with pytest.raises(SettingsError):
        async with booted(admin_login="  "):
            pass
