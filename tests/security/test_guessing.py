"""Guessing passwords: it is slowed down, locks nobody else out, and its answers tell nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.errors import Unauthenticated
from hub.models import User
from hub.services import accounts, throttle, users
from hub.services.actor import SYSTEM
from hub.services.users import PasswordDraft
from hub.tally import memory
from hub.testing.booted import PASSWORD, administrator
from hub.web.app import make_app

from .people import Caller


@pytest.fixture
async def jane(people, hub):
    actor = await people.actor("jane")
    await users.change_password(hub, SYSTEM, actor.user_id, PasswordDraft(password="right one"))
    return actor


async def attempt(app, password, *, name="jane", address="203.0.113.7"):
    client = app.test_client(use_cookies=False)
    body = {"auth": name, "password": password}
    return await client.post("/api/auth/login", json=body, scope_base={"client": (address, 1)})


async def test_the_eleventh_wrong_password_is_not_even_looked_at(app, jane):
    for _ in range(throttle.PER_ACCOUNT):
        assert (await attempt(app, "wrong")).status_code == 401
    reply = await attempt(app, "right one")
    assert reply.status_code == 429
    assert 0 < int(reply.headers["Retry-After"]) <= throttle.WINDOW.total_seconds() + 1


async def test_many_guesses_at_once_gain_nothing(app, jane):
    import asyncio

    replies = await asyncio.gather(*[attempt(app, f"wrong {number}") for number in range(3 * throttle.PER_ACCOUNT)])
    codes = [reply.status_code for reply in replies]
    assert codes.count(401) == throttle.PER_ACCOUNT
    assert codes.count(429) == 2 * throttle.PER_ACCOUNT


async def test_one_password_for_many_accounts_is_slowed_down_too(hub):
    at = hub.clock()
    app = make_app(replace(hub, clock=lambda: at))
    codes = [(await attempt(app, "x", name=f"user{number}")).status_code for number in range(throttle.PER_ADDRESS + 1)]
    assert codes == [401] * throttle.PER_ADDRESS + [429]


async def test_writing_the_name_differently_gains_nothing(app, jane):
    names = ["jane", "JANE", " jane", "jane ", "Jane", "jAne", "\tjane", "jane\n", "JanE", "janE"]
    for name in names:
        assert (await attempt(app, "wrong", name=name)).status_code == 401
    assert (await attempt(app, "right one", name="jane")).status_code == 429


async def test_nobody_locks_somebody_else_out(app, jane):
    for _ in range(throttle.PER_ACCOUNT + 1):
        await attempt(app, "wrong")
    assert (await attempt(app, "right one", address="198.51.100.1")).status_code == 204


async def test_headers_of_strangers_make_no_new_address(app, jane):
    client = app.test_client(use_cookies=False)
    codes = []
    for number in range(throttle.PER_ACCOUNT + 1):
        reply = await client.post(
            "/api/auth/login", json={"auth": "jane", "password": "wrong"}, scope_base={"client": ("203.0.113.7", 1)},
            headers={"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"},
        )  # fmt: skip
        codes.append(reply.status_code)
    assert codes[-1] == 429


async def test_the_wait_ends_by_itself(app, hub, jane):
    for _ in range(throttle.PER_ACCOUNT + 1):
        await attempt(app, "wrong")
    later = replace(hub, clock=lambda: hub.clock() + throttle.WINDOW + timedelta(seconds=1))
    assert (await attempt(make_app(later), "right one")).status_code == 204


async def test_the_present_password_cannot_be_guessed_from_a_stolen_session(people, hub, jane):
    thief = await people.with_session(jane)
    path = f"/users/{jane.user_id}/password"
    for number in range(throttle.PER_ACCOUNT):
        assert (await thief.post(path, {"password": "x", "current_password": f"wrong {number}"})).status == 400
    assert (await thief.post(path, {"password": "x", "current_password": "right one"})).status == 429


async def test_what_is_remembered_of_failures_is_bounded(hub, monkeypatch):
    monkeypatch.setattr(memory, "MOST", 50)
    for number in range(200):
        await throttle.count(hub, throttle.Attempt(f"name {number}" * 1000, f"198.51.100.{number}"))
    assert len(hub.tally.full_at) <= 50
    assert max(len(key) for key in hub.tally.full_at) < 300


@pytest.mark.parametrize("name", ["nobody", "jane", "admin", "external", "nobody@example.org", "", "\0"])
async def test_a_failure_costs_and_says_the_same_for_everybody(hub, jane, monkeypatch, name):
    """One real check of a hash, whether or not somebody has that name; so the time tells nothing."""
    await User.create(created=hub.clock(), username="external", name="E", email="e@example.org", external=True)
    checked = []

    async def count(hashed: str, text: str) -> bool:
        checked.append(hashed)
        return False

    from hub.services import passwords

    monkeypatch.setattr(accounts, "verify_password", count)
    monkeypatch.setattr(passwords, "verify_password", count)
    with pytest.raises(Unauthenticated) as refusal:
        await accounts.login(hub, name, "wrong")
    assert len(checked) == 1
    assert str(refusal.value) == accounts._WRONG


async def test_unknown_names_and_wrong_passwords_answer_alike(app, jane):
    known, unknown = await attempt(app, "wrong"), await attempt(app, "wrong", name="nobody")
    assert await known.get_data() == await unknown.get_data()
    assert known.status_code == unknown.status_code
    assert {*known.headers.keys()} == {*unknown.headers.keys()}


async def test_hashing_never_takes_more_memory_than_two_at_once(hub):
    """However many sign in together: each check takes 19 MiB, so they queue."""
    from hub.services import passwords

    assert passwords._pool()._max_workers <= 2


async def test_secrets_are_compared_in_constant_time_or_by_digest():
    """No `==` on what a caller sent: sessions and tokens are found by digest, forms by `compare_digest`."""
    import inspect

    from hub.services import sessions
    from hub.web.pages import visit

    assert "compare_digest" in inspect.getsource(visit.check_csrf)
    for function in (sessions.actor_of_session, sessions.actor_of_token, sessions.close_session):
        source = inspect.getsource(function)
        assert "digest=digest(" in source or "[digest(secret" in source


async def test_a_second_name_never_signs_in_as_somebody_else(people, hub):
    """A username that is another's address would make two accounts answer to one name."""
    admin = Caller(make_app(hub), token=(await people.with_token(await administrator())).token)
    first = {"username": "first", "name": "F", "email": "first@example.org", "password": "one"}
    assert (await admin.post("/users", first)).status == 201
    for twin in ({"username": "first@example.org", "email": "x@example.org"}, {"username": "y", "email": "first"},
                 {"username": "FIRST", "email": "z@example.org"}):  # fmt: skip
        assert (await admin.post("/users", {"name": "T", "password": "two"} | twin)).status == 400, twin
    assert await accounts.login(hub, "first", "one")
    assert PASSWORD != "one"
