"""Git argument injection: URL, branch, commit, submodule and repository contents never become commands (W-54).

CVE-2026-73294, CVE-2025-49520, CVE-2023-49569 and the classes behind them.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub.errors import HubError, Invalid
from hub.testing.git_server import Repository, git
from hub.worker.git import Credential, GitFailure, Mirrors, Wish, mirror
from hub.worker.git.command import Call, Git


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(mirror, "PAUSES", (0.0, 0.0))


class Desk:
    def __init__(self, root: Path) -> None:
        self.sources = root / "sources"
        self.trace = root / "owned"
        self.mirrors = Mirrors(root / "mirrors", local_roots=[self.sources])
        self.repo = Repository(self.sources / "repo")
        self.repo.commit("First", file="x")
        self.count = 0
        self.root = root

    async def log(self, text: str) -> None:
        """Nobody reads it."""

    async def checkout(self, url: str | Path, branch: str = "main", commit: str | None = None) -> Path:
        self.count += 1
        target = self.root / f"tasks/{self.count}"
        wish = Wish(str(url), branch, commit)
        await self.mirrors.checkout(wish, target, credential=None, log=self.log, stop=asyncio.Event())
        return target


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


ATTACKS = [
    "--upload-pack=touch {trace}",
    "-u touch${{IFS}}{trace}",
    "--exec=touch {trace}",
    "-c core.sshCommand=touch {trace}",
    "--config=protocol.ext.allow=always",
    "--output={trace}",
    "ext::sh -c touch% {trace}",
    "fd::17",
    "$(touch {trace})",
    "`touch {trace}`",
    "main; touch {trace}",
    "main|touch {trace}",
    "main\ntouch {trace}",
    "main\x00",
    "@{{-1}}",
    "+main:refs/heads/x",
    "refs/heads/*:refs/heads/*",
    "../../../../{trace}",
    "{{{{ lookup('pipe', 'touch {trace}') }}}}",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("place", ["url", "branch", "commit"])
async def test_no_text_becomes_an_option_or_a_command(desk, attack, place):
    text = attack.format(trace=desk.trace)
    wish = {"url": desk.repo.path, "branch": "main", "commit": None} | {place: text}
    with pytest.raises(HubError) as caught:
        await desk.checkout(**wish)
    assert caught.value.sentence.endswith(".")
    if place != "commit":
        with pytest.raises(HubError):
            await desk.mirrors.head(str(wish["url"]), wish["branch"], None)
    if place == "url":
        with pytest.raises(Invalid):
            await desk.mirrors.branches(text, None)
    assert not desk.trace.exists()


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=touch${{IFS}}{trace}/x",
        "ssh://x@-oProxyCommand=touch${{IFS}}{trace}/x",
        "-oProxyCommand=touch {trace}:x",
        "x@-oProxyCommand=touch {trace}:x",
        "ssh://-oProxyCommand=touch@127.0.0.1/x",
        "127.0.0.1:--upload-pack=touch {trace}",
        "ssh://127.0.0.1/-x",
        "git://-x/y",
        "https://-x/y",
    ],
)
async def test_hosts_users_and_paths_never_become_options_of_ssh(desk, url):
    with pytest.raises(Invalid):
        await desk.checkout(url.format(trace=desk.trace))
    assert not desk.trace.exists()


async def test_git_itself_would_refuse_what_the_rules_let_through(desk):
    """Second line of defence: the protocol list of the process, without our own rules."""
    desk.mirrors._furnish()
    runner = Git(desk.root / "mirrors")
    environment = {"GIT_ALLOW_PROTOCOL": "https"}
    for url in (
        f"ext::sh -c touch% {desk.trace}",
        f"file://{desk.repo.path}",
        str(desk.repo.path),
        "git://127.0.0.1/x",
    ):
        result = await runner.run(["ls-remote", "--", url], Call(environment=environment))
        assert result.code
        assert "not allowed" in result.err
    result = await runner.run(["ls-remote", "--", f"--upload-pack=touch {desk.trace}"], Call(environment=environment))
    assert result.code
    assert not desk.trace.exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ext::sh -c touch% {trace}", "“::”"),
        ("-u./payload", "begin with a dash"),
        ("/etc", "HUB_LOCAL_REPOSITORY_ROOTS"),
        ("../../outside", "HUB_LOCAL_REPOSITORY_ROOTS"),
        ("file:///etc", "HUB_LOCAL_REPOSITORY_ROOTS"),
        ("https://user:canary@host/x", "choose a key"),
        ("ssh://-oProxyCommand=touch/x", "host name"),
    ],
)
async def test_a_submodules_address_obeys_the_same_rules(desk, url, sentence):
    lib = Repository(desk.sources / "lib")
    lib.commit("one")
    git(desk.repo.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(lib.path), "lib")
    git(desk.repo.path, "config", "-f", ".gitmodules", "submodule.lib.url", url.format(trace=desk.trace))
    desk.repo.commit("Attack")
    with pytest.raises(GitFailure, match=sentence) as caught:
        await desk.checkout(desk.repo.path)
    assert "The submodule “lib” failed" in caught.value.sentence
    assert "canary" not in caught.value.sentence
    assert not desk.trace.exists()


async def test_a_submodules_update_command_is_never_run(desk):
    """CVE-2019-19604"""
    lib = Repository(desk.sources / "lib")
    lib.commit("one", inner="x")
    git(desk.repo.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(lib.path), "lib")
    git(desk.repo.path, "config", "-f", ".gitmodules", "submodule.lib.update", f"!touch {desk.trace}")
    desk.repo.commit("Attack")
    target = await desk.checkout(desk.repo.path)
    assert (target / "lib/inner").read_text() == "x"
    assert not desk.trace.exists()


async def test_a_submodule_cannot_be_placed_through_a_symbolic_link(desk):
    """CVE-2021-21300, CVE-2024-32002"""
    lib = Repository(desk.sources / "lib")
    hash_ = lib.commit("one", **{"hooks/post-checkout": "x"})
    repo = desk.repo
    repo.path.joinpath(".gitmodules").write_text(f'[submodule "x"]\n\tpath = link/sub\n\turl = {lib.path}\n')
    repo.run("add", ".gitmodules")
    repo.run("update-index", "--add", "--cacheinfo", f"160000,{hash_},link/sub")
    repo.run("commit", "-q", "-m", "A submodule below a folder")
    target = desk.root / "tasks/race"
    original = desk.mirrors._submodules

    async def swapped(errand):
        """Between checkout and submodules the folder becomes a link, as on a disk that ignores case."""
        (target / "link/sub").rmdir()
        (target / "link").rmdir()
        (target / "link").symlink_to(".git")
        await original(errand)

    desk.mirrors._submodules = swapped
    with pytest.raises(GitFailure, match="symbolic link"):
        await desk.mirrors.checkout(
            Wish(str(repo.path), "main"), target, credential=None, log=desk.log, stop=asyncio.Event()
        )
    assert not (target / ".git/sub").exists()


async def test_endless_submodules_come_to_an_end(desk):
    git(desk.repo.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(desk.repo.path), "again")
    desk.repo.commit("Itself")
    for _ in range(10):
        head = desk.repo.run("rev-parse", "HEAD")
        desk.repo.run("update-index", "--cacheinfo", f"160000,{head},again")
        desk.repo.run("commit", "-q", "-m", "Again")
    with pytest.raises(GitFailure, match="nested deeper"):
        await desk.checkout(desk.repo.path)


async def test_hooks_filters_and_attributes_of_a_repository_run_nothing(desk, monkeypatch):
    home = desk.root / "service_user"
    home.mkdir()
    script = f"touch {desk.trace}"
    (home / ".gitconfig").write_text(
        f'[filter "evil"]\n\tsmudge = {script}\n[core]\n\tfsmonitor = {script}\n\thooksPath = {home}\n'
        f'[url "ext::sh -c {script}"]\n\tinsteadOf = /\n'
    )
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = desk.repo.path / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{script}\n")
        hook.chmod(0o755)
        (home / name).write_text(f"#!/bin/sh\n{script}\n")
        (home / name).chmod(0o755)
    desk.repo.run("config", "uploadpack.packObjectsHook", script)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor={script}'")
    monkeypatch.setenv("GIT_EXEC_PATH", str(home))
    monkeypatch.setenv("GIT_DIR", str(home))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home))
    (desk.repo.path / ".git/hooks/reference-transaction").unlink()
    (desk.repo.path / ".gitattributes").write_text("* filter=evil\n")
    monkeypatch.delenv("GIT_DIR")
    desk.repo.commit("Attack", file="y")
    desk.trace.unlink(missing_ok=True)
    monkeypatch.setenv("GIT_DIR", str(home))
    desk.mirrors = Mirrors(desk.root / "mirrors", local_roots=[desk.sources])
    target = await desk.checkout(desk.repo.path)
    assert (target / "file").read_text() == "y"
    assert not (target / ".git/hooks").exists()
    assert not desk.trace.exists()


async def test_a_task_cannot_poison_the_mirror_through_its_checkout(desk):
    target = await desk.checkout(desk.repo.path)
    git(target, "config", "core.fsmonitor", f"touch {desk.trace}")
    git(target, "config", "core.hooksPath", "/tmp")
    git(target, "update-ref", "refs/heads/main", git(target, "commit-tree", "HEAD^{tree}", "-m", "Mine"))
    git(target, "gc", "--prune=now")
    other = await desk.checkout(desk.repo.path)
    assert git(other, "log", "-1", "--format=%s") == "First"
    desk.trace.unlink(missing_ok=True)
    git(other, "status")
    assert not desk.trace.exists()


async def test_secrets_are_cut_out_of_whatever_a_server_makes_git_say(desk):
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"authorization" not in request.lower():
            head, body = b'401 No\r\nWWW-Authenticate: Basic realm="x"', b""
        else:
            head, body = b"403 No\r\nContent-Type: text/plain", b"your password is canary%2Fword canary/word\n"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (head, len(body), body))
        await writer.drain()
        writer.close()

    async def calm(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await echo(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(calm, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        with pytest.raises(GitFailure) as caught:
            await desk.mirrors.branches(url, Credential(login="me", password="canary/word"))
    assert "your password is *** ***" in caught.value.details
    assert "canary" not in caught.value.details + caught.value.sentence
