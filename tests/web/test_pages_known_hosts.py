"""The pages of known hosts, and what a key's page tells of its certificate."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import KnownHost, Project
from hub.services import host_key_lessons, keys
from hub.services.host_keys import read_lines
from hub.testing.booted import administrator
from hub.testing.git_server import make_ssh_key, sign_ssh_key
from hub.testing.reader import Marks, Reader
from hub.testing.tools import need_tool
from hub.web.app import make_app

from .backup_project import ANOTHER_HOST_KEY as NEW
from .backup_project import HOST_KEY as OLD


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def root(hub: Hub) -> str:
    project = await Project.create(name="P", created=hub.clock())
    return f"/project/{project.id}"


async def test_a_changed_key_is_shown_with_the_old_one_and_replaces_it_by_a_button(hub, reader: Reader, root):
    pid = int(root.rpartition("/")[2])
    for key in (OLD, NEW):
        await host_key_lessons.learn(hub, pid, read_lines(f"web {key}"), "first_use")
    page = await reader.get(f"{root}/known_hosts")
    assert page.status == 200
    assert "A server shows another key than the one that is trusted." in page.text
    for one in await KnownHost.filter(project_id=pid):
        assert one.fingerprint.replace("+", "&#43;") in page.text or one.fingerprint in page.text
    for words in ("Changed", "Trusted", "on first use", "Replace the old key"):
        assert words in page.text
    new = await KnownHost.get(project_id=pid, trusted=False)
    assert (await reader.send(f"{root}/known_hosts/{new.id}/approve", {"replace": "yes"})).status == 303
    page = await reader.get(f"{root}/known_hosts")
    assert "The key is trusted." in page.text
    assert "by admin" in page.text
    assert await KnownHost.filter(project_id=pid).count() == 1


async def test_keys_are_pasted_revoked_and_deleted_and_a_wrong_line_is_told(reader: Reader, root):
    page = await reader.send(f"{root}/known_hosts/add", {"lines": "web nonsense"})
    assert page.status == 400
    assert ">web nonsense</textarea>" in page.text, "what was pasted is still there"
    assert "Line 1 is not a line of a known_hosts file" in page.text
    assert "No host is known yet" in page.text
    await reader.send(f"{root}/known_hosts/add", {"lines": f"@cert-authority *.example.org {OLD}\nweb {OLD}"})
    row = await KnownHost.get(host="web")
    await reader.send(f"{root}/known_hosts/{row.id}/revoke")
    page = await reader.get(f"{root}/known_hosts")
    assert "Revoked" in page.text
    assert "authority" in page.text
    await reader.send(f"{root}/known_hosts/{row.id}/delete")
    assert not await KnownHost.filter(id=row.id).exists()
    await reader.send(f"{root}/known_hosts/policy", {"policy": "ask"})
    assert await host_key_lessons.policy_of(row.project_id) == "ask"
    assert 'id="port-error"' in (await reader.send(f"{root}/known_hosts/scan", {"host": "x", "port": "far"})).text


async def test_a_long_list_is_turned_in_pages_below_those_that_are_not_trusted(hub, reader: Reader, root):
    pid = int(root.rpartition("/")[2])
    await KnownHost.bulk_create(
        KnownHost(project_id=pid, host=f"{kind}{n:03d}", key_type="ssh-ed25519", key="AAAA", created=hub.clock(),
                  fingerprint=f"SHA256:{kind}{n}", trusted=kind == "old")
        for kind, count in (("old", 120), ("new", 60)) for n in range(count)
    )  # fmt: skip

    async def hosts(address: str) -> tuple[list[str], list[str]]:
        text = (await reader.get(address)).text
        links = [one["href"] for one in Marks(text).all("a") if "after=" in one.get("href", "")]
        return re.findall(r'class="cell-main text-break">([^<]+)<', text), links

    seen, address = list[str](), f"{root}/known_hosts"
    for count in (100, 50, 20):
        found, following = await hosts(address)
        assert len(found) == count
        seen += found
        address = following[0] if following else ""
    assert not address
    assert seen == [f"new{n:03d}" for n in range(50)] + [f"old{n:03d}" for n in range(120)]
    assert await hosts(f"{root}/known_hosts?q=old119") == (["old119"], [])
    first, (rest,) = await hosts(f"{root}/known_hosts?trusted=no")
    assert (await hosts(rest))[0] == [f"new{n:03d}" for n in range(50, 60)]
    assert first == seen[:50]


async def test_the_page_of_a_key_warns_of_a_certificate_that_has_ended(hub, reader: Reader, root, tmp_path: Path):
    need_tool("ssh-keygen")
    key, authority = make_ssh_key(tmp_path / "key"), make_ssh_key(tmp_path / "authority")
    stale = sign_ssh_key(key, authority, "deploy", valid="20200101000000Z:20200102000000Z").read_text()
    secret = {"private_key": key.read_text(), "certificate": stale}
    draft = keys.KeyDraft.read({"name": "K", "type": "ssh", "ssh": secret})
    made = await keys.create_key(hub, await administrator(), int(root.rpartition("/")[2]), draft)
    page = await reader.get(f"{root}/keys/{made['id']}")
    assert "The certificate of this SSH key ended on 2020-01-02 00:00 UTC." in page.text
    assert "ssh-ed25519 AAAA" in page.text
    assert "PRIVATE KEY" not in page.text
