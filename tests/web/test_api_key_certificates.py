"""Certificates in the key store: kept beside their key, renewed alone, and shown without the secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.models import Key
from hub.services.keys import read_secret
from hub.testing.git_server import make_ssh_key, sign_ssh_key
from hub.testing.tools import need_tool


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, Path]:
    """A key and its authority."""
    need_tool("ssh-keygen")
    return make_ssh_key(tmp_path / "key"), make_ssh_key(tmp_path / "authority")


async def test_a_certificate_is_renewed_alone_and_its_end_is_shown(hub, admin, runner, pid, signed):
    key, authority = signed
    old = sign_ssh_key(key, authority, "deploy", valid="20200101000000Z:20200102000000Z").read_text()
    secret = {"login": "deploy", "private_key": key.read_text(), "certificate": old}
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": "ssh", "ssh": secret})
    assert made["ssh"] == {"login": "", "passphrase": "", "private_key": ""}  # in the shape that clients know
    at = f"/project/{pid}/keys/{made['id']}"
    about = await admin.read(f"{at}/about")
    assert about["certificate"]["ends"] == "2020-01-02T00:00:00+00:00"
    assert "ended on 2020-01-02" in about["certificate"]["problem"]

    new = sign_ssh_key(key, authority, "deploy", valid="20200101000000Z:20991231000000Z").read_text()
    body = {"name": "K", "type": "ssh", "override_secret": True, "ssh": {"certificate": new}}
    assert (await admin.put(at, body)).status == 204
    stored = await read_secret(hub, await Key.get(id=made["id"]))
    assert (stored["login"], stored["certificate"]) == ("deploy", new.strip())
    about = await admin.read(f"{at}/about")
    assert (about["certificate"]["problem"], about["certificate"]["logins"]) == ("", ["deploy"])
    assert "PRIVATE" not in str(about)
    assert (await runner.get(f"{at}/about")).status == 403


async def test_a_certificate_of_another_key_is_refused_by_its_member(admin, pid, signed, tmp_path):
    key, authority = signed
    other = sign_ssh_key(make_ssh_key(tmp_path / "other"), authority, "deploy").read_text()
    secret = {"private_key": key.read_text(), "certificate": other}
    reply = await admin.post(f"/project/{pid}/keys", {"name": "K", "type": "ssh", "ssh": secret})
    assert reply.status == 400
    assert "belongs to another key" in reply.error


async def test_an_old_client_that_knows_no_certificate_enters_a_key_as_ever(hub, admin, pid, signed):
    secret = {"login": "", "passphrase": "", "private_key": signed[0].read_text()}
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": "ssh", "ssh": secret})
    assert list(await read_secret(hub, await Key.get(id=made["id"]))) == ["private_key"]
    assert "certificate" not in await admin.read(f"/project/{pid}/keys/{made['id']}/about")


async def test_there_is_nothing_to_tell_of_a_key_of_another_type(admin, pid, none_key):
    made = await admin.made(f"/project/{pid}/keys", {"name": "S", "type": "string", "string": "x"})
    for one in (made["id"], none_key):
        assert await admin.read(f"/project/{pid}/keys/{one}/about") == {}
