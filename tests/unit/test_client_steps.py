"""What the client for hubs elsewhere sends again, how long it waits, and what it makes of answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hub.client import Client, Failed, HubError, Invalid, Output, State, TooMany, Unreachable, errors
from hub.client.asks import Answer, Ask, Failure, Going, Pause, alone, as_json, once, path
from hub.client.connection import Connection
from hub.client.endpoints import Group
from hub.client.follow import Following

GET, POST = (Ask(method, "/projects", as_json) for method in ("GET", "POST"))
LOST = Failure("The hub cannot be reached.")


def answer(status: int, body: object = None, **headers: str) -> Answer:
    return Answer(status, headers, b"" if body is None else json.dumps(body).encode())


FINE = answer(200, [1])


def carried_out(ask: Ask, *came: Answer | Failure, retries: int = 2) -> tuple[object, list[float]]:
    """Return what a request gives that is answered like this, and how long it waited in between."""
    going, waited, left = Going(alone(ask), retries), [], list(came)
    while going.step is not None:
        if isinstance(going.step, Pause):
            waited.append(going.step.seconds)
            going.go_on(None)
        else:
            assert going.step is ask
            going.go_on(left.pop(0))
    assert left == []
    return going.result, waited


@pytest.mark.parametrize("broken", [LOST, *(answer(status) for status in (502, 503, 504))])
@pytest.mark.parametrize("ask", [GET, Ask("DELETE", "/x", as_json), once(POST)])
def test_what_does_no_harm_is_sent_again(ask, broken):
    assert carried_out(ask, broken, broken, FINE) == ([1], [0.25, 0.5])


@pytest.mark.parametrize(("broken", "kind"), [(LOST, Unreachable), (answer(503), Failed), (answer(500), Failed)])
def test_what_may_have_been_done_is_sent_once(broken, kind):
    with pytest.raises(kind):
        carried_out(POST, broken)


def test_there_is_an_end_to_it():
    with pytest.raises(Unreachable):
        carried_out(GET, LOST, LOST, LOST)
    with pytest.raises(Failed):
        carried_out(GET, answer(500))


def test_the_hub_says_how_long_to_wait():
    slow = answer(429, {"error": "Slower."}, **{"retry-after": "7"})
    assert carried_out(POST, slow, FINE) == ([1], [7.0])
    assert carried_out(GET, answer(429, **{"retry-after": "99999"}), FINE) == ([1], [30.0])
    with pytest.raises(TooMany):
        carried_out(POST, slow, retries=0)


def test_a_request_that_is_still_being_done_is_waited_for():
    """The first one arrived, and only its answer was lost."""
    assert carried_out(once(POST), LOST, answer(409, {"error": "Not yet."}), FINE) == ([1], [0.25, 0.5])
    with pytest.raises(errors.Conflict):
        carried_out(once(POST), answer(409, {"error": "It does not fit."}))


def test_two_requests_have_two_names_unless_one_is_given():
    names = {once(POST).headers["Idempotency-Key"] for _ in range(3)}
    assert len(names) == 3
    assert once(POST, "mine").headers == {"Idempotency-Key": "mine"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 413, 418, 422, 429, 500, 503])
def test_every_refusal_has_a_kind_and_the_hubs_own_sentence(status):
    kind = errors.BY_STATUS.get(status, Failed if status >= 500 else errors.Refusal)
    with pytest.raises(kind) as refused:
        carried_out(POST, answer(status, {"error": "So it is.", "field": "name", "inUse": True}), retries=0)
    assert type(refused.value) is kind
    assert (str(refused.value), refused.value.status) == ("So it is.", status)
    assert (refused.value.field, refused.value.in_use) == ("name", True)


@pytest.mark.parametrize("content", [b"<html>", b"\xff", b"[1]", b'{"error": 5}', b""])
def test_an_error_without_a_sentence_gets_one(content):
    with pytest.raises(Invalid) as refused:
        carried_out(POST, Answer(400, {}, content))
    assert str(refused.value) == "The hub answered with status 400 and no explanation."


def test_what_is_no_hub_is_told_so():
    for came in (Answer(200, {}, b"<html>"), answer(302, location="https://elsewhere.example")):
        with pytest.raises(Unreachable):
            carried_out(POST, came)


def test_no_part_of_a_path_leads_elsewhere():
    assert path("project", "1/../../x", "a?b#c", 5) == "/project/1%2F..%2F..%2Fx/a%3Fb%23c/5"


@pytest.mark.parametrize("server", ["", "hub", "ftp://hub", "https://", "https://me:pw@hub", "https://hub?x=1", "https://[",
                                    "https://hub:0"])  # fmt: skip
def test_an_address_that_is_none_is_refused(server, monkeypatch):
    monkeypatch.delenv("HUB_SERVER", raising=False)
    with pytest.raises(HubError):
        Connection.of(server, "x")


def test_what_is_not_given_stands_in_the_environment(monkeypatch):
    monkeypatch.setenv("HUB_SERVER", "https://hub.example.org/below/api/")
    monkeypatch.setenv("HUB_TOKEN", "secret-token\n")
    found = Connection.of(None, None)
    assert (found.server, found.token) == ("https://hub.example.org/below", "secret-token")
    assert "secret-token" not in repr(found)
    assert "Authorization" not in Connection.of(None, "").headers()


@pytest.mark.parametrize(
    "link", ["https://evil.example/api/projects?after=x", "/api/users?after=x", "//evil.example/api/projects"]
)
def test_the_token_follows_no_page_to_another_address(link):
    here = Connection("https://hub.example.org", "t")
    with pytest.raises(Unreachable):
        here.next_page(GET, answer(200, [], link=f'<{link}>; rel="next"'))


def test_the_body_of_a_request_is_not_shown():
    assert "hunter2" not in repr(Ask("POST", "/x", as_json, body={"password": "hunter2"}))


# Following a task


def told(following: Following, *lines: str) -> list[object]:
    return [event for line in lines for event in following.feed(line)]


def test_a_stream_that_breaks_goes_on_behind_its_last_whole_event():
    following = Following(1, 2)
    first = told(
        following, ": keep", "event: lines", 'data: {"first": 0, "text": "a\\nb"}', "", "event: lines", "data: {"
    )
    assert first == [Output(0, "a\nb")]
    assert following.broken() == 0.5
    assert following.ask().query == {"from": 2}
    again = told(following, "event: lines", 'data: {"first": 2, "text": "c"}', "")
    again += told(following, "event: state", 'data: {"status": "success"}', "", "event: end", "data: {}", "")
    assert again == [Output(2, "c"), State({"status": "success"})]
    assert (following.over, following.broken()) == (True, 0.0)


def test_a_stream_that_never_comes_is_given_up():
    following = Following(1, 2)
    waited = [following.broken(LOST) for _ in range(5)]
    assert waited == [0.5, 1.0, 2.0, 4.0, 4.0]
    with pytest.raises(Unreachable):
        following.broken(LOST)
    with pytest.raises(errors.NotFound):
        Following(1, 2).broken(answer(404, {"error": "There is no such task."}))
    with pytest.raises(Unreachable):
        Following(1, 2).broken(answer(204))


def test_the_page_about_the_client_names_every_method_that_there_is():
    text = (Path(__file__).parents[2] / "docs" / "client.md").read_text("utf-8")
    with Client("https://hub.example.org", "t") as hub:
        groups = {name: one for name, one in vars(hub).items() if isinstance(one, Group)}
        told = re.findall(r"^\| `([a-z_ ]+)` \| `([a-z_ ]+)` \|$", text, re.MULTILINE)
        assert {name for names, _ in told for name in names.split()} == set(groups)
        for names, methods in told:
            for name in names.split():
                there = {one for one in dir(type(groups[name])) if not one.startswith("_")} - {"transport"}
                assert there == set(methods.split()), name
