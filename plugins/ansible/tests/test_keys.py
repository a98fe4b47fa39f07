"""Logins, become passwords and vaults: given as files, and really used."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from hub.plugin import Key, VaultView

FAKE_SUDO = f"""#!{sys.executable}
import os, sys
prompt = sys.argv[sys.argv.index("-p") + 1]
sys.stderr.write(prompt)
sys.stderr.flush()
line = sys.stdin.readline()
open({{seen!r}}, "w").write(line + sys.argv[sys.argv.index("-u") + 1])
os.execv("/bin/sh", ["/bin/sh", "-c", sys.argv[-1]])
"""


async def test_an_ssh_key_is_used_through_its_agent(bench: Any) -> None:
    key = bench.key(7, login="deploy", private_key="PEM")
    bench.inventory(user_key=key)
    assert (await bench.run()).kind == "success"
    assert bench.playbook_call.argv[3:5] == ("--user", "deploy")
    assert bench.playbook_call.env["SSH_AUTH_SOCK"] == str(bench.io.workspace / "agent-7.sock")
    assert "--private-key" not in bench.playbook_call.argv


async def test_a_key_of_type_none_adds_nothing(bench: Any) -> None:
    bench.inventory(user_key=bench.key(7), become_key=bench.key(8))
    assert (await bench.run()).kind == "success"
    assert bench.playbook_call.argv[3] == "--extra-vars"


async def test_a_connection_password_logs_in_to_a_real_server(bench: Any) -> None:
    bench.inventory(user_key=bench.key(7, login="deploy", password="pass word"))
    asked: list[tuple[str, str]] = []

    connections: list[asyncssh.SSHServerConnection] = []

    class Server(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            asked.append((username, password))
            return password == "pass word"

    async def shell(process: asyncssh.SSHServerProcess) -> None:
        process.stdout.write(f"ran {process.command}\n")
        process.exit(0)

    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Server, process_factory=shell,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
    )  # fmt: skip
    async with server:
        bench.task.inventory.path.write_text(f"h1 ansible_host=127.0.0.1 ansible_port={server.get_port()}\n")
        bench.file("site.yml", "- hosts: h1\n  gather_facts: false\n  tasks: [{raw: hello}]\n")
        outcome = await bench.run()
        # ssh keeps a connection for the next task; without it, its process ends.
        for connection in connections:
            connection.abort()
            await connection.wait_closed()
    assert outcome.kind == "success", bench.io.output
    assert ("deploy", "pass word") in asked
    argv = bench.playbook_call.argv
    assert argv[argv.index("--connection-password-file") + 1] == str(bench.io.workspace / "key-7-password")
    assert not [word for word in argv if "pass word" in word]


async def test_a_become_password_reaches_the_privilege_program(bench: Any) -> None:
    seen = bench.root.parent / "seen"
    sudo = bench.file("fakesudo", FAKE_SUDO.replace("{seen!r}", repr(str(seen))), 0o755)
    bench.inventory(become_key=bench.key(8, login="root", password="let me in"))
    bench.set(variables={"ansible_become_exe": str(sudo)})
    bench.io.base["ANSIBLE_BECOME_ALLOW_SAME_USER"] = "True"  # the tests may run as root
    bench.file("site.yml", "- hosts: h1\n  gather_facts: false\n  tasks: [{command: 'true'}]\n")
    assert (await bench.run({"become": True})).kind == "success", bench.io.output
    assert seen.read_text() == "let me in\nroot"
    argv = bench.playbook_call.argv
    assert argv[3:8] == (
        *("--become", "--become-user", "root", "--become-password-file"),
        str(bench.io.workspace / "key-8-password"),
    )
    assert not [word for word in argv if "let me in" in word]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"become_key": {"private_key": "PEM"}}, "The become key of the inventory “hosts” must be a login"),
        ({"become_key": {"secret": "x"}}, "The become key of the inventory “hosts” must be a login"),
        ({"user_key": {"secret": "x"}}, "The user key of the inventory “hosts” must be an SSH key or a login"),
        ({"user_key": {"login": "-oProxyCommand=x"}}, "cannot be used with --user"),
    ],
)
async def test_keys_that_do_not_fit_are_named(bench: Any, changes: dict[str, Any], sentence: str) -> None:
    bench.inventory(**{role: bench.key(9, **files) for role, files in changes.items()})
    assert sentence in (await bench.run()).reason
    assert not bench.calls


def _encrypted(name: str, value: str, vault: str, password: Path) -> str:
    vaulted = Path(sys.executable).with_name("ansible-vault")
    argv = [
        vaulted,
        "encrypt_string",
        "--vault-id",
        f"{vault}@{password}",
        "--encrypt-vault-id",
        vault,
        "--name",
        name,
        value,
    ]
    return subprocess.run(
        argv, check=True, capture_output=True, text=True, env={"LANG": "C.UTF-8", "PATH": "/bin"}
    ).stdout


async def test_variables_of_three_vaults_are_opened(bench: Any, tmp_path: Path) -> None:
    passwords = {"default": "pw one", "dev": "pw-two", "prod": "pw-three"}
    texts = []
    for vault, password in passwords.items():
        (tmp_path / vault).write_text(password)
        texts.append(await asyncio.to_thread(_encrypted, f"v_{vault}", f"opened {vault}", vault, tmp_path / vault))
    bench.file("group_vars/all.yml", "\n".join(texts))
    bench.file("bin/prod.sh", "#!/bin/sh\necho pw-three\n", 0o755)
    bench.file(
        "site.yml",
        "- hosts: h1\n  gather_facts: false\n  tasks: [{debug: {msg: '{{ v_default }}, {{ v_dev }}, {{ v_prod }}'}}]\n",
    )
    first, second = bench.key(1, password="pw one"), bench.key(2, secret="pw-two")
    bench.set(
        vaults=(
            VaultView("", "password", key=first),
            VaultView("dev", "password", key=second),
            VaultView("prod", "script", script="bin/prod.sh"),
        )
    )
    assert (await bench.run()).kind == "success", bench.io.output
    assert "opened default, opened dev, opened prod" in bench.io.output
    workspace = bench.io.workspace
    assert [word for word in bench.playbook_call.argv if word.startswith("--vault-id")] == [
        f"--vault-id=default@{workspace}/key-1-password",
        f"--vault-id=dev@{workspace}/key-2-secret",
        f"--vault-id=prod@{bench.root}/bin/prod.sh",
    ]


@pytest.mark.parametrize(
    ("vaults", "sentence"),
    [
        (
            [VaultView("a", "password", key=Key(1)), VaultView("a", "password", key=Key(1))],
            "Two vaults of this template",
        ),
        ([VaultView("", "password", key=Key(1)), VaultView("default", "password", key=Key(1))], "the id “default”"),
        ([VaultView("a@b", "password", key=Key(1))], "must not hold “@”"),
        ([VaultView("a", "password")], "The vault “a” has no key"),
        ([VaultView("a", "password", key=Key(2))], "must be a login with a password, or a secret text"),
        ([VaultView("a", "script", script="../evil.sh")], "is not a file of the repository"),
        ([VaultView("a", "script", script="/bin/sh")], "is not a file of the repository"),
        ([VaultView("a", "script")], "is not a file of the repository"),
        ([VaultView("a", "script", script="site.yml")], "is not executable"),
    ],
)
async def test_vaults_that_cannot_work_are_named(bench: Any, vaults: list[VaultView], sentence: str) -> None:
    """W-55 for scripts."""
    bench.key(1, password="x")
    bench.key(2, private_key="x")
    (bench.root.parent / "evil.sh").write_text("#!/bin/sh\n")
    bench.set(vaults=tuple(vaults))
    assert sentence in (await bench.run()).reason
    assert not bench.calls
