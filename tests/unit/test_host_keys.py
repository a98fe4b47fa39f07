"""Lines of known_hosts files: what is read, what is refused, and which names an entry is about."""

from __future__ import annotations

import base64

import pytest

from hub.errors import Invalid
from hub.services.host_keys import LONGEST_KEY, covers, name_of, read_lines, read_shown, split_place

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIokncmVH0TUuLPPoL5HbbPP2Xu/Q0e2rZ35LUH5FHcx"
PRINT = "SHA256:lYV/xpDatHnlkhWD84qPgKyDtyQJBitZm4LV6zf0SqQ"


def test_each_host_of_a_line_is_an_entry_of_its_own():
    text = f"# a comment\n\nWeb,10.0.0.1,[git.example.org]:2222 {KEY} root@web\r\n@cert-authority *.example.org {KEY}\n"
    found = read_lines(text)
    assert [(one.place, one.fingerprint) for one in found] == [
        (place, PRINT) for place in ("web", "10.0.0.1", "[git.example.org]:2222", "@cert-authority *.example.org")
    ]
    assert found[0].line == f"web {KEY}"
    assert split_place(found[3].place) == ("@cert-authority", "*.example.org")
    assert split_place(found[0].place) == ("", "web")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "Paste at least one line"),
        ("web", "Line 1 is not a line of a known_hosts file: it needs a host, a type of key and the key"),
        (f"|1|c2FsdA==|aGFzaA== {KEY}", "its host is hashed"),
        (f"!web {KEY}", "exceptions"),
        (f"-oProxyCommand=x {KEY}", "the host must be a name"),
        (f"[web]:22222222 {KEY}", "the host must be a name"),
        (f"{'a' * 300} {KEY}", "the host must be a name"),
        (f"@trusted web {KEY}", "the marker @trusted is not known"),
        ("web ssh-ed25519 AAAA", "the key cannot be read"),
        (f"web ssh-rsa {KEY.split()[1]}", "the key cannot be read"),
        (f"web ssh-ed25519 {'A' * (LONGEST_KEY + 4)}", "the key cannot be read"),
        (f"web ssh-ed25519-cert-v01@openssh.com {KEY.split()[1]}", "the key cannot be read"),
        (f"web {KEY[:-4]}", "the key cannot be read"),
        ("web ssh-ed25519 " + base64.b64encode(b"\0" * 60).decode(), "the key cannot be read"),
    ],
)
def test_a_line_that_is_none_is_refused_with_its_number(line, sentence):
    with pytest.raises(Invalid, match=sentence):
        read_lines(line)


def test_what_a_task_left_behind_is_read_as_far_as_it_can_be():
    found = read_shown(f"web {KEY}\nnonsense\nweb {KEY}\n\x00\nweb ssh-ed25519 AAAA\ndb {KEY}")
    assert [one.host for one in found] == ["web", "db"]


@pytest.mark.parametrize(
    ("pattern", "host", "covered"),
    [
        ("web", "web", True),
        ("web", "web2", False),
        ("web?", "web2", True),
        ("*.example.org", "a.example.org", True),
        ("*.example.org", "aexample.org", False),
        ("*.example.org", "[a.example.org]:22", False),
        ("[*.example.org]:*", "[a.example.org]:2222", True),
        ("a.b", "axb", False),
    ],
)
def test_which_names_an_entry_is_about(pattern, host, covered):
    assert covers(pattern, host) is covered


def test_a_port_other_than_the_usual_one_is_part_of_the_name():
    assert (name_of("Web", 22), name_of("Web", 2222)) == ("web", "[web]:2222")
