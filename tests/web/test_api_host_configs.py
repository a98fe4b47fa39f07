"""Host configurations over the API: what maps to what, and that a mapped key stays what it is."""

from __future__ import annotations

import asyncio

import asyncssh
import pytest

from hub.models import HostConfig
from hub.services import host_configs
from hub.services.host_configs import HostConfigDraft
from hub.testing.booted import administrator
from hub.testing.carriers import SETUPS

PRIVATE = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


@pytest.fixture
async def ssh(admin, pid):
    body = {"name": "S", "type": "ssh", "ssh": {"private_key": PRIVATE}}
    return (await admin.made(f"/project/{pid}/keys", body))["id"]


@pytest.fixture
async def login(admin, pid):
    body = {"name": "L", "type": "login_password", "login_password": {"login": "a", "password": "b"}}
    return (await admin.made(f"/project/{pid}/keys", body))["id"]


async def test_a_mapping_is_made_changed_and_deleted(admin, manager, guest, pid, ssh, login):
    all_ = f"/project/{pid}/host_configs"
    made = await manager.made(
        all_, {"type": "host", "host": "  git.example.org ", "ssh_key_id": ssh, "project_id": pid}
    )
    assert made == {"id": made["id"], "project_id": pid, "type": "host", "host": "git.example.org", "ssh_key_id": ssh}
    at = f"{all_}/{made['id']}"
    assert await guest.read(at) == made | {"ssh_key_id": None}
    assert await manager.read(at) == made
    changed = made | {"type": "url", "host": "https://example.org/team/", "ssh_key_id": login}
    assert (await manager.put(at, changed)).status == 204
    assert await manager.read(all_) == [changed]
    assert (await manager.put(at, changed | {"id": made["id"] + 1})).status == 400
    assert (await manager.delete(at)).status == 204
    assert (await manager.get(at)).status == 404


@pytest.mark.parametrize(
    ("type_", "host", "key", "text"),
    [
        ("", "a", "ssh", "unsupported mapping type"),
        ("host", " ", "ssh", "host or URL can not be empty"),
        ("host", "a b", "ssh", "host must be a host name"),
        ("host", "-oProxyCommand=x", "ssh", "host must be a host name"),
        ("host", "https://a.org", "ssh", "host must be a host name"),
        ("host", "a.org:22", "ssh", "host must be a host name"),
        ("host", "a.org\nHost *", "ssh", "host must be a host name"),
        ("url", "ssh://a.org/", "ssh", "URL must start with http:// or https://"),
        ("url", "https://", "ssh", "URL must be a git URL"),
        ("url", "https://a.org/x?y", "ssh", "URL must be a git URL"),
        ("url", "https://a.org:x/", "ssh", "URL must be a git URL"),
        ("url", "https://[::1", "ssh", "URL must be a git URL"),
        ("url", "https://u:p@a.org/", "ssh", "URL must not contain credentials"),
        ("url", "https://a.org/ x", "ssh", "URL contains invalid characters"),
        ("url", 'https://a.org/"x', "ssh", "URL contains invalid characters"),
        ("url", "https://a.org/\n[core]", "ssh", "URL contains invalid characters"),
        ("host", "a.org", "login", "a host mapping needs an SSH key"),
        ("host", "a.org", None, "a host mapping needs an SSH key"),
        ("url", "https://a.org/", "none", "a URL mapping needs an SSH key or a login/password credential"),
        ("url", "http://a.org/", "login", "a login/password credential can only be used with an https URL"),
    ],
)  # fmt: skip
async def test_what_maps_nothing_is_refused_in_the_words_of_the_wire(
    admin, pid, none_key, ssh, login, type_, host, key, text
):
    key_id = {"ssh": ssh, "login": login, "none": none_key, None: 0}[key]
    reply = await admin.post(f"/project/{pid}/host_configs", {"type": type_, "host": host, "ssh_key_id": key_id})
    assert (reply.status, reply.error) == (400, text)
    assert await HostConfig.all().count() == 0


@pytest.mark.parametrize("setup", SETUPS)
async def test_each_host_is_mapped_once_even_when_two_come_at_the_same_moment(hub, admin, pid, ssh):
    actor = await administrator()
    drafts = [HostConfigDraft(type="host", host=name, ssh_key_id=ssh) for name in ("a.org", "A.org", "a.ORG")]
    made = await asyncio.gather(
        *(host_configs.create_host_config(hub, actor, pid, one) for one in drafts), return_exceptions=True
    )
    assert sum(isinstance(one, dict) for one in made) == 1
    reply = await admin.post(f"/project/{pid}/host_configs", {"type": "host", "host": "a.org", "ssh_key_id": ssh})
    assert (reply.status, reply.error) == (400, "a mapping for a.org already exists")


async def test_a_mapped_key_is_neither_deleted_nor_made_another_type(admin, pid, ssh):
    made = await admin.made(f"/project/{pid}/host_configs", {"type": "host", "host": "a.org", "ssh_key_id": ssh})
    at = f"/project/{pid}/keys/{ssh}"
    reply = await admin.delete(at)
    assert (reply.status, reply.error) == (400, "the credential is used by the mapping for a.org")
    assert reply.json["inUse"] is True
    reply = await admin.put(at, {"name": "S", "type": "none", "override_secret": True})
    assert (reply.status, reply.error) == (400, "the credential is used by the mapping for a.org")
    assert (await admin.put(at, {"name": "T", "type": "none"})).status == 204  # a new name alone is fine
    again = {"name": "T", "type": "ssh", "override_secret": True, "ssh": {"private_key": PRIVATE}}
    assert (await admin.put(at, again)).status == 204
    assert (await admin.read(at + "/refs"))["host_configs"] == [{"id": made["id"], "name": "a.org"}]
    assert (await admin.delete(f"/project/{pid}/host_configs/{made['id']}")).status == 204
    assert "host_configs" not in await admin.read(at + "/refs")
    assert (await admin.delete(at)).status == 204


async def test_projects_do_not_share_mappings_or_keys(admin, runner, guest, stranger, pid, other, ssh):
    body = {"type": "host", "host": "a.org", "ssh_key_id": ssh}
    assert (await admin.post(f"/project/{other}/host_configs", body)).status == 404
    assert (await admin.post(f"/project/{pid}/host_configs", body | {"project_id": other})).status == 400
    made = await admin.made(f"/project/{pid}/host_configs", body)
    for method in ("GET", "PUT", "DELETE"):
        assert (await admin.call(method, f"/project/{other}/host_configs/{made['id']}", body)).status == 404
    for reader in (runner, guest):
        assert (await reader.get(f"/project/{pid}/host_configs")).status == 200
        assert (await reader.post(f"/project/{pid}/host_configs", body)).status == 403
        assert (await reader.delete(f"/project/{pid}/host_configs/{made['id']}")).status == 403
    assert (await stranger.get(f"/project/{pid}/host_configs")).status == 404
    assert (await admin.delete(f"/project/{pid}")).status == 204
    assert await HostConfig.all().count() == 0
