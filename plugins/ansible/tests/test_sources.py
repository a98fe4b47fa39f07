"""Inventories that are fetched, each through a door that records what was asked."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hub_ansible.sources import CommandParams, CommandSource, UrlParams, UrlSource
from pydantic import ValidationError

from hub.plugin import Key, NotReady, Refused
from hub.testing import RecordingIO

AT = "https://cmdb.example.org/hosts?zone=eu"
SCRIPTED = json.dumps({"web": {"hosts": ["w1"]}, "_meta": {"hostvars": {"w1": {"size": 3}}}})


@pytest.fixture
def io(tmp_path: Any) -> RecordingIO:
    keys = {1: {"secret": "t0ken"}, 2: {"login": "jane", "password": "hunter2"}, 3: {"login": "x", "private_key": "k"}}
    return RecordingIO(tmp_path, keys=keys, pages={AT: SCRIPTED.encode()})


@pytest.mark.parametrize(
    ("key", "header", "wanted"),
    [
        (1, "Authorization", {"Authorization": "Bearer t0ken"}),
        (1, "X-Token", {"X-Token": "t0ken"}),
        (2, "X-Token", {"Authorization": "Basic " + base64.b64encode(b"jane:hunter2").decode()}),
        (None, "Authorization", {}),
    ],
)
async def test_an_address_is_asked_with_the_key_in_a_header(
    io: RecordingIO, key: Any, header: str, wanted: Any
) -> None:
    params = UrlParams(url=AT, format="json", key=key and Key(key), header=header, headers=("X-Zone: eu",))
    found = await UrlSource().fetch(params, io)
    assert (found.text, found.format) == (SCRIPTED, "json")
    assert io.downloads == [(AT, {"Accept": "*/*", "X-Zone": "eu"} | wanted)]


@pytest.mark.parametrize(
    ("form", "text", "sentence"),
    [
        ("json", "[1]", "What cmdb.example.org answered is no JSON object"),
        ("json", "{", "is not valid JSON"),
        ("yaml", "- a", "is no YAML mapping"),
        ("yaml", "a: [", "is not valid YAML"),
        ("ini", b"\xff", "is no text in UTF-8"),
    ],
)
async def test_an_answer_that_is_no_inventory_is_one_clear_line(
    io: RecordingIO, form: Any, text: Any, sentence: str
) -> None:
    io.pages = {AT: text if isinstance(text, bytes) else text.encode()}
    with pytest.raises(NotReady, match=sentence):
        await UrlSource().fetch(UrlParams(url=AT, format=form), io)


async def test_a_key_that_is_no_proof_is_refused(io: RecordingIO) -> None:
    with pytest.raises(Refused, match="neither a text nor a password"):
        await UrlSource().fetch(UrlParams(url=AT, key=Key(3)), io)
    with pytest.raises(Refused, match="neither a text nor a password"):
        await CommandSource().fetch(CommandParams(program="x", key=Key(3)), io)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://plain.example.org/"}, {"url": "file:///etc/passwd"}, {"url": "https://jane:pw@example.org/"},
        {"url": "https://"}, {"url": AT, "headers": ["no colon"]}, {"url": AT, "headers": ["A: b\nC: d"]},
        {"url": AT, "header": "X: y"}, {"url": AT, "time_limit": "11m"}, {"url": AT, "format": "script"},
    ],
)  # fmt: skip
def test_addresses_and_headers_are_checked_when_they_are_stored(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        UrlParams.model_validate(wrong)


@pytest.mark.parametrize(
    ("program", "called"), [("hosts.py", "./hosts.py"), ("bin/hosts", "./bin/hosts"), ("aws", "aws")]
)
async def test_a_command_is_run_without_a_shell_and_its_secret_is_in_its_environment(
    io: RecordingIO, program: str, called: str
) -> None:
    io.answer(called, output=SCRIPTED)
    found = await CommandSource().fetch(CommandParams(program=program, arguments=("--list", "$(id)"), key=Key(1)), io)
    assert found.text == SCRIPTED
    (call,) = io.calls
    assert (call.argv, call.env, call.captured) == ((called, "--list", "$(id)"), {"INVENTORY_TOKEN": "t0ken"}, True)


async def test_a_command_that_fails_says_with_which_code(io: RecordingIO) -> None:
    io.answer("aws", code=3)
    with pytest.raises(NotReady, match="aws, ended with exit code 3"):
        await CommandSource().fetch(CommandParams(program="aws"), io)


@pytest.mark.parametrize("wrong", ["/bin/sh", "../x", "a/../../b", "-x", "", "a\0b"])
def test_a_command_stays_inside_of_the_repository(wrong: str) -> None:
    with pytest.raises(ValidationError):
        CommandParams(program=wrong)


@pytest.mark.parametrize("wrong", ["LD_PRELOAD", "PATH", "a b", "1A", "PYTHONPATH"])
def test_a_secret_goes_into_no_variable_that_steers_the_program(wrong: str) -> None:
    with pytest.raises(ValidationError):
        CommandParams(program="x", variable=wrong)
