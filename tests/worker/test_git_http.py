"""Mirrors over real git servers that speak http and https."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub.errors import Invalid
from hub.testing.git_server import GitHttpServer, Repository, git
from hub.worker.git import Commit, Credential, GitFailure, GitStopped, Mirrors, Wish, credentials, remote

CANARY = "canary p@ss/w%rd'\"$(touch x)ж"
KEY = Credential(login="us er@example.org", password=CANARY)


pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def repo(tmp_path):
    repo = Repository(tmp_path / "served/group/repo")
    repo.commit("First", site__yml="one")
    return repo


@pytest.fixture
def server(repo, tmp_path):
    with GitHttpServer(tmp_path / "served", login=KEY.login, password=KEY.password) as server:
        yield server


@pytest.fixture
def open_server(repo, tmp_path):
    with GitHttpServer(tmp_path / "served") as server:
        yield server


class Desk:
    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.mirrors = Mirrors(tmp_path / "mirrors", local_roots=[])
        self.stop = asyncio.Event()
        self.said: list[str] = []
        self.count = 0

    async def log(self, text: str) -> None:
        self.said.append(text)

    async def checkout(
        self, url: str, branch: str = "main", commit: str | None = None, key=None
    ) -> tuple[Commit, Path]:
        self.count += 1
        target = self.root / f"tasks/{self.count}"
        wish = Wish(url, branch, commit)
        return await self.mirrors.checkout(wish, target, credential=key, log=self.log, stop=self.stop), target


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def address(server: GitHttpServer, path: str = "group/repo/.git") -> str:
    return f"{server.url}/{path}"


async def test_a_private_repository_opens_with_login_and_password(desk, server, repo):
    commit, target = await desk.checkout(address(server), key=KEY)
    assert commit.message == "First"
    assert git(target, "status", "--porcelain") == ""
    assert await desk.mirrors.branches(address(server), KEY) == ["main"]
    assert await desk.mirrors.head(address(server), "", KEY) == commit.hash


async def test_a_token_needs_no_login(desk, repo, tmp_path):
    with GitHttpServer(tmp_path / "served", login="x-token-auth", password="tok") as server:
        assert (await desk.checkout(address(server), key=Credential(password="tok")))[0].message == "First"


async def test_the_default_branch_is_learnt_from_the_server(desk, open_server, repo):
    repo.run("branch", "-m", "feature/trunk")
    assert (await desk.checkout(address(open_server), ""))[0].branch == "feature/trunk"


async def test_no_secret_stays_anywhere(desk, server, repo):
    """W-58: nothing in `.git/config`, in a file, or in a word that people read."""
    await desk.checkout(address(server), key=KEY)
    with pytest.raises(GitFailure) as caught:
        await desk.checkout(address(server), "nope", key=KEY)
    forms = [form.encode() for form in (*KEY.secrets, KEY.login)]
    for path in desk.root.rglob("*"):
        if path.is_file():
            assert not any(form in path.read_bytes() for form in forms), path
    words = " ".join([*desk.said, str(caught.value), caught.value.details, repr(KEY)])
    assert CANARY not in words
    assert all(CANARY not in request for request in server.requests)


async def test_no_secret_is_in_a_command_line(desk, server, repo, monkeypatch):
    argv = []
    start = asyncio.create_subprocess_exec

    async def watched(*words, **others):
        argv.extend(words)
        return await start(*words, **others)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
    await desk.checkout(address(server), key=KEY)
    assert argv
    assert not any("canary" in word or KEY.login in word for word in argv)


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (None, "asks for a login"),
        (Credential(login=KEY.login, password="wrong"), "does not accept this login and password"),
        (Credential(login="", password=CANARY), "does not accept this login and password"),
    ],
)
async def test_wrong_logins_are_told_apart(desk, server, key, sentence):
    with pytest.raises(GitFailure, match=sentence) as caught:
        await desk.checkout(address(server), key=key)
    assert caught.value.reason == "auth"
    assert CANARY not in caught.value.details
    assert not any("Trying again" in text for text in desk.said)


async def test_a_repository_that_is_not_there_is_named(desk, open_server):
    with pytest.raises(GitFailure, match=r"has no repository http://127\.0\.0\.1") as caught:
        await desk.checkout(address(open_server, "group/nothing"))
    assert caught.value.reason == "missing"


async def test_a_mirror_is_no_way_around_a_missing_permission(desk, server, repo):
    """Another project that knows address and commit of a private repository, but has no key, gets nothing."""
    hash_ = repo.run("rev-parse", "HEAD")
    await desk.checkout(address(server), key=KEY)
    for other in (None, Credential(login=KEY.login, password="wrong")):
        with pytest.raises(GitFailure) as caught:
            await desk.checkout(address(server), commit=hash_, key=other)
        assert caught.value.reason == "auth"
    server.requests.clear()
    assert (await desk.checkout(address(server), commit=hash_, key=KEY))[0].hash == hash_
    assert server.requests == []


async def test_a_withdrawn_permission_ends_the_trust(desk, server, repo):
    hash_ = repo.run("rev-parse", "HEAD")
    await desk.checkout(address(server), key=KEY)
    server._wanted = "withdrawn"
    for commit in (None, hash_):
        with pytest.raises(GitFailure) as caught:
            await desk.checkout(address(server), commit=commit, key=KEY)
        assert caught.value.reason == "auth"


async def test_a_failing_server_is_tried_three_times(desk, open_server, repo):
    """W-22"""
    await desk.checkout(address(open_server))
    hash_ = repo.commit("Second")
    open_server.failures = 2
    assert (await desk.checkout(address(open_server)))[0].hash == hash_
    assert len([text for text in desk.said if "Trying again" in text]) == 2


async def test_a_failed_fetch_keeps_the_mirror(desk, open_server, repo):
    """W-22"""
    hash_ = repo.run("rev-parse", "HEAD")
    await desk.checkout(address(open_server))
    open_server.failures = 1000
    with pytest.raises(GitFailure, match="does not answer properly") as caught:
        await desk.checkout(address(open_server))
    assert caught.value.reason == "network"
    assert (await desk.checkout(address(open_server), commit=hash_))[0].hash == hash_
    open_server.failures = 0
    assert (await desk.checkout(address(open_server)))[0].hash == hash_


async def test_an_unreachable_server_is_named(desk):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        for scheme in ("http", "https", "git"):
            with pytest.raises(GitFailure, match=r"The git server 127\.0\.0\.1 does not answer") as caught:
                await desk.checkout(f"{scheme}://127.0.0.1:{port}/x")
            assert caught.value.reason == "network"
    with pytest.raises(GitFailure, match=r"no-such-host\.invalid does not answer"):
        await desk.mirrors.branches("https://no-such-host.invalid/x", None)


async def test_a_server_that_never_accepts_is_given_up_soon(desk, monkeypatch):
    monkeypatch.setattr(remote, "CONNECT_SECONDS", 0.2)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        queue = [socket.socket() for _ in range(4)]
        for each in queue:
            each.setblocking(False)
            each.connect_ex(deaf.getsockname())
        with pytest.raises(GitFailure, match="does not answer"):
            await desk.mirrors.branches(f"http://127.0.0.1:{deaf.getsockname()[1]}/x", None)
        for each in queue:
            each.close()


async def test_a_server_that_says_nothing_is_given_up(desk, monkeypatch):
    monkeypatch.setattr(remote, "_LIST_SECONDS", 0.3)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(5)
        with pytest.raises(GitFailure, match="said nothing") as caught:
            await desk.mirrors.branches(f"http://127.0.0.1:{mute.getsockname()[1]}/x", None)
        assert caught.value.reason == "network"


async def test_a_stop_during_a_fetch_ends_it(desk):
    async def keep_waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(10):
            desk.stop.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_waiting, "127.0.0.1", 0) as mute:
        with pytest.raises(GitStopped):
            await desk.checkout(f"http://127.0.0.1:{mute.sockets[0].getsockname()[1]}/x")
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=10)


async def test_a_burst_of_tasks_needs_few_fetches(desk, open_server, repo):
    """W-72"""
    await asyncio.gather(*(desk.checkout(address(open_server)) for _ in range(12)))
    assert len([request for request in open_server.requests if "info/refs" in request]) <= 4


def make_tls(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_an_untrusted_certificate_is_refused_and_a_trusted_one_works(desk, repo, tmp_path, monkeypatch):
    with GitHttpServer(tmp_path / "served", login=KEY.login, password=KEY.password, tls=make_tls(tmp_path)) as server:
        with pytest.raises(GitFailure, match="certificate") as caught:
            await desk.checkout(address(server), key=KEY)
        assert caught.value.reason == "tls"
        monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "cert.pem"))
        desk.mirrors = Mirrors(tmp_path / "mirrors", local_roots=[])
        assert (await desk.checkout(address(server), key=KEY))[0].message == "First"


async def test_submodules_come_along_and_share_mirrors(desk, server, repo, tmp_path):
    for name in ("lib", "deep"):
        other = Repository(tmp_path / f"served/group/{name}")
        other.commit(f"{name} one", file=name)
    lib, deep = tmp_path / "served/group/lib", tmp_path / "served/group/deep"
    for parent, child in ((lib, deep), (repo.path, lib)):
        git(
            parent,
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "-q",
            str(child / ".git"),
            f"sub/{child.name}",
        )
        git(parent, "config", "-f", ".gitmodules", f"submodule.sub/{child.name}.url", f"../../{child.name}/.git")
        git(parent, "add", "--all")
        git(parent, "commit", "-q", "-m", f"Use {child.name}")
    _, target = await desk.checkout(address(server), key=KEY)
    assert (target / "sub/lib/file").read_text() == "lib"
    assert (target / "sub/lib/sub/deep/file").read_text() == "deep"
    assert git(target, "status", "--porcelain") == ""
    assert git(target, "submodule", "status", "--recursive").count("sub/") == 3
    assert all(line.startswith(" ") or index == 0 for index, line in enumerate(git(target, "submodule").splitlines()))
    assert git(target, "config", "submodule.sub/lib.url") == f"{server.url}/group/lib/.git"


async def test_a_submodule_pinned_outside_of_branches_is_fetched_by_its_hash(desk, open_server, repo, tmp_path):
    other = Repository(tmp_path / "served/group/lib")
    other.commit("one", file="one")
    git(repo.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path / ".git"), "lib")
    git(repo.path, "config", "-f", ".gitmodules", "submodule.lib.url", "../../lib/.git")
    repo.commit("Use lib")
    other.run("reset", "-q", "--hard", repo.run("rev-parse", "HEAD:lib"))
    other.run("commit", "-q", "--amend", "-m", "Rewritten")
    other.run("config", "uploadpack.allowAnySHA1InWant", "true")
    _, target = await desk.checkout(address(open_server))
    assert (target / "lib/file").read_text() == "one"


async def test_a_password_goes_to_its_own_server_only(desk, repo, tmp_path):
    """A repository's author must not collect the hub's password with a submodule on a server of his own."""
    lib = Repository(tmp_path / "elsewhere/lib")
    lib.commit("one")
    seen = []
    with (
        GitHttpServer(tmp_path / "served", login=KEY.login, password=KEY.password) as server,
        GitHttpServer(tmp_path / "elsewhere", login="any", password="any") as greedy,
    ):
        greedy.allows = lambda given: bool(seen.append(given))
        git(repo.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(lib.path / ".git"), "lib")
        git(repo.path, "config", "-f", ".gitmodules", "submodule.lib.url", f"{greedy.url}/lib/.git")
        repo.commit("Use lib")
        with pytest.raises(GitFailure, match="The submodule “lib” failed"):
            await desk.checkout(address(server), key=KEY)
    assert seen
    assert not any(seen)


async def test_a_redirect_to_another_server_gets_no_password(desk, tmp_path):
    seen = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, reply: bytes) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        seen.append((reply[:12], b"authorization" in request.lower()))
        writer.write(reply)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    wants = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    async with await asyncio.start_server(lambda r, w: answer(r, w, wants), "127.0.0.1", 0) as greedy:
        port = greedy.sockets[0].getsockname()[1]
        moved = b"HTTP/1.1 302 Moved\r\nLocation: http://127.0.0.1:%d/x/info/refs?service=git-upload-pack\r\n" % port
        moved += b"Content-Length: 0\r\nConnection: close\r\n\r\n"

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not reader.at_eof():
                try:
                    await answer(reader, writer, moved)
                except asyncio.IncompleteReadError:
                    writer.close()

        async with await asyncio.start_server(redirect, "127.0.0.1", 0) as first:
            with pytest.raises(GitFailure):
                await desk.checkout(f"http://127.0.0.1:{first.sockets[0].getsockname()[1]}/x", key=KEY)
    assert any(reply.startswith(b"HTTP/1.1 401") for reply, _ in seen)
    assert not any(given for _, given in seen)


def test_a_login_of_several_lines_is_refused():
    for wrong in ("a\nb", "a\r", "a\x00"):
        with pytest.raises(Invalid):
            Credential(login="x", password=wrong)
        with pytest.raises(Invalid):
            Credential(login=wrong, password="x")


async def test_fingerprints_tell_credentials_apart_and_reveal_nothing(tmp_path):
    (tmp_path / "key").write_text("one")
    some = [
        Credential(),
        Credential(login="ab", password="c"),
        Credential(login="a", password="bc"),
        Credential(private_key=tmp_path / "key"),
        Credential(private_key=tmp_path / "key", passphrase="x"),
    ]
    prints = [await credentials.fingerprint(each) for each in some]
    assert len(set(prints)) == len(some)
    assert prints[3] == await credentials.fingerprint(some[3])
    (tmp_path / "key").write_text("two")
    assert prints[3] != await credentials.fingerprint(some[3])
    (tmp_path / "key").unlink()
    with pytest.raises(Invalid, match="not there any more"):
        await credentials.fingerprint(some[3])
