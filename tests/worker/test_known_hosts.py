"""Known hosts of a project, asked by real programs of a real server: git, and ssh itself. W-56."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Unavailable
from hub.models import Event, Key, KnownHost, Repository, Template
from hub.services import known_hosts, repositories
from hub.services.keys import write_secret
from hub.services.known_hosts import ApprovalDraft, KnownHostDraft, PolicyDraft, ScanDraft
from hub.testing.git_server import Repository as Sources
from hub.testing.git_server import SshServer, make_ssh_key, sshd_program
from hub.testing.tools import missing
from hub.worker.known_hosts import HostTrust, _options

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIokncmVH0TUuLPPoL5HbbPP2Xu/Q0e2rZ35LUH5FHcx"


@dataclass
class Far:
    """A repository behind ssh, and a template that runs a script of it."""

    stage: Any
    server: SshServer
    template: Template
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = f"[127.0.0.1]:{self.server.port}"

    @property
    def pid(self) -> int:
        return int(self.stage.project.id)

    async def run(self) -> tuple[str, str]:
        task = await self.stage.run(self.template)
        return task["status"], await self.stage.text(task["id"])

    async def policy(self, policy: str) -> None:
        await known_hosts.set_policy(self.stage.hub, self.stage.actor, self.pid, PolicyDraft(policy=policy))

    async def listed(self) -> list[dict[str, Any]]:
        return list(await known_hosts.list_known_hosts(self.stage.actor, self.pid))

    async def approve(self, row: dict[str, Any], **options: bool) -> None:
        draft = ApprovalDraft(**options)
        await known_hosts.approve(self.stage.hub, self.stage.actor, self.pid, row["id"], draft)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return make_ssh_key(tmp_path / "key")


@pytest.fixture
def server(tmp_path: Path, keys: Path) -> Iterator[SshServer]:
    if sshd_program() is None:
        missing("No sshd is here. Install it with: apt-get install openssh-server")
    with SshServer(tmp_path / "sshd", keys=[keys]) as one:
        yield one


@pytest.fixture
async def far(stage, server, keys, tmp_path) -> AsyncIterator[Far]:
    sources = Sources(tmp_path / "sources")
    sources.commit("A script", say__sh="echo said it\n")
    key = await Key.create(name="Far", type="ssh", project=stage.project)
    await write_secret(stage.hub, key.id, {"private_key": keys.read_text()})
    row = await Repository.create(
        name="Far", git_url=f"{server.url}{sources.path}", git_branch="main", ssh_key=key, project=stage.project
    )
    template = await Template.create(
        project=stage.project, repository=row, app="bash", name="Say", playbook="say.sh"
    )  # fmt: skip
    return Far(stage, server, template)


async def test_the_first_key_is_trusted_and_another_one_is_refused_until_a_person_approves_it(far, server):
    status, text = await far.run()
    assert status == "success", text
    (first,) = await far.listed()
    assert (first["host"], first["key_type"], first["status"]) == (far.name, "ssh-ed25519", "trusted")
    assert f"The host key of {far.name}, {first['fingerprint']}, was shown for the first time" in text

    server.stop()
    server.renew_host_key()
    server.start()
    status, text = await far.run()
    assert status == "error"
    second = next(one for one in await far.listed() if one["id"] != first["id"])
    assert second["status"] == "changed"
    assert second["trusted_fingerprints"] == [first["fingerprint"]]
    assert text.count(f"shows the host key {second['fingerprint']} instead of {first['fingerprint']}") == 1
    happened = await Event.filter(object_type="known_host").order_by("id").values_list("description", flat=True)
    assert [" ".join(one.split()[-3:]) for one in happened] == ["on first use", "the trusted one"]

    await far.approve(second, replace=True)
    status, text = await far.run()
    assert status == "success", text
    (now,) = await far.listed()
    assert (now["id"], now["status"], now["decided_by"]) == (second["id"], "trusted", far.stage.actor.username)


async def test_where_a_project_asks_nothing_is_sent_before_a_person_approved_the_key(far):
    await far.policy("ask")
    status, text = await far.run()
    assert status == "error"
    (row,) = await far.listed()
    assert (row["status"], row["decided_by"]) == ("pending", "")
    assert f"The host key of {far.name}, {row['fingerprint']}, is not approved yet." in text
    await far.approve(row)
    status, text = await far.run()
    assert status == "success", text
    await known_hosts.revoke(far.stage.hub, far.stage.actor, far.pid, row["id"])
    await far.policy("first_use")
    assert (await far.run())[0] == "error"
    assert [one["status"] for one in await far.listed()] == ["revoked"]
    await known_hosts.delete_known_host(far.stage.hub, far.stage.actor, far.pid, row["id"])
    await far.policy("off")
    assert (await far.run())[0] == "success"
    assert await far.listed() == []


async def test_who_lists_branches_meets_the_server_as_tasks_do(far):
    at = (far.stage.hub, far.stage.actor, far.pid, far.template.repository_id)
    await far.policy("ask")
    with pytest.raises(Unavailable, match="is not approved yet"):
        await repositories.branches(*at)
    await far.policy("first_use")
    assert await repositories.branches(*at) == ["main"]
    assert [one["status"] for one in await far.listed()] == ["trusted"]


async def test_a_worker_scans_a_server_and_its_keys_wait_for_approval(far, server):
    draft = ScanDraft(host="127.0.0.1", port=server.port)
    (found,) = await known_hosts.scan(far.stage.hub, far.stage.actor, far.pid, draft)
    assert (found["host"], found["status"]) == (far.name, "pending")
    await far.policy("ask")
    assert (await far.run())[0] == "error"
    await known_hosts.add_known_hosts(
        far.stage.hub, far.stage.actor, far.pid, KnownHostDraft(lines=f"{far.name} {found['key_type']} {found['key']}")
    )
    status, text = await far.run()
    assert status == "success", text
    assert await KnownHost.filter(project_id=far.pid, trusted=True).count() == 1


class Ssh:
    """OpenSSH's client, told by a project whom to trust; its files are in a folder with a difficult name."""

    def __init__(self, stage: Any, server: SshServer, key: Path, folder: Path) -> None:
        self.trust = HostTrust(stage.hub, stage.project.id, folder / "a folder of 100%h")
        self._server, self._key = server, key

    async def __call__(self, *more: str) -> int:
        known = await self.trust.open()
        words = [word for option in known.options for word in ("-o", option)]
        process = await asyncio.create_subprocess_exec(
            "ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-i", str(self._key), "-p", str(self._server.port),
            *words, *more, "127.0.0.1", "true", env={"PATH": os.environ["PATH"]}, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate()
        assert b"Bad" not in said, said
        return process.returncode or 0


@pytest.fixture
def ssh(scene, server, keys, tmp_path) -> Ssh:
    return Ssh(scene, server, keys, tmp_path)


async def test_a_known_host_is_not_trusted_for_a_key_of_another_type(ssh, scene, server, tmp_path):
    """OpenSSH's own accept-new would take it: who listens in between offers a type that nobody has seen yet."""
    other = make_ssh_key(tmp_path / "other", kind="ecdsa")
    line = " ".join(other.with_suffix(".pub").read_text().split()[:2])
    await known_hosts.add_known_hosts(
        scene.hub, scene.actor, scene.project.id, KnownHostDraft(lines=f"[127.0.0.1]:{server.port} {line}")
    )
    assert await ssh() == 255
    (lesson,) = await ssh.trust.learn()
    assert lesson.kind == "pending"
    assert await ssh.trust.learn() == []
    assert await KnownHost.filter(project_id=scene.project.id, trusted=True).count() == 1


async def test_of_an_authority_only_certificates_are_trusted(ssh, scene, server, tmp_path):
    authority = make_ssh_key(tmp_path / "ca")
    line = f"@cert-authority [127.0.0.1]:* {authority.with_suffix('.pub').read_text()}"
    (row,) = await known_hosts.add_known_hosts(scene.hub, scene.actor, scene.project.id, KnownHostDraft(lines=line))
    assert row["authority"] is True
    assert await ssh() == 255
    (lesson,) = await ssh.trust.learn()
    assert f"instead of a certificate of {row['fingerprint']}" in lesson.sentence
    server.stop()
    server.certify(authority, "127.0.0.1")
    server.start()
    assert await ssh() == 0


async def test_many_connections_at_once_learn_one_key(ssh, scene):
    assert set(await asyncio.gather(*(ssh() for _ in range(4)))) == {0}
    (lesson,) = await ssh.trust.learn()
    assert lesson.kind == "learned"
    assert await KnownHost.filter(project_id=scene.project.id).count() == 1


async def test_the_files_for_ssh_are_private(ssh):
    known = await ssh.trust.open()
    assert known.path.parent.stat().st_mode & 0o077 == 0
    assert [path.stat().st_mode & 0o077 for path in known.path.parent.iterdir()] == [0, 0, 0]


async def test_what_a_task_puts_in_the_place_of_the_files_teaches_nothing_and_holds_nobody_up(ssh, scene, tmp_path):
    known = await ssh.trust.open()
    shown = known.path.with_name("shown")
    shown.unlink()
    os.mkfifo(shown)
    known.path.unlink()
    (tmp_path / "elsewhere").write_text(f"web {HOST_KEY}\n")
    known.path.symlink_to(tmp_path / "elsewhere")
    assert await ssh.trust.learn() == []
    known.path.unlink()
    known.path.mkdir()
    shown.unlink()
    shown.write_bytes(b"\xff\x00\nweb ssh-ed25519 AAAA\n" + f"web {HOST_KEY}\n".encode())
    assert [lesson.key.host for lesson in await ssh.trust.learn()] == ["web"]


def test_an_older_openssh_is_told_what_it_knows(tmp_path):
    """KnownHostsCommand came with 8.5; an option that is not known ends ssh."""
    for policy, strict in (("first_use", "accept-new"), ("ask", "yes"), ("off", "no")):
        options = _options(tmp_path, policy, judged=False)
        assert options[0] == f"StrictHostKeyChecking={strict}"
        assert not [option for option in options if option.startswith("KnownHostsCommand")]
