"""Mirrors over a real ssh server (W-56)."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import asyncssh
import pytest

from hub.errors import Invalid
from hub.testing.git_server import Repository, SshServer, git, make_ssh_key, sshd_program
from hub.testing.tools import missing
from hub.worker.git import Credential, GitFailure, Mirrors, Wish, mirror
from hub.worker.git.command import Git

PASSPHRASE = "canary \"p' $HOME `x` ж"


pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def keys(tmp_path):
    """An accepted plain key, an accepted one with a passphrase, and a stranger's."""
    folder = tmp_path / "a folder of %keys"
    folder.mkdir(mode=0o700)
    return {
        "plain": make_ssh_key(folder / "plain"),
        "locked": make_ssh_key(folder / "locked", PASSPHRASE),
        "stranger": make_ssh_key(folder / "stranger"),
    }


@pytest.fixture
def server(tmp_path, keys):
    if sshd_program() is None:
        missing("No sshd is here. Install it with: apt-get install openssh-server")
    with SshServer(tmp_path / "sshd", keys=[keys["plain"], keys["locked"]]) as server:
        yield server


@pytest.fixture
def repo(tmp_path):
    repo = Repository(tmp_path / "served/repo")
    repo.commit("First", site__yml="one")
    return repo


class Desk:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.mirrors = Mirrors(root / "the mirrors", local_roots=[])
        self.said: list[str] = []
        self.count = 0

    async def log(self, text: str) -> None:
        self.said.append(text)

    async def checkout(self, url: str, key: Credential | None) -> tuple[str, Path]:
        self.count += 1
        target = self.root / f"tasks/{self.count}"
        commit = await self.mirrors.checkout(
            Wish(url, "main"), target, credential=key, log=self.log, stop=asyncio.Event()
        )
        return commit.message, target


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


async def test_a_repository_opens_with_a_key_file(desk, server, repo, keys):
    url = f"{server.url}{repo.path}"
    message, target = await desk.checkout(url, Credential(private_key=keys["plain"]))
    assert message == "First"
    assert git(target, "status", "--porcelain") == ""
    assert await desk.mirrors.branches(url, Credential(private_key=keys["plain"])) == ["main"]


async def test_a_key_with_a_passphrase_opens_without_leaving_it_behind(desk, server, repo, keys):
    key = Credential(private_key=keys["locked"], passphrase=PASSPHRASE)
    assert (await desk.checkout(f"{server.url}{repo.path}", key))[0] == "First"
    for path in desk.root.rglob("*"):
        if path.is_file():
            assert b"canary" not in path.read_bytes(), path
    assert "canary" not in repr(key) + "".join(desk.said)


async def test_the_login_of_the_key_is_the_user_where_the_address_has_none(desk, server, repo, keys):
    user = server.url.removeprefix("ssh://").partition("@")[0]
    url = f"ssh://127.0.0.1:{server.port}{repo.path}"
    assert (await desk.checkout(url, Credential(login=user, private_key=keys["plain"])))[0] == "First"
    with pytest.raises(Invalid, match="plain user name"):
        await desk.checkout(url, Credential(login="-oProxyCommand=x", private_key=keys["plain"]))


async def test_a_key_in_an_agent_opens_and_tasks_with_an_agent_each_share_a_fetch(
    desk, server, repo, keys, monkeypatch
):
    fetches = []
    run = Git.run

    async def watched(self, arguments, call):
        fetches.extend(word for word in arguments if word == "fetch")
        return await run(self, arguments, call)

    monkeypatch.setattr(Git, "run", watched)
    agents = [Agent(desk.root / f"agent {number}") for number in range(6)]
    try:
        for agent in agents:
            await agent.add(keys["plain"])
        url = f"{server.url}{repo.path}"
        done = await asyncio.gather(*(desk.checkout(url, Credential(agent_socket=agent.socket)) for agent in agents))
    finally:
        for agent in agents:
            agent.close()
    assert {message for message, _ in done} == {"First"}
    assert len(fetches) <= 3
    with pytest.raises(Invalid, match="not there any more"):
        await desk.checkout(url, Credential(agent_socket=agents[0].socket))


class Agent:
    """A real ssh-agent."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)

    async def add(self, key: Path) -> None:
        while True:
            try:
                agent = await asyncssh.connect_agent(str(self.socket))
                break
            except OSError:
                assert self._process.poll() is None
                await asyncio.sleep(0.01)
        await agent.add_keys([asyncssh.read_private_key(key)])
        agent.close()
        await agent.wait_closed()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self.socket.unlink(missing_ok=True)


async def test_wrong_keys_are_told_apart(desk, server, repo, keys, tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nbm90\n-----END OPENSSH PRIVATE KEY-----\n")
    broken.chmod(0o600)
    for key, sentence in (
        (None, "asks for an SSH key and none was given"),
        (Credential(login="root", password="x"), "asks for an SSH key and none was given"),
        (Credential(private_key=keys["stranger"]), "does not accept this SSH key"),
        (Credential(private_key=keys["locked"]), "needs a passphrase"),
        (Credential(private_key=keys["locked"], passphrase="wrong"), "passphrase of the SSH key is wrong"),
        (Credential(private_key=broken), "is not a private key"),
    ):
        with pytest.raises(GitFailure, match=sentence) as caught:
            await desk.checkout(f"{server.url}{repo.path}", key)
        assert caught.value.reason == "auth"
        assert caught.value.sentence.endswith(".")


async def test_the_service_users_own_keys_are_never_offered(desk, server, repo, keys, monkeypatch):
    """Whoever may add a repository would otherwise act as the hub itself."""
    agent = Agent(desk.root / "own")
    try:
        await agent.add(keys["plain"])
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent.socket))
        monkeypatch.setenv("GIT_SSH_COMMAND", f"ssh -i '{keys['plain']}' -o StrictHostKeyChecking=no")
        desk.mirrors = Mirrors(desk.root / "mirrors", local_roots=[])
        with pytest.raises(GitFailure, match="none was given"):
            await desk.checkout(f"{server.url}{repo.path}", None)
    finally:
        agent.close()


async def test_a_missing_repository_is_told_apart_from_a_wrong_key(desk, server, keys):
    with pytest.raises(GitFailure, match="has no repository") as caught:
        await desk.checkout(f"{server.url}/no/such/repository", Credential(private_key=keys["plain"]))
    assert caught.value.reason == "missing"


async def test_a_changed_host_key_is_refused(desk, server, repo, keys):
    """W-56: the first key is remembered, another one is not accepted."""
    key = Credential(private_key=keys["plain"])
    await desk.checkout(f"{server.url}{repo.path}", key)
    known = desk.root / "the mirrors/known_hosts"
    assert known.stat().st_mode & 0o077 == 0
    before = known.read_text()
    server.stop()
    server.renew_host_key()
    server.start()
    with pytest.raises(GitFailure, match=r"host key of 127\.0\.0\.1 is not one that is trusted") as caught:
        await desk.checkout(f"{server.url}{repo.path}", key)
    assert caught.value.reason == "host_key"
    assert known.read_text() == before
    known.unlink()
    assert (await desk.checkout(f"{server.url}{repo.path}", key))[0] == "First"


async def test_an_ssh_server_that_is_down_is_tried_again_and_named(desk, server, repo, keys):
    server.stop()
    with pytest.raises(GitFailure, match="does not answer properly") as caught:
        await desk.checkout(f"{server.url}{repo.path}", Credential(private_key=keys["plain"]))
    assert caught.value.reason == "network"
    assert len([text for text in desk.said if "Trying again" in text]) == 2


async def test_a_key_file_that_vanishes_with_its_task_does_not_fail_the_others(desk, server, repo, keys, monkeypatch):
    mine = desk.root / "mine"
    mine.write_bytes(keys["plain"].read_bytes())
    mine.chmod(0o600)
    run, begun, go_on = Git.run, asyncio.Event(), asyncio.Event()

    async def slow(self, arguments, call):
        if "fetch" in arguments and not begun.is_set():
            begun.set()
            await go_on.wait()
        return await run(self, arguments, call)

    monkeypatch.setattr(Git, "run", slow)
    url = f"{server.url}{repo.path}"
    stop = asyncio.Event()
    first = desk.mirrors.checkout(
        Wish(url, "main"), desk.root / "first", credential=Credential(private_key=mine), log=desk.log, stop=stop
    )
    leaving = asyncio.create_task(first)
    await begun.wait()
    (only,) = desk.mirrors._mirrors.values()
    flights = []
    attempt = mirror._Flight.attempt

    async def noted(self, talk):
        flights.append(self)
        return await attempt(self, talk)

    monkeypatch.setattr(mirror._Flight, "attempt", noted)
    staying = [asyncio.create_task(desk.checkout(url, Credential(private_key=keys["plain"]))) for _ in range(2)]
    while not any(len(flight.members) == 2 for flight in only._boarding.values()):
        await asyncio.sleep(0)
    mine.unlink()
    stop.set()
    go_on.set()
    await asyncio.wait({leaving})
    assert [message for message, _ in await asyncio.gather(*staying)] == ["First", "First"]
