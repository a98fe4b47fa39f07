"""The second factor over the wire: taken away with proof, or by an administrator; new recovery codes."""

from __future__ import annotations

import pytest

from hub.models import RecoveryCode, SecondFactor, Session
from hub.services import second_factor_setup
from hub.services.actor import SYSTEM
from hub.services.second_factor_setup import ProofDraft
from hub.testing.booted import PASSWORD

from .browsing import Browser, confirmed, jane, set_up


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


async def test_the_hub_itself_takes_a_factor_away(ticking, browser, clock):
    await confirmed(browser, clock)
    await second_factor_setup.disable(ticking, SYSTEM, 1, ProofDraft())
    assert "totp" not in (await browser.get("/user")).json
