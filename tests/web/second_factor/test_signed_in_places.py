"""Where people are signed in, and signing out there."""

from __future__ import annotations

from hub.models import Session

from .browsing import Browser, jane


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
