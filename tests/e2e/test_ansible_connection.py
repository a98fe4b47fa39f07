"""The whole way of Ansible to a host: two real ssh servers, one behind the other, a certificate, and known hosts."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.models import Inventory, Key
from hub.services import known_hosts
from hub.services.keys import write_secret
from hub.testing.git_server import SshServer, make_ssh_key, sign_ssh_key, sshd_program
from hub.testing.scene import commit_files
from hub.testing.tools import missing, need_tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PASSPHRASE = "opens-the-key-71d"

PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - raw: echo "reached {{ inventory_hostname }}"
      register: said
    - debug: {msg: "{{ said.stdout_lines }}"}
    - command: find "{{ lookup('env', 'HOME') }}/.." -type f -exec grep -l "PRIVATE[ ]KEY" {} +
      delegate_to: localhost
      connection: local
      vars: {ansible_python_interpreter: "%(python)s"}
      register: found
      failed_when: found.rc > 1 or found.stdout != ""
    - command: find "{{ lookup('env', 'HOME') }}/.." -type s -name "agent-*" -not -perm 600
      delegate_to: localhost
      connection: local
      vars: {ansible_python_interpreter: "%(python)s"}
      register: loose
      failed_when: loose.rc != 0 or loose.stdout != ""
"""


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[SshServer, SshServer]]:
    """The one in between knows a key, the other one only an authority."""
    need_tool("ansible-playbook")
    if sshd_program() is None:
        missing("No sshd is here. Install it with: apt-get install openssh-server")
    jump_key = make_ssh_key(tmp_path / "jump")
    authority = make_ssh_key(tmp_path / "authority")
    between, behind = SshServer(tmp_path / "between", keys=[jump_key]), SshServer(tmp_path / "behind", keys=[])
    behind.options["TrustedUserCAKeys"] = str(authority.with_suffix(".pub"))
    with between, behind:
        yield between, behind


async def test_hosts_are_reached_with_a_certificate_through_a_jump_host_and_both_are_known_from_then_on(
    stage, servers, tmp_path
):
    """W-56, W-82: no private key is on the disk while the playbook runs, and a changed host is refused by name."""
    between, behind = servers
    commit_files(stage.folder, {"site.yml": PLAYBOOK % {"python": sys.executable}}, "A playbook")
    inside = make_ssh_key(tmp_path / "inside", PASSPHRASE)
    certificate = sign_ssh_key(inside, tmp_path / "authority", getpass.getuser())
    user = await Key.create(name="Inside", type="ssh", project=stage.project)
    await write_secret(stage.hub, user.id, {
        "login": getpass.getuser(), "passphrase": PASSPHRASE, "private_key": inside.read_text(),
        "certificate": certificate.read_text(),
    })  # fmt: skip
    jump = await Key.create(name="Jump", type="ssh", project=stage.project)
    await write_secret(stage.hub, jump.id, {"private_key": (tmp_path / "jump").read_text()})
    inventory = await Inventory.create(
        project=stage.project, name="Far", type="static", ssh_key=user,
        inventory=f"far ansible_host=127.0.0.1 ansible_port={behind.port}\n",
    )  # fmt: skip
    through = {"jump_host": f"{getpass.getuser()}@127.0.0.1:{between.port}", "jump_key": jump.id}
    template = await stage.template("site.yml", app="ansible", inventory=inventory, task_params=through)

    task = await stage.run(template)
    text = await stage.text(task["id"])
    assert task["status"] == "success", text
    assert "reached far" in text
    rows = await known_hosts.list_known_hosts(stage.actor, stage.project.id)
    assert {row["host"]: row["status"] for row in rows} == {
        f"[127.0.0.1]:{server.port}": "trusted" for server in servers
    }

    behind.stop()
    behind.renew_host_key()
    behind.start()
    task = await stage.run(template)
    assert task["status"] == "error"
    changed = [row for row in await known_hosts.list_known_hosts(stage.actor, stage.project.id)
               if row["status"] == "changed"]  # fmt: skip
    assert [row["host"] for row in changed] == [f"[127.0.0.1]:{behind.port}"]
    assert changed[0]["fingerprint"] in json.dumps(await stage.text(task["id"]), ensure_ascii=False)
