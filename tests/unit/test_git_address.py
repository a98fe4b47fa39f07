"""Which git addresses, branches and commits are accepted (W-54)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid
from hub.services.git_address import Address, check_branch, check_commit, kind_of, parse


@pytest.mark.parametrize(
    ("url", "kind", "host", "port", "user", "path"),
    [
        ("https://github.com/org/repo.git", "https", "github.com", None, "", "/org/repo.git"),
        ("http://git.example.org:8080/a", "http", "git.example.org", 8080, "", "/a"),
        ("https://Git.Example.org/a%20b", "https", "git.example.org", None, "", "/a%20b"),
        ("ssh://git@host:2222/a/b", "ssh", "host", 2222, "git", "/a/b"),
        ("ssh://host/~user/b", "ssh", "host", None, "", "/~user/b"),
        ("ssh://git@[::1]:22/a", "ssh", "::1", 22, "git", "/a"),
        ("git@github.com:org/repo.git", "ssh", "github.com", None, "git", "org/repo.git"),
        ("git@[fe80::1]:repo", "ssh", "fe80::1", None, "git", "repo"),
        ("org@vs-ssh.visualstudio.com:v3/org/p/r", "ssh", "vs-ssh.visualstudio.com", None, "org", "v3/org/p/r"),
        ("host.example:repo", "ssh", "host.example", None, "", "repo"),
        ("git://host/repo", "git", "host", None, "", "/repo"),
    ],
)
def test_an_ordinary_address_is_taken_apart(url, kind, host, port, user, path):
    assert parse(url, local_roots=()) == Address(url, kind, host, path, port, user)


REFUSED = [
    "",
    "-",
    "--upload-pack=touch /tmp/x",
    "-oProxyCommand=touch x",
    "ext::sh -c touch% x",
    "fd::3",
    "foo::https://host/x",
    "https://host/a::b",
    "https://user:secret@host/repo",
    "https://token@host/repo",
    "http://:x@host/repo",
    "git://user@host/repo",
    "ssh://git:secret@host/repo",
    "ssh://-oProxyCommand=touch/repo",
    "ssh://-x@host/repo",
    "ssh://a b@host/repo",
    "ssh://host:0/repo",
    "ssh://host:70000/repo",
    "ssh://host:22a/repo",
    "ssh://host",
    "ssh://host/",
    "ssh:///repo",
    "https://",
    "https:///repo",
    "https://host/repo?token=x",
    "https://host/repo#x",
    "https://ho st/repo",
    "https://host/re po",
    "https://host\\evil/repo",
    "https://host/repo%0aHost:%20x",
    "https://host/repo\n",
    "https://host/\nrepo",
    "https://host/\x00repo",
    " https://host/repo",
    "https://host/\u2028repo",
    "https://host/\ud800repo",
    "git@-oProxyCommand=x:repo",
    "-x@host:repo",
    "git@host:-repo",
    "git@host:/-repo",
    "ssh://git@host/-repo",
    "git@host:",
    "git@host:/",
    "git@ho/st:repo",
    "relative/path",
    "../x",
    "repo",
    "C:/repo",
    "ftp://host/repo",
    "HTTPS://host/repo",
    "file+ssh://host/x",
    "javascript://host/x",
    "https://host/" + "x" * 1000,
    "/etc",
    "file:///etc",
]


@pytest.mark.parametrize("url", REFUSED)
def test_a_dangerous_or_malformed_address_is_refused_with_a_sentence(url):
    with pytest.raises(Invalid) as caught:
        parse(url, local_roots=())
    assert caught.value.field == "git_url"
    assert caught.value.sentence.endswith(".")
    assert "secret" not in caught.value.sentence
    assert "token@" not in caught.value.sentence


@given(st.text(max_size=60))
def test_whatever_is_typed_is_an_address_or_a_refusal(text):
    try:
        address = parse(text, local_roots=())
    except Invalid:
        return
    assert not address.url.startswith("-")
    assert not address.host.startswith("-")
    assert "\n" not in address.url


def test_a_local_repository_is_accepted_only_below_an_allowed_root(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "rootless"
    (root / "repo").mkdir(parents=True)
    outside.mkdir()
    (root / "link").symlink_to(outside)
    inside = str(root / "repo")
    for url, kind in ((inside, "local"), (f"file://{inside}", "file"), (f"file://localhost{inside}", "file")):
        found = parse(url, local_roots=[root])
        assert (found.kind, found.path, found.source, found.is_local) == (kind, inside, inside, True)
    for url in (
        str(outside),
        str(root / "link"),
        f"{inside}/../../rootless",
        f"file://{outside}",
        f"file://host{inside}",
        f"file://{root}/%2e%2e/rootless",
        f"file://{inside}%00",
    ):
        with pytest.raises(Invalid):
            parse(url, local_roots=[root])
    with pytest.raises(Invalid, match="HUB_LOCAL_REPOSITORY_ROOTS"):
        parse(inside, local_roots=[])


def test_a_root_may_itself_be_a_symbolic_link(tmp_path):
    (tmp_path / "real/repo").mkdir(parents=True)
    (tmp_path / "root").symlink_to(tmp_path / "real")
    assert parse(str(tmp_path / "root/repo"), local_roots=[tmp_path / "root"]).path == str(tmp_path / "real/repo")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/srv/x", "local"),
        ("https://h/x", "https"),
        ("http://h/x", "https"),
        ("ssh://h/x", "ssh"),
        ("file:///x", "file"),
        ("git://h/x", "git"),
        ("git@h:x", "ssh"),
        ("", "ssh"),
    ],
)
def test_the_kind_of_an_address_is_the_wires(url, kind):
    assert kind_of(url) == kind


@pytest.mark.parametrize("name", ["main", "feature/x", "v1.0", "a-b_c", "ü/ж", "x@y", "-x"[1:], "refs/heads/x", "a.b"])
def test_ordinary_branches_pass(name):
    assert check_branch(name) == name


MISREAD = [
    *[
        "",
        "-",
        "-x",
        "--upload-pack=x",
        "a b",
        "a..b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[",
        "a\\b",
        "a@{1}",
        "@",
        "HEAD",
    ],
    *["/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a.", "a\n", "a\x00", "a\x7f", "x" * 256, "\ud800"],
]


@pytest.mark.parametrize("name", MISREAD)
def test_names_that_git_would_refuse_or_misread_are_refused(name):
    with pytest.raises(Invalid) as caught:
        check_branch(name)
    assert caught.value.field == "git_branch"


@given(st.text(alphabet="ab./-~^:?*[\\@{} \t\x7flock", min_size=1, max_size=12))
def test_branch_rules_are_never_weaker_than_gits_own(name):
    try:
        check_branch(name)
    except Invalid:
        return
    assert (
        subprocess.run(["git", "check-ref-format", "--branch", name], capture_output=True, check=False).returncode == 0
    )


def test_commits_are_hexadecimal():
    assert check_commit("ABCDEF12") == "abcdef12"
    for wrong in ("", "abc", "main", "-abcd", "abcd\n", "abcd^", "g" * 40, "a" * 65):
        with pytest.raises(Invalid) as caught:
            check_commit(wrong)
        assert caught.value.field == "commit_hash"


def test_the_origin_of_an_address_is_where_its_login_is_meant_for():
    assert parse("https://Host:8443/a/b", local_roots=()).origin == "https://host:8443"
    assert parse("ssh://git@[::1]/a", local_roots=()).origin == "ssh://[::1]"
    assert parse("/", local_roots=[Path("/")]).origin == ""
