"""Keys that host configurations name, over real ssh and http servers under two names each."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from hub.errors import Invalid
from hub.models import HostConfig, Key, Template
from hub.models import Repository as Row
from hub.services import git_address
from hub.services.git_mappings import Mapping, choose
from hub.services.keys import write_secret
from hub.testing.git_server import GitHttpServer, Repository, SshServer, git, make_ssh_key, sshd_program
from hub.testing.tools import missing
from hub.worker.git import Credential, GitFailure, Keyring, Mirrors, Wish
from hub.worker.git.programs import furnish

CANARY = "canary p@ss/w%rd"
LOGIN = Credential(login="somebody", password=CANARY)
OTHER = Credential(login="somebody", password="wrong")


pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "keys").mkdir(mode=0o700)
    return {name: make_ssh_key(tmp_path / "keys" / name) for name in ("accepted", "stranger")}


@pytest.fixture
def ssh(tmp_path, keys):
    if sshd_program() is None:
        missing("No sshd is here. Install it with: apt-get install openssh-server")
    with SshServer(tmp_path / "sshd", keys=[keys["accepted"]]) as server:
        yield server


@pytest.fixture
def web(tmp_path):
    (tmp_path / "served").mkdir(exist_ok=True)
    with GitHttpServer(tmp_path / "served", login=LOGIN.login, password=LOGIN.password) as server:
        yield server


@pytest.fixture
def repo(tmp_path):
    repo = Repository(tmp_path / "served/group/repo")
    repo.commit("First", site__yml="one")
    return repo


class Desk:
    """Checks out with mappings, and remembers which keys were asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mirrors = Mirrors(root / "mirrors", local_roots=[])
        self.rows: list[Mapping] = []
        self.keys: dict[int, Credential] = {}
        self.asked: list[int] = []

    def add(self, kind: str, host: str, key: Credential) -> None:
        number = len(self.rows) + 1
        self.rows.append(Mapping(number, kind, host, number, "ssh" if key.private_key else "login_password"))
        self.keys[number] = key

    async def log(self, text: str) -> None:
        assert CANARY not in text

    async def _unlock(self, number: int) -> Credential:
        self.asked.append(number)
        return self.keys[number]

    def ring(self, own: Credential | None = None) -> Keyring:
        return Keyring(own, self.rows, self._unlock)

    async def checkout(self, url: str, own: Credential | None = None) -> Path:
        target = self.root / "tasks" / str(len(list((self.root / "tasks").glob("*"))))
        await self.mirrors.checkout(
            Wish(url, "main"), target, credential=self.ring(own), log=self.log, stop=asyncio.Event()
        )
        return target


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "tasks").mkdir()
    return Desk(tmp_path)


async def test_a_mapped_key_opens_its_host_and_no_other_name_of_the_same_server(desk, ssh, repo, keys):
    desk.add("host", "LocalHost", Credential(private_key=keys["accepted"]))
    url = f"{ssh.url}{repo.path}"
    target = await desk.checkout(url.replace("127.0.0.1", "localhost"))
    assert (target / "site.yml").read_text() == "one"
    assert await desk.mirrors.branches(url.replace("127.0.0.1", "localhost"), desk.ring()) == ["main"]
    with pytest.raises(GitFailure) as refused:
        await desk.checkout(url)
    assert refused.value.reason == "auth"
    assert desk.asked == [1, 1]


async def test_the_key_of_the_repository_itself_comes_first(desk, ssh, repo, keys):
    desk.add("host", "127.0.0.1", Credential(private_key=keys["stranger"]))
    own = Credential(private_key=keys["accepted"])
    assert (await desk.checkout(f"{ssh.url}{repo.path}", own)).is_dir()
    assert desk.asked == []


async def test_a_submodule_on_another_host_opens_with_the_key_of_that_host(desk, ssh, repo, keys, tmp_path):
    """Its parent's key is not the right one, and the mapping says which one is."""
    parent = Repository(tmp_path / "served/group/parent")
    inner = f"{ssh.url}{repo.path}".replace("127.0.0.1", "localhost")
    parent.run("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(repo.path / ".git"), "inner")
    parent.run("config", "-f", ".gitmodules", "submodule.inner.url", inner)
    parent.commit("With a submodule")
    desk.add("host", "127.0.0.1", Credential(private_key=keys["accepted"]))
    with pytest.raises(GitFailure, match="submodule “inner”"):
        await desk.checkout(f"{ssh.url}{parent.path}")
    desk.add("host", "localhost", Credential(private_key=keys["accepted"]))
    target = await desk.checkout(f"{ssh.url}{parent.path}")
    assert (target / "inner/site.yml").read_text() == "one"
    assert desk.asked[-2:] == [1, 2]
    for own in (None, Credential(private_key=keys["accepted"])):
        desk.keys[2] = Credential(private_key=keys["stranger"])
        with pytest.raises(GitFailure):
            await desk.checkout(f"{ssh.url}{parent.path}", own)


async def test_a_mapped_login_opens_what_is_below_its_url_and_is_nowhere_written(desk, web, repo):
    desk.add("url", f"{web.url}/", OTHER)
    desk.add("url", f"{web.url}/group", LOGIN)
    target = await desk.checkout(f"{web.url}/group/repo")
    assert (target / "site.yml").read_text() == "one"
    assert desk.asked == [2]
    for path in [*target.rglob("*"), *(desk.root / "mirrors").rglob("*")]:
        assert not path.is_file() or b"canary" not in path.read_bytes(), path
    assert git(target, "remote", "get-url", "origin").strip() == f"{web.url}/group/repo"
    with pytest.raises(GitFailure) as refused:
        await desk.checkout(f"{web.url.replace('127.0.0.1', 'localhost')}/group/repo")
    assert refused.value.reason == "auth"


async def run_git(tmp_path: Path, env: dict[str, str], *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "git", *arguments, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), **env},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=tmp_path,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def test_programs_of_a_task_use_the_mapped_keys_as_well(desk, ssh, web, repo, keys, tmp_path):
    """Galaxy clones roles and collections with git of its own."""
    desk.add("host", "localhost", Credential(private_key=keys["accepted"]))
    desk.add("url", web.url, OTHER)
    desk.add("url", f"{web.url}/group", LOGIN)
    (tmp_path / "home").mkdir()
    env = await furnish(desk.ring(), tmp_path / "home", tmp_path / "keys")
    over_ssh = f"{ssh.url}{repo.path}"
    for url, code in ((over_ssh.replace("127.0.0.1", "localhost"), 0), (over_ssh, 128),
                      (f"{web.url}/group/repo", 0), (f"{web.url}/other/repo", 128)):  # fmt: skip
        found, said = await run_git(tmp_path, env, "ls-remote", url)
        assert found == code, (url, said)
        assert CANARY not in said
    assert CANARY not in str(env) + (tmp_path / "home/.gitconfig").read_text()
    for path in [*(tmp_path / "home").glob("*config"), *(tmp_path / "keys").glob("*.login")]:
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    ("kind", "host", "url", "covered"),
    [
        ("host", "git.example.org", "git@git.example.org:a/b.git", True),
        ("host", "Git.Example.org", "ssh://git@GIT.example.org:2222/a/b", True),
        ("host", "git.example.org", "https://git.example.org/a/b", False),
        ("host", "git.example.org", "git@git.example.org.evil.org:a/b", False),
        ("host", "example.org", "git@git.example.org:a/b", False),
        ("url", "https://example.org", "https://example.org/a/b", True),
        ("url", "https://example.org/", "https://example.org:443/a/b", True),
        ("url", "https://Example.org/a", "https://example.org/a/b.git", True),
        ("url", "https://example.org/a/b", "https://example.org/a/b.git", True),
        ("url", "https://example.org/a/b", "https://example.org/a/b", True),
        ("url", "https://example.org/a", "https://example.org/ab/c", False),
        ("url", "https://example.org/a", "https://example.org/A/b", False),
        ("url", "https://example.org", "https://example.org.evil.org/a", False),
        ("url", "https://example.org", "http://example.org/a", False),
        ("url", "https://example.org", "https://example.org:8443/a", False),
        ("url", "https://example.org", "ssh://git@example.org/a", False),
        ("url", "https://example.org/a", "https://example.org/a/../b", False),
        ("url", "https://example.org/a", "https://example.org/a/%2e%2e/b", False),
    ],
)
def test_what_a_mapping_covers(kind, host, url, covered):
    address = git_address.parse(url, local_roots=())
    assert Mapping(1, kind, host, 1, "ssh").covers(address) is covered


def test_the_longest_url_counts_and_any_url_before_a_host():
    address = git_address.parse("https://example.org/a/b", local_roots=())
    rows = [Mapping(n, "url", url, n, "ssh") for n, url in enumerate(
        ["https://example.org", "https://example.org/a/b", "https://example.org/a"])]  # fmt: skip
    chosen = choose(rows, address)
    assert chosen is not None
    assert chosen.host == "https://example.org/a/b"
    assert choose([], address) is None


def test_an_ssh_key_for_a_url_reads_over_ssh():
    address = git_address.parse("https://example.org:8443/a/b.git", local_roots=())
    reached = Mapping(1, "url", "https://example.org:8443/a", 1, "ssh").reached(address)
    assert (reached.url, reached.kind) == ("ssh://git@example.org/a/b.git", "ssh")
    assert Mapping(1, "url", "https://example.org:8443/a", 1, "login_password").reached(address) == address
    with pytest.raises(Invalid):
        git_address.parse("https://a:b@example.org/a", local_roots=())


async def test_a_task_reads_its_repository_with_the_key_of_its_host(stage, repo, ssh, keys, tmp_path):
    """Whole: a host configuration of the project, a repository without a key of its own, a template, a task."""
    repo.commit("A script", say__sh='echo "said it"; git ls-remote "$1" >/dev/null && echo "and read it"\n')
    url = f"{ssh.url}{repo.path}".replace("127.0.0.1", "localhost")
    none = await Key.create(name="None", type="none", project=stage.project)
    mapped = await Key.create(name="Mapped", type="ssh", project=stage.project)
    await write_secret(stage.hub, mapped.id, {"private_key": keys["accepted"].read_text()})
    await HostConfig.create(type="host", host="localhost", ssh_key=mapped, project=stage.project)
    row = await Row.create(name="Far", git_url=url, git_branch="main", ssh_key=none, project=stage.project)
    template = await Template.create(
        project=stage.project, repository=row, app="bash", name="Say", playbook="say.sh", arguments=f'["{url}"]'
    )  # fmt: skip
    task = await stage.run(template)
    text = await stage.text(task["id"])
    assert task["status"] == "success", text
    assert "said it" in text
    assert "and read it" in text
