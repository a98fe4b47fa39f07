"""What a session or token may do ends when it ends, everywhere at once; and what the cookie is like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest

from hub.errors import Unauthenticated
from hub.models import Membership, Session, Token, User
from hub.services import sessions, users
from hub.services.actor import SYSTEM
from hub.services.users import PasswordDraft, UserDraft
from hub.testing.booted import PASSWORD, administrator, booted
from hub.web.actor import COOKIE
from hub.web.app import make_app

from .people import Caller

LOGIN = {"auth": "admin", "password": PASSWORD}


async def sign_in(caller, **headers):
    reply = await caller.call("POST", "/api/auth/login", LOGIN, **headers)
    assert reply.status == 204, reply.data
    return SimpleCookie(reply.headers["Set-Cookie"])[COOKIE]


async def test_every_sign_in_gets_an_id_of_its_own_and_ends_the_one_before(people):
    """Nobody can plant a session on somebody who signs in."""
    planted = (await sign_in(people.nobody())).value
    fresh = (await sign_in(people.nobody(), Cookie=f"{COOKIE}={planted}")).value
    assert fresh != planted
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={fresh}")).status == 200
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={planted}")).status == 401


async def test_an_id_that_the_browser_made_up_is_never_taken(people):
    made_up = "x" * 43
    fresh = (await sign_in(people.nobody(), Cookie=f"{COOKIE}={made_up}")).value
    assert fresh != made_up
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={made_up}")).status == 401


async def test_a_sign_out_ends_the_session_itself(people):
    cookie = (await sign_in(people.nobody())).value
    assert (await people.nobody().call("POST", "/api/auth/logout", Cookie=f"{COOKIE}={cookie}")).status == 204
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={cookie}")).status == 401


async def test_a_sign_out_on_the_page_ends_the_session_itself(people):
    import hashlib
    import hmac

    cookie = (await sign_in(people.nobody())).value
    token = hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()
    reply = await people.nobody().call(
        "POST", "/auth/logout", raw=f"csrf={token}", Cookie=f"{COOKIE}={cookie}",
        Content_Type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert reply.status == 303
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={cookie}")).status == 401


async def test_a_new_password_ends_every_other_session(people, hub):
    actor = await people.actor("jane")
    here, there = await people.with_session(actor), await people.with_session(actor)
    await users.change_password(hub, await administrator(), actor.user_id, PasswordDraft(password="first one"))
    here, there = await people.with_session(actor), await people.with_session(actor)
    body = {"password": "second one", "current_password": "first one"}
    assert (await here.post(f"/users/{actor.user_id}/password", body)).status == 204
    assert (await here.get("/user")).status == 200
    assert (await there.get("/user")).status == 401


async def test_a_password_set_by_an_administrator_ends_every_session(people, hub):
    actor = await people.actor("jane")
    here = await people.with_session(actor)
    await users.change_password(hub, await administrator(), actor.user_id, PasswordDraft(password="another"))
    assert (await here.get("/user")).status == 401


async def test_nobody_changes_a_password_without_the_old_one(people, hub):
    """Neither by the route for it nor by the one that replaces a whole user; not even an administrator their own."""
    for actor in (await people.actor("jane"), await administrator()):
        await users.change_password(hub, SYSTEM, actor.user_id, PasswordDraft(password="the old one"))
        caller = await people.with_session(actor)
        whole = {"username": actor.username, "name": actor.name, "email": f"{actor.username}@x", "admin": actor.admin}
        for current in ("", "wrong"):
            body = {"password": "a new one", "current_password": current}
            assert (await caller.post(f"/users/{actor.user_id}/password", body)).status == 400
            assert (await caller.put(f"/users/{actor.user_id}", whole | body)).status == 400
        await sessions.close_sessions_of(hub, actor.user_id)


async def test_a_deleted_user_is_out_at_once(people, hub):
    actor = await people.actor("jane")
    callers = [await people.with_session(actor), await people.with_token(actor)]
    await users.delete_user(hub, await administrator(), actor.user_id)
    for caller in callers:
        assert (await caller.get("/user")).status == 401
    assert not await Session.filter(user_id=actor.user_id).exists()
    assert not await Token.filter(user_id=actor.user_id).exists()


async def test_a_deleted_token_is_out_at_once(people):
    actor = await people.actor("jane")
    caller, other = await people.with_token(actor), await people.with_token(actor)
    assert (await caller.delete(f"/user/tokens/{other.token[:8]}")).status == 204
    assert (await other.get("/user")).status == 401
    assert (await caller.get("/user")).status == 200


async def test_nobody_deletes_or_lists_tokens_of_others(people):
    jane, joe = await people.somebody("jane"), await people.somebody("joe")
    assert (await joe.delete(f"/user/tokens/{jane.token[:8]}")).status == 204
    assert (await joe.delete(f"/user/tokens/{jane.token}")).status == 204
    assert (await jane.get("/user")).status == 200
    assert jane.token[:8] not in (await joe.get("/user/tokens")).data.decode()


async def test_a_list_of_tokens_shows_no_token(people):
    caller = await people.somebody("jane")
    assert caller.token not in (await caller.get("/user/tokens")).data.decode()
    assert caller.token[8:20] not in (await caller.get("/user/tokens")).data.decode()


async def test_a_lost_membership_or_role_counts_at_once(people, mine):
    caller = await people.somebody("jane", (mine.project, "manager"))
    assert caller.actor is not None
    membership = Membership.filter(user_id=caller.actor.user_id)
    await membership.update(role="guest")
    assert (await caller.delete(f"/project/{mine.project}/views/{mine.view}")).status == 403
    await membership.delete()
    assert (await caller.get(f"/project/{mine.project}/views/{mine.view}")).status == 404


async def test_an_administrator_who_is_none_any_more_is_none_at_once(people, mine):
    actor = await people.actor("jane")
    await User.filter(id=actor.user_id).update(admin=True)
    caller = await people.with_token(replace(actor, admin=True))
    assert (await caller.get("/options")).status == 200
    await User.filter(id=actor.user_id).update(admin=False)
    assert (await caller.get("/options")).status == 403
    assert (await caller.get(f"/project/{mine.project}")).status == 404


async def test_an_idle_session_ends(people, hub):
    actor = await people.actor("jane")
    caller = await people.with_session(actor)
    long_ago = hub.clock() - timedelta(days=hub.settings.session_idle_days, seconds=1)
    await Session.all().update(last_active=long_ago)
    assert (await caller.get("/user")).status == 401


async def test_a_token_ends_when_it_says(people, hub):
    caller = await people.somebody("jane")
    await Token.all().update(expires=hub.clock())
    assert (await caller.get("/user")).status == 401


async def test_a_session_that_owes_its_second_factor_may_do_nothing(people):
    actor = await people.actor("jane")
    caller = await people.with_session(actor)
    await Session.all().update(verified=False)
    assert (await caller.get("/user")).status == 401


async def test_a_database_holds_no_session_and_no_token(people, hub):
    cookie = (await sign_in(people.nobody())).value
    caller = await people.somebody("jane")
    stored = str(await Session.all().values()) + str(await Token.all().values())
    assert cookie not in stored
    assert caller.token not in stored


async def test_a_digest_from_the_database_opens_nothing(people):
    cookie = (await sign_in(people.nobody())).value
    caller = await people.somebody("jane")
    for digest in (sessions.digest(cookie), sessions.digest(caller.token)):
        for headers in ({"Cookie": f"{COOKIE}={digest}"}, {"Authorization": f"Bearer {digest}"}):
            assert (await people.nobody().call("GET", "/api/user", **headers)).status == 401


async def test_a_cookie_serves_as_no_token_and_a_token_as_no_cookie(people, hub):
    cookie = (await sign_in(people.nobody())).value
    caller = await people.somebody("jane")
    assert (await people.nobody().call("GET", "/api/user", Authorization=f"Bearer {cookie}")).status == 401
    assert (await people.nobody().call("GET", "/api/user", Cookie=f"{COOKIE}={caller.token}")).status == 401
    with pytest.raises(Unauthenticated):
        await sessions.actor_of_session(hub, caller.token)


async def test_no_credential_is_taken_from_an_address(people):
    cookie = (await sign_in(people.nobody())).value
    caller = await people.somebody("jane")
    for name in ("token", "access_token", "bearer", "api_key", "authorization", COOKIE):
        for secret in (cookie, caller.token, f"Bearer {caller.token}"):
            assert (await people.nobody().call("GET", f"/api/user?{name}={secret}")).status == 401


@pytest.mark.parametrize(
    ("public_url", "secure", "path"),
    [("", False, "/"), ("http://hub.example.org", False, "/"), ("https://hub.example.org", True, "/"),
     ("https://example.org/hub", True, "/hub")],
)  # fmt: skip
async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_connections(plugins, public_url, secure, path):
    async with booted(plugins=plugins, public_url=public_url) as hub:
        app = make_app(hub)
        cookie = await sign_in(Caller(app))
        assert cookie["httponly"] is True
        assert cookie["samesite"] == "Lax"
        assert bool(cookie["secure"]) is secure
        assert cookie["path"] == path
        assert cookie["domain"] == ""
        reply = await Caller(app).call("POST", "/api/auth/logout", Cookie=f"{COOKIE}={cookie.value}")
        gone = SimpleCookie(reply.headers["Set-Cookie"])[COOKIE]
        assert (gone.value, gone["path"], gone["max-age"]) == ("", path, "0")


async def test_there_is_no_default_password(plugins, capsys):
    async with booted(plugins=plugins, admin_password="") as hub:
        app = make_app(hub)

        shown = capsys.readouterr().err
        for password in ("", "admin", "changeme", "password", "semaphore", "hub"):
            reply = await Caller(app).call("POST", "/api/auth/login", {"auth": "admin", "password": password})
            assert reply.status == 401, password
        generated = shown.partition("Password:")[2].split()[0]
        assert len(generated) >= 20
        reply = await Caller(app).call("POST", "/api/auth/login", {"auth": "admin", "password": generated})
        assert reply.status == 204


async def test_an_account_without_a_password_cannot_be_signed_in_to(people, hub):
    draft = UserDraft(username="jane", name="Jane", email="jane@example.org")
    await users.create_user(hub, await administrator(), draft)
    for password in ("", " ", "jane", "\0"):
        reply = await people.nobody().call("POST", "/api/auth/login", {"auth": "jane", "password": password})
        assert reply.status in {400, 401}
