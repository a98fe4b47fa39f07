"""Secrets never reach the log, in whatever form and however the blocks are cut (W-51)."""

from __future__ import annotations

import base64
import json
import shlex
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.worker.mask import Masker

SECRET = "p@ss/w0rd+ÿ&<é> 'x\""
TOKEN = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
KEY = "-----BEGIN KEY-----\n" + "\n".join(letter * 64 for letter in "ABC") + "\nq7Zx==\n-----END KEY-----\n"


def masked(secrets: list[str], *blocks: bytes) -> bytes:
    masker = Masker(secrets)
    return b"".join([*(masker.feed(block) for block in blocks), masker.flush()])


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1].replace("/", "\\/"),
        json.dumps(SECRET, ensure_ascii=False)[1:-1]
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.replace("'", "'\\''"),
        shlex.quote(SECRET)[1:-1],
    ],
)
def test_every_form_of_a_secret_is_hidden(form: str) -> None:
    assert masked([SECRET], f"before [{form}] after\n".encode()) == b"before [***] after\n"


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_within_base64_is_hidden_wherever_it_starts(before: str, encode: object) -> None:
    shown = masked([TOKEN], encode(f"{before}{TOKEN}@host".encode()))
    assert b"***" in shown
    for size in range(8, len(TOKEN)):
        for at in range(len(TOKEN) - size):
            core = base64.b64encode(TOKEN[at : at + size].encode())[2:-4]
            assert len(core) < 6 or core not in shown


def test_a_secret_file_encoded_and_wrapped_is_hidden_line_by_line() -> None:
    wrapped = base64.encodebytes(KEY.encode())
    assert set(masked([KEY], wrapped).split()) == {b"***"}


def test_a_secret_of_several_lines_is_hidden_line_by_line() -> None:
    shown = masked([KEY], b"".join(b"  | " + line + b"\n" for line in KEY.encode().splitlines()))
    assert shown.splitlines()[1:-1] == [b"  | ***"] * 4


def test_a_secret_of_several_lines_is_hidden_in_json_and_with_windows_line_ends() -> None:
    assert masked([KEY.replace("\n", "\r\n")], b"A" * 64) == b"***"
    assert masked([KEY], json.dumps({"key": KEY}).encode()).startswith(b'{"key": "***')
    assert b"AAAA" not in masked([KEY], json.dumps(KEY).encode())


@pytest.mark.parametrize("harmless", ["", "a", "ab", "   ", "true", "False", "NULL", "\n", "***"])
def test_what_would_blacken_whole_logs_is_not_hidden(harmless: str) -> None:
    text = b"a ab  true   False null *** end\n"
    assert masked([harmless], text) == text


def test_short_lines_and_frames_of_a_secret_of_several_lines_are_not_hidden() -> None:
    assert masked(['{\n  "password": "hunter2"\n}'], b'{ [] }\n"password": "hunter2"\n') == b"{ [] }\n***\n"
    assert masked([KEY], b"-----BEGIN KEY-----\n") == b"-----BEGIN KEY-----\n"


def test_the_longest_secret_wins() -> None:
    assert masked(["abc", "abcdef", "cde"], b"abcdef abcde abc xcdex") == b"*** ***de *** x***x"


def test_a_shorter_secret_at_the_end_of_a_block_waits_for_the_longer() -> None:
    masker = Masker(["abc", "abcdef"])
    assert masker.feed(b"x abc") == b"x "
    assert masker.feed(b"de") == b""
    assert masker.feed(b"f!") == b"***!"
    assert masker.feed(b"abcd") == b""
    assert masker.flush() == b"***d"


def test_only_what_may_begin_a_secret_is_held_back() -> None:
    masker = Masker([TOKEN])
    assert masker.feed(b"Password: ") == b"Password: "
    assert masker.feed(b"this log") == b"this lo"
    assert masker.feed(b"hp_16C7e42F292c6912E77") == b""
    assert masker.feed(b"?\nnext") == b"ghp_16C7e42F292c6912E77?\nnext"
    assert masker.feed(b"gh\n") == b"gh\n"


def test_a_secret_that_is_added_later_is_hidden_from_then_on() -> None:
    masker = Masker()
    assert masker.feed(b"hunter2 ") == b"hunter2 "
    masker.add("hunter2", "")
    assert masker.feed(b"hunter2 ") == b"*** "
    masker.add("swordfish")
    assert masker.feed(b"hunter2 swordfish ") == b"*** *** "


def test_without_secrets_a_block_passes_untouched() -> None:
    block = bytes(range(256))
    assert Masker().feed(block) is block


def test_bytes_that_are_no_text_can_be_secret_and_appear_beside_secrets() -> None:
    assert masked(["hunter2"], b"\xff\xfehunter2\0\xc3") == b"\xff\xfe***\0\xc3"
    assert masked([b"\xff\xfe\xfd\xfc".decode("utf-8", "surrogateescape")], b"-\xff\xfe\xfd\xfc-") == b"-***-"


def test_no_secret_shows_in_the_masker_or_its_errors() -> None:
    masker = Masker([TOKEN])
    masker.feed(TOKEN[:-1].encode())
    assert TOKEN[:8] not in repr(masker) + str(masker)
    with pytest.raises(TypeError) as caught:
        masker.add(TOKEN.encode())
    assert TOKEN not in str(caught.value)


@given(
    secrets=st.lists(st.text("ab", min_size=3, max_size=12), min_size=1, max_size=5),
    text=st.text("ab \n", max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=10),
)
@settings(deadline=None, database=None, max_examples=300)
def test_any_cutting_into_blocks_gives_the_same(secrets: list[str], text: str, cuts: list[int]) -> None:
    data = text.encode()
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    blocks = [data[start:end] for start, end in pairwise(places)]
    shown = masked(secrets, *blocks)
    assert shown == masked(secrets, data)
    assert not any(secret.encode() in shown.replace(b"***", b"*") for secret in secrets)


@given(
    secret=st.text("abcXYZ01+/=&%\"'\\ é", min_size=9, max_size=40),
    cut=st.integers(0, 80),
    pad=st.text("ab", max_size=3),
)
@settings(deadline=None, database=None)
def test_any_long_secret_is_hidden_across_any_border(secret: str, cut: int, pad: str) -> None:
    data = f"{pad}{secret}{pad}".encode()
    if len(secret.strip()) >= 3:
        assert secret.encode() not in masked([secret], data[:cut], data[cut:])
