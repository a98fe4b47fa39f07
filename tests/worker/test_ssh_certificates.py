"""Certificates of SSH keys: checked when they are saved, and served by the agent beside their key."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.builtin.keys import SshKey, SshParams
from hub.plugin import Refused
from hub.testing.git_server import SshServer, make_ssh_key, sign_ssh_key, sshd_program
from hub.testing.tools import missing, need_tool

PASSPHRASE = "opens-the-key-4f7"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    need_tool("ssh-keygen")
    return make_ssh_key(tmp_path / "authority")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_ssh_key(tmp_path / "key", PASSPHRASE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "k"
    made.mkdir(mode=0o700)
    return made


def params(key: Path, certificate: Path, login: str = "deploy") -> SshParams:
    return SshParams(
        login=login, passphrase=PASSPHRASE, private_key=key.read_text(), certificate=f"\n{certificate.read_text()}\r\n"
    )


def user() -> str:
    return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def server(tmp_path: Path, authority: Path) -> Iterator[SshServer]:
    """It knows no key of anybody, only who signs them."""
    if sshd_program() is None:
        missing("No sshd is here. Install it with: apt-get install openssh-server")
    server = SshServer(tmp_path / "sshd", keys=[])
    server.options["TrustedUserCAKeys"] = str(authority.with_suffix(".pub"))
    with server as one:
        yield one


async def test_a_certificate_signs_in_where_only_its_authority_is_known(server, authority, key, folder):
    ssh = SshKey()
    material = await ssh.materialise(params(key, sign_ssh_key(key, authority, user()), user()), folder)
    place = Path(material.env["SSH_AUTH_SOCK"])
    assert place.stat().st_mode & 0o077 == 0
    argv = (
        "ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-l", user(),
        "-o", "UserKnownHostsFile=/dev/null", "-p", str(server.port), "127.0.0.1", "echo in",
    )  # fmt: skip

    async def signed_in() -> tuple[int, bytes]:
        process = await asyncio.create_subprocess_exec(
            *argv, env={"PATH": os.environ["PATH"], "HOME": str(folder), **material.env},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode or 0, out

    try:
        assert await signed_in() == (0, b"in\n")
        bodies = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
        assert len(bodies) == 2
        assert not [body for body in bodies if b"PRIVATE" in body or PASSPHRASE.encode() in body]
    finally:
        await ssh.release(material)
    assert (await signed_in())[0] == 255
    assert not place.exists()


async def test_what_a_certificate_says_can_be_read(authority, key):
    certificate = sign_ssh_key(key, authority, "deploy", "root", valid="20260101000000Z:20991231000000Z")
    about = await SshKey().about(params(key, certificate))
    assert about["public_key"].split()[1] == key.with_suffix(".pub").read_text().split()[1]
    assert about["certificate"] == {
        "name": "made for a test", "logins": ["deploy", "root"], "begins": "2026-01-01T00:00:00+00:00",
        "ends": "2099-12-31T00:00:00+00:00", "authority": about["certificate"]["authority"], "problem": "",
    }  # fmt: skip
    assert about["certificate"]["authority"].startswith("SHA256:")
    forever = sign_ssh_key(key, authority, "deploy", valid="always:forever")
    assert (await SshKey().about(params(key, forever)))["certificate"]["ends"] is None


@pytest.mark.parametrize(
    ("valid", "sentence"),
    [
        ("20200101000000Z:20200102000000Z", "ended on 2020-01-02 00:00 UTC. Let the authority sign the key again"),
        ("20980101000000Z:20990102000000Z", "is not valid before 2098-01-01 00:00 UTC"),
    ],
)
async def test_a_certificate_out_of_its_time_is_kept_and_told_but_signs_nobody_in(
    authority, key, folder, valid, sentence
):
    stale = params(key, sign_ssh_key(key, authority, "deploy", valid=valid))
    ssh = SshKey()
    await ssh.check(stale)
    assert sentence in (await ssh.about(stale))["certificate"]["problem"]
    with pytest.raises(Refused, match=sentence):
        await ssh.materialise(stale, folder)
    assert list(folder.iterdir()) == []


async def test_a_certificate_that_cannot_work_is_refused_when_it_is_saved(authority, key, tmp_path):
    ssh, other = SshKey(), make_ssh_key(tmp_path / "other")
    for made, sentence in (
        (sign_ssh_key(other, authority, "deploy"), "belongs to another key"),
        (sign_ssh_key(key, authority, "web", options=["-h"]), "is for a host"),
        (key.with_suffix(".pub"), "is not a certificate"),
    ):
        with pytest.raises(Refused, match=sentence):
            await ssh.check(params(key, made))
    with pytest.raises(ValueError, match="needs its private key"):
        SshParams(certificate="ssh-ed25519-cert-v01@openssh.com AAAA")
