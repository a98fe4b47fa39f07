"""The agent in the hub, asked by the real OpenSSH programs."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import shutil
import stat
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from asyncssh import import_private_key

from hub.builtin import ssh_agent
from hub.builtin.keys import SshKey, SshParams
from hub.builtin.ssh_agent import FAILURE, MAX_MESSAGE, SshAgent
from hub.testing.tools import need_tool

PASSPHRASE = "opens-the-key-9c1"
KINDS = {
    "ed25519": ["-t", "ed25519"],
    "rsa": ["-t", "rsa", "-b", "2048"],
    "ecdsa": ["-t", "ecdsa", "-b", "384"],
    "rsa-pem": ["-t", "rsa", "-b", "2048", "-m", "PEM"],
    "ecdsa-pkcs8": ["-t", "ecdsa", "-m", "PKCS8"],
}


def make_key(folder: Path, kind: str) -> str:
    path = folder / f"made-{kind}"
    subprocess.run(
        [need_tool("ssh-keygen"), "-q", *KINDS[kind], "-N", PASSPHRASE, "-C", "made for a test", "-f", str(path)],
        check=True,
    )
    text = path.read_text()
    path.unlink()
    return text


async def run(*argv: str, **environment: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *argv,
        env={"PATH": os.environ["PATH"], **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "t"
    folder.mkdir(mode=0o700)
    yield folder
    left = [path for path in folder.iterdir() if path.is_socket()]
    assert left == []


@pytest.fixture
async def agent(private: Path) -> AsyncIterator[Path]:
    place = private / "agent.sock"
    key = import_private_key(make_key(private, "ed25519"), PASSPHRASE)
    async with SshAgent([key], place):
        yield place


class Server:
    """A real sshd that speaks over a pipe, so that it needs no port and no rights."""

    def __init__(self, folder: Path) -> None:
        self.authorized = folder / "authorized_keys"
        host_key = folder / "host_key"
        subprocess.run([need_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(host_key)], check=True)
        (folder / "known_hosts").write_text("pipe " + host_key.with_suffix(".pub").read_text())
        config = folder / "sshd_config"
        config.write_text(
            f"HostKey {host_key}\nAuthorizedKeysFile {self.authorized}\nPidFile none\nUsePAM no\nStrictModes no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.options = [
            *("-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"),
            *("-o", f"UserKnownHostsFile={folder / 'known_hosts'}", "-o", "GlobalKnownHostsFile=/dev/null"),
            *("-o", f"ProxyCommand={need_tool('sshd')} -i -f {config}"),
        ]


@pytest.fixture
def server(tmp_path: Path) -> Server:
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    return Server(folder)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_with_a_passphrase_signs_in_to_a_real_server(kind: str, private: Path, server: Server) -> None:
    ssh = SshKey()
    params = SshParams(login=getpass.getuser(), passphrase=PASSPHRASE, private_key=make_key(private, kind))
    material = await ssh.materialise(params, private)
    try:
        server.authorized.write_text(material.files["public_key"].read_text())
        argv = [
            need_tool("ssh"),
            *server.options,
            "-i",
            str(material.files["public_key"]),
            "-l",
            material.login,
            "pipe",
        ]
        code, output = await run(*argv, "echo signed-in", **material.env)
        assert (code, output.strip()) == (0, "signed-in")
        await ssh.release(material)
        code, _ = await run(*argv, "echo signed-in", **material.env)
        assert code == 255
    finally:
        await ssh.release(material)


async def test_many_programs_sign_in_at_once_with_one_agent(private: Path, server: Server) -> None:
    ssh = SshKey()
    params = SshParams(login=getpass.getuser(), passphrase=PASSPHRASE, private_key=make_key(private, "rsa"))
    material = await ssh.materialise(params, private)
    try:
        public = material.files["public_key"]
        server.authorized.write_text(public.read_text())
        argv = [need_tool("ssh"), *server.options, "-i", str(public), "-l", material.login, "pipe", "echo in"]
        assert await asyncio.gather(*(run(*argv, **material.env) for _ in range(4))) == [(0, "in\n")] * 4
    finally:
        await ssh.release(material)


@pytest.mark.parametrize("algorithm", ["rsa-sha2-256", "rsa-sha2-512"])
async def test_an_rsa_key_signs_with_the_hash_that_was_asked_for(algorithm: str, private: Path, server: Server) -> None:
    ssh = SshKey()
    params = SshParams(login=getpass.getuser(), passphrase=PASSPHRASE, private_key=make_key(private, "rsa"))
    material = await ssh.materialise(params, private)
    try:
        public = material.files["public_key"]
        server.authorized.write_text(public.read_text())
        argv = [need_tool("ssh"), *server.options, "-o", f"PubkeyAcceptedAlgorithms={algorithm}"]
        code, output = await run(*argv, "-i", str(public), "-l", material.login, "pipe", "echo in", **material.env)
        assert (code, output) == (0, "in\n")
    finally:
        await ssh.release(material)


async def test_ssh_add_lists_the_key_and_cannot_change_anything(agent: Path, tmp_path: Path) -> None:
    code, before = await run(need_tool("ssh-add"), "-l", SSH_AUTH_SOCK=str(agent))
    assert code == 0
    assert before.startswith("256 SHA256:")
    assert before.strip().endswith("(ED25519)")
    other = tmp_path / "other"
    subprocess.run([need_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    for refused in (["-D"], ["-d", f"{other}.pub"], [str(other)], ["-c", str(other)], ["-e", "/nowhere.so"]):
        code, _ = await run(need_tool("ssh-add"), *refused, SSH_AUTH_SOCK=str(agent), SSH_ASKPASS_REQUIRE="never")
        assert code != 0, refused
    assert await run(need_tool("ssh-add"), "-l", SSH_AUTH_SOCK=str(agent)) == (0, before)


async def test_a_long_folder_gets_a_short_socket_in_a_private_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    ssh = SshKey()
    params = SshParams(passphrase=PASSPHRASE, private_key=make_key(tmp_path, "ed25519"))
    material = await ssh.materialise(params, folder)
    place = Path(material.env["SSH_AUTH_SOCK"])
    try:
        assert len(os.fsencode(place)) <= 103
        assert folder not in place.parents
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        code, _ = await run(need_tool("ssh-add"), "-l", **material.env)
        assert code == 0
    finally:
        await ssh.release(material)
    assert not place.parent.exists()


async def test_release_ends_the_agent_and_may_be_called_twice(private: Path) -> None:
    ssh = SshKey()
    params = SshParams(passphrase=PASSPHRASE, private_key=make_key(private, "ed25519"))
    material = await ssh.materialise(params, private)
    reader, writer = await asyncio.open_unix_connection(material.env["SSH_AUTH_SOCK"])
    writer.write(message(b"\x0b"))
    assert (await answer(reader))[:1] == b"\x0c"
    await ssh.release(material)
    assert await reader.read() == b""
    writer.close()
    await ssh.release(material)
    assert not Path(material.env["SSH_AUTH_SOCK"]).exists()


async def test_two_tasks_have_two_agents_and_ending_one_leaves_the_other(private: Path) -> None:
    ssh = SshKey()
    params = SshParams(passphrase=PASSPHRASE, private_key=make_key(private, "ed25519"))
    one, two = [await ssh.materialise(params, private) for _ in range(2)]
    assert one.env != two.env
    assert one.files != two.files
    await ssh.release(one)
    code, _ = await run(need_tool("ssh-add"), "-l", **two.env)
    await ssh.release(two)
    assert code == 0


async def test_the_socket_belongs_to_its_user_alone(agent: Path) -> None:
    assert stat.S_IMODE(agent.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program as somebody else")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at the other end")
async def test_another_user_gets_no_answer_even_where_the_folder_lets_him_in() -> None:
    folder = Path("/tmp") / f"hub-peer-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    try:
        place = folder / "s"
        async with SshAgent([import_private_key(make_key(folder, "ed25519"), PASSPHRASE)], place):
            place.chmod(0o666)
            process = await asyncio.create_subprocess_exec(
                need_tool("ssh-add"), "-l", env={"SSH_AUTH_SOCK": str(place)}, user=65534, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            listed, _ = await process.communicate()
            assert process.returncode != 0  # it says why, or dies of the closed connection before it can
            assert listed == b""
            code, _ = await run(need_tool("ssh-add"), "-l", SSH_AUTH_SOCK=str(place))
            assert code == 0
            os.chown(place, 65534, 65534)  # as for tasks that have a user of their own
            process = await asyncio.create_subprocess_exec(
                need_tool("ssh-add"), "-l", env={"SSH_AUTH_SOCK": str(place)}, user=65534, stdout=subprocess.PIPE
            )
            listed, _ = await process.communicate()
            assert (process.returncode, listed.split()[-1]) == (0, b"(ED25519)")
    finally:
        shutil.rmtree(folder)


async def test_a_peer_of_another_user_id_is_hung_up_on(agent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: -7)
    monkeypatch.setattr(ssh_agent, "_owner_of", lambda _: -7)
    reader, writer = await asyncio.open_unix_connection(agent)
    with contextlib.suppress(ConnectionError):
        writer.write(message(b"\x0b"))
        assert await reader.read() == b""
    writer.close()


def message(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


async def answer(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">I", await reader.readexactly(4))
    return await reader.readexactly(size)


def text(data: bytes) -> bytes:
    return message(data)


@pytest.mark.parametrize(
    "body",
    [
        b"\x0b\x00",
        b"\x0d",
        b"\x0d" + text(b"unknown key") + text(b"data") + bytes(4),
        b"\x0d" + struct.pack(">I", 0xFFFFFFFF) + b"short",
        b"\x0d" + text(b"k") + text(b"d") + bytes(5),
        b"\x1b" + text(b"session-bind@openssh.com"),
        b"\x11" + text(b"ssh-ed25519"),
        b"\x13",
        b"\xff",
        bytes(MAX_MESSAGE),
    ],
)
async def test_whatever_it_does_not_know_is_a_failure_and_the_talk_goes_on(agent: Path, body: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(agent)
    writer.write(message(body))
    assert await answer(reader) == FAILURE
    writer.write(message(b"\x0b"))
    assert (await answer(reader))[:5] == b"\x0c\x00\x00\x00\x01"
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("size", [0, MAX_MESSAGE + 1, 0xFFFFFFFF])
async def test_a_message_of_a_mad_size_ends_the_talk_without_being_read(agent: Path, size: int) -> None:
    reader, writer = await asyncio.open_unix_connection(agent)
    writer.write(struct.pack(">I", size))
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_leaves_in_the_middle_disturbs_nobody(agent: Path) -> None:
    _, writer = await asyncio.open_unix_connection(agent)
    writer.write(struct.pack(">I", 100) + b"half")
    writer.close()
    await writer.wait_closed()
    code, _ = await run(need_tool("ssh-add"), "-l", SSH_AUTH_SOCK=str(agent))
    assert code == 0
