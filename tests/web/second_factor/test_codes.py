"""The second factor over the wire: asked for at sign-in, each code good once, guesses slowed down."""

from __future__ import annotations

import asyncio

import pytest

from hub.models import RecoveryCode, Session
from hub.services import sessions
from hub.testing.booted import administrator

from .browsing import Browser, confirmed, jane, set_up


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
