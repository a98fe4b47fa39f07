"""The second factor over the wire: set up, confirmed, and kept from others."""

from __future__ import annotations

import struct
from dataclasses import replace

from quart import Quart

from hub.models import RecoveryCode, SecondFactor
from hub.services import vaulting
from hub.vault import with_new_key
from hub.web.api.mount import mount

from .browsing import Browser, confirmed, jane, set_up


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


async def test_a_client_that_knows_nothing_of_confirming_confirms_by_verifying(browser, application, clock):
    device = await set_up(browser, clock)
    assert (await browser.post("/auth/verify", {"passcode": "000000"})).status == 401
    reply = await browser.post("/auth/verify", {"passcode": device.code()})
    assert (reply.status, reply.data) == (200, b"")
    assert (await browser.get("/user")).json["totp"]["confirmed"] is True
    fresh = Browser(application)
    await fresh.sign_in()
    assert (await fresh.get("/user")).status == 401


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


async def test_a_service_account_gets_no_second_factor(ticking, browser):
    from hub.models import User

    person = await jane(ticking)
    await User.filter(id=person.user_id).update(service=True)
    assert (await browser.post("/users/2/2fas/totp")).status == 400
