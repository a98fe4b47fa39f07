"""How Ansible reaches hosts: whose keys count, whose word counts, and the way through other hosts."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hub_ansible.connection import connection_env
from hub_ansible.jump import Jump, jumps_of
from hub_ansible.params import AnsibleParams
from hub_ansible.surroundings import Surroundings
from hub_ansible.unfit import Unfit
from pydantic import ValidationError

from hub.plugin import InventoryView, Key
from hub.testing import RecordingIO

INVENTORY = InventoryView(3, "hosts", "static", "", None)


async def env_of(
    folder: Path, params: dict[str, Any] | None = None, around: dict[str, str] | None = None, **io: Any
) -> tuple[dict[str, str], RecordingIO]:
    door = RecordingIO(folder, **io)
    made = AnsibleParams(**(params or {}))
    return await connection_env(made, INVENTORY, door, Surroundings(around or {}), door.checkout), door


async def test_the_keys_that_the_project_trusts_are_asked_for(tmp_path: Path) -> None:
    """W-56."""
    env, io = await env_of(tmp_path)
    assert (env["ANSIBLE_HOST_KEY_CHECKING"], env["ANSIBLE_HOST_KEY_AUTO_ADD"]) == ("True", "True")
    for name in ("ANSIBLE_SSH_EXTRA_ARGS", "ANSIBLE_SFTP_EXTRA_ARGS", "ANSIBLE_SCP_EXTRA_ARGS"):
        assert f'UserKnownHostsFile="{io.workspace}/known_hosts"' in shlex.split(env[name])
    env, _ = await env_of(tmp_path / "ask", host_keys="ask")
    assert "ANSIBLE_HOST_KEY_AUTO_ADD" not in env
    env, _ = await env_of(tmp_path / "off", host_keys="off")
    assert env == {"ANSIBLE_HOST_KEY_CHECKING": "False"}


@pytest.mark.parametrize("name", ["ANSIBLE_HOST_KEY_CHECKING", "ANSIBLE_SSH_HOST_KEY_CHECKING"])
async def test_whoever_switches_checking_off_is_obeyed_and_told(tmp_path: Path, name: str) -> None:
    env, io = await env_of(tmp_path, around={name: "no"})
    assert not {one for one in env if one.endswith(("_ARGS", "CHECKING"))}
    assert io.lines == [f"Host keys are not checked in this run, because {name} switches that off."]
    env, io = await env_of(tmp_path / "on", around={name: "1"})
    assert "ANSIBLE_SSH_EXTRA_ARGS" in env
    assert not io.lines


@pytest.mark.parametrize("section", ["defaults", "ssh_connection"])
async def test_the_word_of_the_repository_counts_as_well(tmp_path: Path, section: str) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/ansible.cfg").write_text(f"[{section}]\nhost_key_checking = False\n")
    env, io = await env_of(tmp_path)
    assert "ANSIBLE_HOST_KEY_CHECKING" not in env
    assert "host_key_checking in ansible.cfg" in io.lines[0]


async def test_arguments_that_people_set_stand_before_ours(tmp_path: Path) -> None:
    """Of two options that say the same, ssh takes the first."""
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout/ansible.cfg").write_text("[ssh_connection]\nsftp_extra_args = -l 100\n")
    env, _ = await env_of(tmp_path, around={"ANSIBLE_SSH_EXTRA_ARGS": "-o StrictHostKeyChecking=no"})
    assert shlex.split(env["ANSIBLE_SSH_EXTRA_ARGS"])[:3] == ["-o", "StrictHostKeyChecking=no", "-o"]
    assert shlex.split(env["ANSIBLE_SFTP_EXTRA_ARGS"])[:3] == ["-l", "100", "-o"]


async def test_the_way_leads_through_each_jump_host_with_the_key_for_them(tmp_path: Path) -> None:
    params = {"jump_host": "ops@first:2222, [fd00::1], third", "jump_key": 7}
    env, io = await env_of(tmp_path, params, keys={7: {"login": "jumper", "private_key": "PEM"}})
    words = shlex.split(env["ANSIBLE_SSH_EXTRA_ARGS"])
    config = io.workspace / "jump_config"
    assert words[-1] == f"ProxyCommand=ssh -F {config} -W '[%h]:%p' hub-jump-3"
    assert config.stat().st_mode & 0o777 == 0o600
    text = config.read_text()
    assert "Host hub-jump-1\n  HostName first\n  User ops\n  Port 2222\nHost hub-jump-2\n" in text
    assert f"HostName fd00::1\n  User jumper\n  ProxyCommand ssh -F {config} -W '[%h]:%p' hub-jump-1\n" in text
    assert f'  IdentityAgent "{io.workspace}/agent-7.sock"\n  IdentityFile none\n' in text
    assert f'  UserKnownHostsFile "{io.workspace}/known_hosts"\n' in text
    assert "PEM" not in text + env["ANSIBLE_SSH_EXTRA_ARGS"]


async def test_a_jump_host_is_checked_no_more_than_the_hosts_behind_it(tmp_path: Path) -> None:
    env, io = await env_of(tmp_path, {"jump_host": "first"}, {"ANSIBLE_HOST_KEY_CHECKING": "False"})
    assert shlex.split(env["ANSIBLE_SSH_EXTRA_ARGS"])[0] == "-o"
    assert "  StrictHostKeyChecking no\n" in (io.workspace / "jump_config").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "-oProxyCommand=x",
        "a b",
        "a\nHost *",
        "a;b",
        "a@-b",
        "a:0",
        "a:99999",
        "a,,b",
        "$(x)",
        "a'b",
        "%h",
        "a,b,c,d,e,f",
    ],
)
def test_what_is_no_jump_host_is_refused_when_it_is_saved(text: str) -> None:
    with pytest.raises(ValidationError):
        AnsibleParams(jump_host=text)


def test_jump_hosts_are_read_as_people_write_them() -> None:
    assert jumps_of("a, ops@b.example.org:22,[::1]:2222") == [
        Jump("a"),
        Jump("b.example.org", "ops", 22),
        Jump("::1", "", 2222),
    ]
    assert jumps_of(" ") == []


async def test_how_privileges_are_raised_is_told_by_the_environment(tmp_path: Path) -> None:
    """W-82."""
    env, _ = await env_of(tmp_path, {"become_flags": "-H -S -n", "become_exe": "/usr/local/bin/sudo"}, host_keys="off")
    assert (env["ANSIBLE_BECOME_FLAGS"], env["ANSIBLE_BECOME_EXE"]) == ("-H -S -n", "/usr/local/bin/sudo")


@pytest.mark.parametrize("params", [{"become_user": "-x"}, {"become_exe": "-x"}, {"become_flags": "a\nb"}])
def test_what_would_be_an_option_of_its_own_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        AnsibleParams(**params)


async def test_a_key_that_is_no_ssh_key_opens_no_jump_host(tmp_path: Path) -> None:
    with pytest.raises(Unfit, match="must be an SSH key"):
        await env_of(tmp_path, {"jump_host": "a", "jump_key": Key(7)}, keys={7: {"password": "x"}})
