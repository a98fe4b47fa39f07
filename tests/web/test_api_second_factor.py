"""The second factor over the wire: set up, asked for at sign-in, used once, lost."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from quart import Quart

from hub.context import Hub
from hub.models import RecoveryCode, SecondFactor, Session
from hub.services import second_factor_setup, sessions, users, vaulting
from hub.services.actor import SYSTEM, Actor
from hub.services.second_factor_setup import ProofDraft
from hub.services.users import UserDraft
from hub.testing.booted import PASSWORD, administrator
from hub.vault import with_new_key
from hub.web.actor import COOKIE
from hub.web.api import load_routes
from hub.web.api.mount import mount
from hub.web.encoding import WireJSON

NOON = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Reply:
    status: int
    data: bytes
    headers: Any

    @property
    def json(self) -> Any:
        import orjson

        return orjson.loads(self.data)


@dataclass
class Browser:
    """One browser with its cookie, or a script with a token."""

    app: Quart
    cookie: str = ""
    token: str = ""
    trail: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        given = {} if body is None else {"json": body}
        client = self.app.test_client(use_cookies=False)
        answer = await client.open(f"/api{path}", method=method, headers=sent | headers, **given)
        for one in answer.headers.getlist("Set-Cookie"):
            self.cookie = one.partition("=")[2].partition(";")[0]
            self.trail.append(self.cookie)
        return Reply(answer.status_code, await answer.get_data(as_text=False), answer.headers)

    async def get(self, path: str) -> Reply:
        return await self.call("GET", path)

    async def post(self, path: str, body: Any = None) -> Reply:
        return await self.call("POST", path, body)

    async def sign_in(self, name: str = "admin", password: str = PASSWORD) -> Reply:
        return await self.post("/auth/login", {"auth": name, "password": password})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ticking(hub: Hub, clock: Clock) -> Hub:
    """The hub, living by the test's clock."""
    return replace(hub, clock=clock)


@pytest.fixture
def application(ticking: Hub) -> Quart:
    app = Quart("hub.tests")
    app.json = WireJSON(app)
    load_routes()
    mount(app, ticking)
    return app


@pytest.fixture
async def browser(application: Quart) -> Browser:
    """A browser in which the administrator, person 1, is signed in."""
    one = Browser(application)
    assert (await one.sign_in()).status == 204
    return one


@dataclass
class Device:
    """An authenticator app."""

    totp: pyotp.TOTP
    clock: Clock
    made: dict[str, Any]

    def code(self, offset: int = 0) -> str:
        return self.totp.at(self.clock.now, counter_offset=offset)


async def set_up(browser: Browser, clock: Clock, user_id: int = 1) -> Device:
    made = await browser.post(f"/users/{user_id}/2fas/totp")
    assert made.status == 200, made.data
    totp = pyotp.parse_uri(made.json["url"])
    assert isinstance(totp, pyotp.TOTP)
    return Device(totp, clock, made.json)


async def confirmed(browser: Browser, clock: Clock, user_id: int = 1) -> Device:
    device = await set_up(browser, clock, user_id)
    path = f"/users/{user_id}/2fas/totp/{device.made['id']}/confirm"
    reply = await browser.post(path, {"passcode": device.code()})
    assert reply.status == 204, reply.data
    clock.wait(60)
    return device


async def jane(hub: Hub) -> Actor:
    body = {"username": "jane", "name": "Jane", "email": "jane@example.org", "password": "jane-password"}
    await users.create_user(hub, SYSTEM, UserDraft.read(body))
    return await users.actor_named(SYSTEM, "jane")


async def test_setting_up_answers_the_address_and_recovery_codes_this_once(browser, clock):
    device = await set_up(browser, clock)
    assert device.totp.issuer == "Hub"
    assert device.made["url"].startswith("otpauth://totp/Hub:admin%40")
    assert len(device.made["recovery_codes"]) == 10
    assert device.made["recovery_code"] == device.made["recovery_codes"][0]
    assert len(device.made["recovery_code"]) == 16
    own = (await browser.get("/user")).json
    assert own["totp"] == {"id": device.made["id"], "created": "2026-11-21T12:00:05Z", "user_id": 1, "confirmed": False}


async def test_a_set_up_that_was_broken_off_locks_nobody_out(browser, application, clock):
    await set_up(browser, clock)
    again = Browser(application)
    await again.sign_in()
    assert (await again.get("/user")).status == 200


async def test_a_set_up_that_was_broken_off_can_be_begun_again(browser, clock):
    first = await set_up(browser, clock)
    second = await set_up(browser, clock)
    assert first.totp.secret != second.totp.secret
    assert await SecondFactor.all().count() == 1
    assert await RecoveryCode.all().count() == 10
    path = f"/users/1/2fas/totp/{second.made['id']}/confirm"
    assert (await browser.post(path, {"passcode": first.code()})).status == 400
    assert (await browser.post(path, {"passcode": second.code()})).status == 204


async def test_once_confirmed_every_route_asks_a_new_session_for_the_code(browser, application, clock):
    device = await confirmed(browser, clock)
    assert (await browser.get("/user")).status == 200  # the session that set it up goes on
    fresh = Browser(application)
    assert (await fresh.sign_in()).status == 204
    for path in ("/user", "/projects", "/info", "/users", "/user/sessions", "/options"):
        reply = await fresh.get(path)
        assert (reply.status, reply.json) == (401, {"error": "TOTP_REQUIRED"}), path
    planted = fresh.cookie
    reply = await fresh.post("/auth/verify", {"passcode": device.code()})
    assert (reply.status, reply.data) == (200, b"")
    assert fresh.cookie != planted
    assert (await fresh.get("/user")).status == 200
    assert (await Browser(application, planted).get("/user")).status == 401


async def test_a_session_that_owes_nothing_answers_204(browser, clock):
    assert (await browser.post("/auth/verify", {"passcode": "123456"})).status == 204
    assert (await browser.post("/auth/recovery", {"recovery_code": "X"})).status == 204
    device = await confirmed(browser, clock)
    assert (await browser.post("/auth/verify", {"passcode": "123456"})).status == 204
    code = device.made["recovery_code"]
    assert (await browser.post("/auth/recovery", {"recovery_code": code})).status == 204
    assert await RecoveryCode.filter(used=None).count() == 10


async def test_a_client_that_knows_nothing_of_confirming_confirms_by_verifying(browser, application, clock):
    device = await set_up(browser, clock)
    assert (await browser.post("/auth/verify", {"passcode": "000000"})).status == 401
    reply = await browser.post("/auth/verify", {"passcode": device.code()})
    assert (reply.status, reply.data) == (200, b"")
    assert (await browser.get("/user")).json["totp"]["confirmed"] is True
    fresh = Browser(application)
    await fresh.sign_in()
    assert (await fresh.get("/user")).status == 401


async def test_a_wrong_code_answers_401_in_the_wires_word(browser, application, clock):
    device = await confirmed(browser, clock)
    fresh = Browser(application)
    await fresh.sign_in()
    right = device.code()
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for code in (wrong, "", "12345", "1234567", "abcdef", "١٢٣٤٥٦", right + "\n0", "-00001"):
        reply = await fresh.post("/auth/verify", {"passcode": code})
        assert (reply.status, reply.json) == (401, {"error": "INVALID_PASSCODE"}), code
    assert (await fresh.post("/auth/verify", {"passcode": 123456})).status == 400
    assert (await fresh.get("/user")).status == 401


@pytest.mark.parametrize(("offset", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_off_by_one_step(browser, application, clock, offset, status):
    device = await confirmed(browser, clock)
    clock.wait(60)
    fresh = Browser(application)
    await fresh.sign_in()
    assert (await fresh.post("/auth/verify", {"passcode": device.code(offset)})).status == status


async def test_a_code_is_good_once(browser, application, clock):
    device = await confirmed(browser, clock)
    code, before = device.code(), device.code(-1)
    first, second = Browser(application), Browser(application)
    await first.sign_in()
    await second.sign_in()
    assert (await first.post("/auth/verify", {"passcode": code})).status == 200
    for used in (code, before):
        reply = await second.post("/auth/verify", {"passcode": used})
        assert (reply.status, reply.json["error"]) == (401, "INVALID_PASSCODE")
    clock.wait(30)
    assert (await second.post("/auth/verify", {"passcode": code})).status == 401
    assert (await second.post("/auth/verify", {"passcode": device.code()})).status == 200


async def test_the_code_that_confirmed_lets_nobody_in(browser, application, clock):
    device = await set_up(browser, clock)
    code = device.code()
    assert (await browser.post(f"/users/1/2fas/totp/{device.made['id']}/confirm", {"passcode": code})).status == 204
    fresh = Browser(application)
    await fresh.sign_in()
    assert (await fresh.post("/auth/verify", {"passcode": code})).status == 401


async def test_of_two_sessions_with_the_same_code_at_once_one_gets_in(browser, application, clock):
    device = await confirmed(browser, clock)
    rivals = [Browser(application) for _ in range(4)]
    for one in rivals:
        await one.sign_in()
    replies = await asyncio.gather(*(one.post("/auth/verify", {"passcode": device.code()}) for one in rivals))
    assert sorted(reply.status for reply in replies) == [200, 401, 401, 401]
    inside = [(await one.get("/user")).status for one in rivals]
    assert sorted(inside) == [200, 401, 401, 401]


async def test_of_two_sessions_with_the_same_recovery_code_at_once_one_gets_in(browser, application, clock):
    device = await confirmed(browser, clock)
    rivals = [Browser(application) for _ in range(3)]
    for one in rivals:
        await one.sign_in()
    body = {"recovery_code": device.made["recovery_codes"][4]}
    replies = await asyncio.gather(*(one.post("/auth/recovery", body) for one in rivals))
    assert sorted(reply.status for reply in replies) == [204, 401, 401]


async def test_a_recovery_code_lets_in_once_and_the_factor_stays(browser, application, clock):
    device = await confirmed(browser, clock)
    code = device.made["recovery_codes"][3]
    fresh = Browser(application)
    await fresh.sign_in()
    wrong = await fresh.post("/auth/recovery", {"recovery_code": "A" * 16})
    assert (wrong.status, wrong.json) == (401, {"error": "INVALID_RECOVERY_CODE"})
    planted = fresh.cookie
    spelt = f"{code[:4].lower()}-{code[4:8]} {code[8:]}"
    assert (await fresh.post("/auth/recovery", {"recovery_code": spelt})).status == 204
    assert fresh.cookie != planted
    assert (await fresh.get("/user")).json["totp"]["confirmed"] is True
    again = Browser(application)
    await again.sign_in()
    assert (await again.post("/auth/recovery", {"recovery_code": code})).status == 401
    assert (await again.get("/user")).json == {"error": "TOTP_REQUIRED"}


async def test_a_recovery_code_of_somebody_else_is_good_for_nothing(ticking, browser, application, clock):
    device = await confirmed(browser, clock)
    await jane(ticking)
    other = Browser(application)
    await other.sign_in("jane", "jane-password")
    await confirmed(other, clock, 2)
    fresh = Browser(application)
    await fresh.sign_in("jane", "jane-password")
    assert (await fresh.post("/auth/recovery", {"recovery_code": device.made["recovery_code"]})).status == 401
    assert (await fresh.post("/auth/verify", {"passcode": device.code()})).status == 401


async def test_guesses_are_slowed_down_from_wherever_they_come(browser, application, clock):
    device = await confirmed(browser, clock)
    fresh = Browser(application)
    await fresh.sign_in()
    for number in range(10):
        kind = ("/auth/verify", {"passcode": "x"}) if number % 2 else ("/auth/recovery", {"recovery_code": "x"})
        assert (await fresh.call("POST", *kind, **{"X-Real-IP": f"192.0.2.{number}"})).status == 401
    reply = await fresh.post("/auth/verify", {"passcode": device.code()})
    assert reply.status == 429
    assert 0 < int(reply.headers["Retry-After"]) <= 301
    clock.wait(301)
    assert (await fresh.post("/auth/verify", {"passcode": device.code()})).status == 200


async def test_guesses_for_one_person_slow_nobody_else_down(ticking, browser, application, clock):
    await jane(ticking)
    other = Browser(application)
    await other.sign_in("jane", "jane-password")
    device = await confirmed(other, clock, 2)
    await confirmed(browser, clock)
    attacker = Browser(application)
    await attacker.sign_in()
    for _ in range(11):
        last = await attacker.post("/auth/verify", {"passcode": "000000"})
    assert last.status == 429
    fresh = Browser(application)
    await fresh.sign_in("jane", "jane-password")
    assert (await fresh.post("/auth/verify", {"passcode": device.code()})).status == 200


async def test_tokens_owe_no_second_factor_and_prove_none(ticking, browser, application, clock):
    await confirmed(browser, clock)
    made = await sessions.create_token(ticking, await administrator(), sessions.TokenDraft())
    script = Browser(application, token=made["id"])
    assert (await script.get("/user")).status == 200
    assert (await script.post("/auth/verify", {"passcode": "000000"})).status == 401
    assert (await script.post("/auth/recovery", {"recovery_code": "x"})).status == 401


async def test_without_a_session_nothing_is_verified(application):
    nobody = Browser(application)
    assert (await nobody.post("/auth/verify", {"passcode": "000000"})).status == 401
    nobody.cookie = "x" * 43
    assert (await nobody.post("/auth/recovery", {"recovery_code": "x"})).status == 401


async def test_another_sites_page_cannot_verify(browser, application, clock):
    device = await confirmed(browser, clock)
    fresh = Browser(application)
    await fresh.sign_in()
    body = {"passcode": device.code()}
    assert (await fresh.call("POST", "/auth/verify", body, Origin="https://evil.example")).status == 403
    assert (await fresh.get("/user")).status == 401


async def test_one_can_sign_out_without_the_code(browser, application, clock):
    await confirmed(browser, clock)
    fresh = Browser(application)
    await fresh.sign_in()
    before = await Session.all().count()
    assert (await fresh.post("/auth/logout")).status == 204
    assert await Session.all().count() == before - 1


async def test_the_picture_is_a_png_of_256_pixels_until_the_factor_counts(browser, clock):
    device = await set_up(browser, clock)
    path = f"/users/1/2fas/totp/{device.made['id']}/qr"
    reply = await browser.get(path)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "image/png")
    assert reply.data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", reply.data[16:24]) == (256, 256)
    await browser.post(f"/users/1/2fas/totp/{device.made['id']}/confirm", {"passcode": device.code()})
    gone = await browser.get(path)
    assert (gone.status, gone.json) == (404, {"error": "TOTP not enabled"})


async def test_the_secret_stands_in_no_answer_once_it_was_shown_and_is_sealed_at_rest(ticking, browser, clock):
    device = await confirmed(browser, clock)
    await browser.post("/projects", {"name": "First"})
    secrets = [device.totp.secret, "otpauth", *device.made["recovery_codes"]]
    for path in ("/user", "/users", "/users/1", "/project/1/users", "/project/1/users/1", "/user/sessions", "/events"):
        reply = await browser.get(path)
        assert reply.status == 200, path
        assert not [one for one in secrets if one in reply.data.decode()], path
    stored = str(await SecondFactor.all().values()) + str(await RecoveryCode.all().values())
    assert not [one for one in secrets if one in stored]


async def test_others_see_no_second_factor_of_a_person(ticking, browser, application, clock):
    await confirmed(browser, clock)
    await jane(ticking)
    other = Browser(application)
    await other.sign_in("jane", "jane-password")
    assert "totp" not in (await other.get("/users/1")).json
    assert "totp" in (await browser.get("/users/1")).json
    assert "totp" not in (await browser.get("/users/2")).json


async def test_setting_up_twice_is_refused_in_the_wires_words(browser, clock):
    await confirmed(browser, clock)
    reply = await browser.post("/users/1/2fas/totp")
    assert (reply.status, reply.json["error"]) == (400, "TOTP already enabled")


async def test_only_oneself_or_an_administrator_sets_up_and_only_oneself_confirms(ticking, browser, application, clock):
    person = await jane(ticking)
    other = Browser(application)
    await other.sign_in("jane", "jane-password")
    assert (await other.post("/users/1/2fas/totp")).status == 401
    assert (await other.get("/users/1/2fas/totp/1/qr")).status == 401
    assert (await other.call("DELETE", "/users/1/2fas/totp/1")).status == 401
    device = await set_up(browser, clock, person.user_id)
    path = f"/users/2/2fas/totp/{device.made['id']}"
    assert (await browser.post(f"{path}/confirm", {"passcode": device.code()})).status == 401
    assert (await browser.post(f"{path}/recovery_codes", {"password": "jane-password"})).status == 401
    assert (await other.post(f"{path}/confirm", {"passcode": "000000"})).status == 400
    assert (await other.post("/users/2/2fas/totp/99/confirm", {"passcode": device.code()})).status == 404
    assert (await other.post(f"{path}/confirm", {"passcode": device.code()})).status == 204
    assert (await other.post(f"{path}/confirm", {"passcode": device.code()})).status == 409
    assert (await browser.post("/users/99/2fas/totp")).status == 404


async def test_nobody_takes_their_own_factor_away_without_proof(browser, clock):
    device = await confirmed(browser, clock)
    path = f"/users/1/2fas/totp/{device.made['id']}"
    for body in (None, {}, {"password": "wrong"}, {"passcode": "000000"}, {"recovery_code": "x"}):
        assert (await browser.call("DELETE", path, body)).status == 400, body
    assert (await browser.call("DELETE", path, {"passcode": device.code()})).status == 204
    gone = await browser.call("DELETE", path, {"password": PASSWORD})
    assert (gone.status, gone.json["error"]) == (400, "TOTP not enabled")


@pytest.mark.parametrize("kind", ["password", "recovery_code"])
async def test_a_password_or_recovery_code_proves_as_well(browser, clock, kind):
    device = await confirmed(browser, clock)
    body = {kind: PASSWORD if kind == "password" else device.made["recovery_code"]}
    assert (await browser.call("DELETE", f"/users/1/2fas/totp/{device.made['id']}", body)).status == 204
    assert "totp" not in (await browser.get("/user")).json
    assert await RecoveryCode.all().count() == 0


async def test_a_factor_that_never_counted_goes_without_proof(browser, clock):
    device = await set_up(browser, clock)
    assert (await browser.call("DELETE", f"/users/1/2fas/totp/{device.made['id']}")).status == 204


async def test_an_administrator_takes_the_factor_of_somebody_who_lost_everything(ticking, browser, application, clock):
    await jane(ticking)
    other = Browser(application)
    await other.sign_in("jane", "jane-password")
    device = await confirmed(other, clock, 2)
    owing = Browser(application)
    await owing.sign_in("jane", "jane-password")
    assert (await browser.call("DELETE", f"/users/2/2fas/totp/{device.made['id']}")).status == 204
    assert (await owing.get("/user")).status == 401
    assert await Session.filter(verified=False).count() == 0
    assert (await other.get("/user")).status == 200
    fresh = Browser(application)
    await fresh.sign_in("jane", "jane-password")
    assert (await fresh.get("/user")).status == 200


async def test_a_session_that_owes_a_factor_that_is_gone_is_told_so(browser, application, clock):
    await confirmed(browser, clock)
    owing = Browser(application)
    await owing.sign_in()
    await SecondFactor.all().delete()  # between the deletion's two statements, on another node
    for path, body in (("/auth/verify", {"passcode": "000000"}), ("/auth/recovery", {"recovery_code": "x"})):
        reply = await owing.post(path, body)
        assert (reply.status, reply.json) == (403, {"error": "TOTP_DISABLED"})


async def test_new_recovery_codes_replace_the_old_ones(browser, application, clock):
    device = await confirmed(browser, clock)
    path = f"/users/1/2fas/totp/{device.made['id']}/recovery_codes"
    assert (await browser.post(path, {})).status == 400
    made = await browser.post(path, {"password": PASSWORD})
    assert made.status == 200
    codes = made.json["recovery_codes"]
    assert len(set(codes)) == 10
    fresh = Browser(application)
    await fresh.sign_in()
    assert (await fresh.post("/auth/recovery", {"recovery_code": device.made["recovery_code"]})).status == 401
    assert (await fresh.post("/auth/recovery", {"recovery_code": codes[9]})).status == 204


async def test_the_ways_to_sign_in_and_info_tell_of_it(browser):
    assert (await browser.get("/auth/login")).json["auth_methods"] == {"totp": {"allow_recovery": True}}
    told = (await browser.get("/info")).json
    assert told["auth_methods"] == {"totp": {"allow_recovery": True}}
    assert told["teams"]["invites_enabled"] is True


async def test_a_rotation_of_the_vaults_key_reseals_factors(ticking, browser, application, clock):
    device = await confirmed(browser, clock)
    turned = replace(ticking, vault=with_new_key(ticking.vault))
    report = await vaulting.rotate(turned)
    assert report.broken == []
    factor = await SecondFactor.get()
    assert turned.vault.is_current(factor.secret)
    app = Quart("hub.tests.turned")
    mount(app, turned)
    fresh = Browser(app)
    await fresh.sign_in()
    assert (await fresh.post("/auth/verify", {"passcode": device.code()})).status == 200


async def test_the_hub_itself_takes_a_factor_away(ticking, browser, clock):
    await confirmed(browser, clock)
    await second_factor_setup.disable(ticking, SYSTEM, 1, ProofDraft())
    assert "totp" not in (await browser.get("/user")).json


async def test_a_service_account_gets_no_second_factor(ticking, browser):
    from hub.models import User

    person = await jane(ticking)
    await User.filter(id=person.user_id).update(service=True)
    assert (await browser.post("/users/2/2fas/totp")).status == 400


async def test_people_see_where_they_are_signed_in_and_sign_out_there(ticking, browser, application):
    there = Browser(application)
    await there.sign_in()
    listed = (await browser.get("/user/sessions")).json
    assert len(listed) == 2
    assert [one["current"] for one in listed].count(True) == 1
    other = next(one["id"] for one in listed if not one["current"])
    stored = await Session.all().values_list("digest", flat=True)
    text = (await browser.get("/user/sessions")).data.decode()
    assert not [digest for digest in stored if digest in text]
    await jane(ticking)
    stranger = Browser(application)
    await stranger.sign_in("jane", "jane-password")
    assert (await stranger.call("DELETE", f"/user/sessions/{other}")).status == 404
    assert (await browser.call("DELETE", f"/user/sessions/{other}")).status == 204
    assert (await there.get("/user")).status == 401
    assert (await browser.call("DELETE", f"/user/sessions/{other}")).status == 404
    assert (await browser.call("DELETE", "/user/sessions/x")).status == 400


async def test_signing_out_everywhere_else_keeps_this_session_and_other_people(ticking, browser, application):
    await jane(ticking)
    stranger, there = Browser(application), Browser(application)
    await stranger.sign_in("jane", "jane-password")
    await there.sign_in()
    assert (await browser.call("DELETE", "/user/sessions")).status == 204
    assert [(await one.get("/user")).status for one in (browser, there, stranger)] == [200, 401, 200]
