"""Paths into bodies, conditions and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest

from hub.errors import Invalid
from hub.plugin import Params
from hub.plugin.params import Duration, Words
from hub.services.webhook_values import Incoming, at_path, check_key, decode, extract_all, matches, plain_text, typed

BODY = (
    b'{"ref": "refs/heads/main", "big": 12345678, "whole": 3.0, "part": 1.5, "yes": true, "nothing": null, '
    b'"arr": [1, "two"], "map": {"k": "v"}, "a.b": 1, "deep": [0, {"x": "y"}], '
    b'"commits": [{"id": "c1"}, {"id": "c2"}], "odd": "<nil>"}'
)


@dataclass
class Matcher:
    key: str
    value: str
    method: str = "equals"
    match_type: str = "body"
    body_data_type: str = "json"


@dataclass
class Value:
    key: str
    variable: str = "v"
    variable_type: str = "environment"
    value_source: str = "body"
    body_data_type: str = "json"
    name: str = "n"


def incoming(body: bytes = BODY, **headers: str) -> Incoming:
    named = {name.replace("_", "-").lower(): text for name, text in headers.items()}
    return Incoming(named, body, decode(body), {"branch": "main"})


@pytest.mark.parametrize(
    ("path", "found"),
    [("ref", "refs/heads/main"), ("commits.[0].id", "c1"), ("deep.[1].x", "y"), ("arr.[1]", "two"), ("arr.0", None),
     ("arr[0]", None), ("a.b", None), ("arr.[9]", None), ("arr.[-1]", None), ("nothing", None), ("", None),
     ("ref.x", None), ("map.[0]", None), ("commits.[0]", {"id": "c1"}), ("deep.[ 1].x", None), ("arr.[١]", None)],
)  # fmt: skip
def test_a_path_walks_as_on_the_wire(path, found):
    assert at_path(decode(BODY), path) == found


@pytest.mark.parametrize(
    ("key", "text"),
    [("big", "12345678"), ("whole", "3"), ("part", "1.5"), ("yes", "true"), ("arr", "[1 two]"), ("map", "map[k:v]"),
     ("ref", "refs/heads/main"), ("fact:branch", "main"), ("jmespath:commits[-1].id", "c2")],
)  # fmt: skip
def test_values_are_compared_as_text(key, text):
    assert matches(Matcher(key, text), incoming())
    assert not matches(Matcher(key, text, "unequals"), incoming())
    assert matches(Matcher(key, text[1:], "contains"), incoming())


@pytest.mark.parametrize("key", ["missing", "nothing", "fact:tag", "jmespath:missing", "jmespath:[", "ref.x"])
def test_what_is_missing_equals_nothing_w25(key):
    """The reference compared it as `<nil>`."""
    assert not matches(Matcher(key, "<nil>"), incoming())
    assert matches(Matcher(key, "<nil>", "unequals"), incoming())
    assert not matches(Matcher(key, "n", "contains"), incoming())
    assert matches(Matcher("odd", "<nil>"), incoming())


def test_headers_are_found_in_any_case_and_bodies_as_text():
    request = incoming(X_Event="push")
    assert matches(Matcher("x-EVENT", "push", match_type="header"), request)
    assert not matches(Matcher("X-Other", "push", match_type="header"), request)
    assert matches(Matcher("x-other", "push", "unequals", match_type="header"), request)
    assert matches(Matcher("any", "heads/main", "contains", body_data_type="string"), request)


@pytest.mark.parametrize("change", [{"method": ""}, {"method": "regex"}, {"match_type": "q"}, {"body_data_type": "x"}])
def test_unknown_words_never_match(change):
    assert not matches(Matcher(**({"key": "ref", "value": "refs/heads/main"} | change)), incoming())


def test_a_body_that_is_no_json_has_no_paths():
    request = incoming(b"plain text \xff")
    assert not matches(Matcher("ref", "x"), request)
    assert matches(Matcher("x", "plain", "contains", body_data_type="string"), request)
    assert extract_all([Value("x", body_data_type="string")], request, Params).environment == {"v": "plain text \ufffd"}


@pytest.mark.parametrize(
    ("key", "text"),
    [("big", "12345678"), ("part", "1.5"), ("yes", "true"), ("arr", '[1, "two"]'), ("map", '{"k": "v"}')],
)
def test_variables_are_text_without_exponents_w25(key, text):
    assert extract_all([Value(key)], incoming(), Params).environment == {"v": text}


def test_missing_values_set_nothing_but_missing_headers_are_empty():
    values = [Value("missing"), Value("nothing", "w"), Value("X-A", "header", value_source="header"), Value("ref", "")]
    assert extract_all(values, incoming(), Params).environment == {"header": ""}
    assert extract_all([Value("ref", body_data_type="xml")], incoming(), Params).environment == {}


class Wanted(Params):
    debug: bool = False
    """x"""
    level: int = 1
    """x"""
    limit: Words | None = None
    """x"""
    text: str = ""
    """x"""
    wait: Annotated[Duration, "x"] = 1
    """x"""


@pytest.mark.parametrize(
    ("name", "found", "value"),
    [("debug", True, True), ("debug", "true", True), ("debug", "0", False), ("level", "3", 3), ("level", 3.0, 3),
     ("limit", "a, b", ["a", "b"]), ("limit", ["a"], ["a"]), ("limit", "", []), ("text", 12345678, "12345678"),
     ("wait", "90s", 90.0), ("unknown", {"a": 1}, {"a": 1})],
)  # fmt: skip
def test_task_params_get_their_types_w25(name, found, value):
    assert typed(Wanted, name, found) == value


@pytest.mark.parametrize(("name", "found"), [("debug", "perhaps"), ("level", "x"), ("level", [1]), ("wait", "soon")])
def test_what_does_not_fit_a_param_is_refused(name, found):
    with pytest.raises(Invalid):
        typed(Wanted, name, found)


def test_expressions_are_checked_before_they_are_stored():
    check_key("commits.[0]")
    check_key("jmespath:commits[?id=='c1'] | [0].id")
    for key in ("jmespath:", "jmespath:a[", "jmespath:" + "[" * 500):
        with pytest.raises(Invalid):
            check_key(key)


def test_texts_of_nested_values_are_those_of_the_wire():
    assert plain_text({"b": [1.0, None], "a": {"x": False}}) == "map[a:map[x:false] b:[1 <nil>]]"
