"""The key store over the API: sealed, typed, and never shown."""

from __future__ import annotations

import asyncssh
import pytest

from hub.models import Key
from hub.services.keys import read_secret

BLANK = {
    "string": "",
    "login_password": {"login": "", "password": ""},
    "ssh": {"login": "", "passphrase": "", "private_key": ""},
}
PRIVATE = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


async def test_secrets_are_sealed_and_never_shown(hub, admin, pid):
    body = {"name": "Login", "type": "login_password", "project_id": pid,
            "login_password": {"login": "root", "password": "canary-7"}}  # fmt: skip
    reply = await admin.post(f"/project/{pid}/keys", body)
    assert reply.status == 201
    made = reply.json
    assert made == {"id": made["id"], "name": "Login", "type": "login_password", "project_id": pid, **BLANK}
    key = await Key.get(id=made["id"])
    assert "canary-7" not in str(key.secret)
    assert await read_secret(hub, key) == {"login": "root", "password": "canary-7"}
    for path in ("keys", f"keys/{key.id}", "events", f"keys/{key.id}/refs"):
        assert b"canary-7" not in (await admin.get(f"/project/{pid}/{path}")).data


@pytest.mark.parametrize(
    ("type_", "secret", "stored"),
    [
        ("none", {}, {}),
        ("string", {"string": "s"}, {"string": "s"}),
        ("ssh", {"ssh": {"login": "git", "private_key": PRIVATE}}, {"login": "git", "private_key": PRIVATE}),
        ("login_password", {"login_password": {"PASSWORD": "p"}}, {"password": "p"}),
        ("string", {"string": ""}, {}),
    ],
)
async def test_each_type_keeps_its_own_members(hub, admin, pid, type_, secret, stored):
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": type_, "project_id": pid, **secret})
    assert await read_secret(hub, await Key.get(id=made["id"])) == stored
    listed = {one["id"]: one for one in await admin.read(f"/project/{pid}/keys")}[made["id"]]
    assert listed.get("empty", False) is (not stored and type_ != "none")
    assert "empty" not in await admin.read(f"/project/{pid}/keys/{made['id']}")


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "type": "none"},
        {"name": "K", "type": ""},
        {"name": "K", "type": "magic"},
        {"name": "K", "type": "login_password", "login_password": {"login": "root"}},
        {"name": "K", "type": "login_password", "login_password": {"login": "-o", "password": "canary"}},
        {"name": "K", "type": "ssh", "ssh": {"login": "git", "passphrase": "canary"}},
        {"name": "K", "type": "ssh", "ssh": {"private_key": "canary"}},
        {"name": "K", "type": "ssh", "ssh": "canary"},
        {"name": "K", "type": "string", "string": {"string": 7}},
        {"name": "K", "type": "string", "source_storage_type": "vault", "source_storage_key": "a"},
        {"name": "K", "type": "string", "source_storage_type": "file", "source_storage_key": "/etc/passwd"},
        {"name": "K", "type": "string", "source_storage_type": "env", "source_storage_id": 7},
        {"name": "K", "type": "string", "owner": "variable"},
        {"name": "K" * 256, "type": "none"},
        {"name": 7, "type": "none"},
        {"name": "K", "type": "none", "project_id": 99},
    ],
)
async def test_what_cannot_work_is_refused_without_repeating_it(admin, pid, body):
    reply = await admin.post(f"/project/{pid}/keys", body)
    assert reply.status == 400
    assert reply.error.endswith((".", "same"))
    assert b"canary" not in reply.data
    assert await Key.filter(project_id=pid).count() == 1


async def test_a_key_of_the_environment_is_read_when_it_is_used(hub, admin, pid, monkeypatch):
    body = {"name": "E", "type": "string", "source_storage_type": "env", "source_storage_key": "HUB_SECRET_A"}
    made = await admin.made(f"/project/{pid}/keys", body)
    assert (made["source_storage_type"], made["source_storage_key"]) == ("env", "HUB_SECRET_A")
    monkeypatch.setenv("HUB_SECRET_A", "value")
    key = await Key.get(id=made["id"])
    assert key.secret is None
    assert await read_secret(hub, key) == {"string": "value"}
    listed = await admin.read(f"/project/{pid}/keys")
    assert not any(one.get("empty") for one in listed)


async def test_a_file_source_works_where_an_administrator_set_its_folder(plugins, tmp_path):
    from hub.services import keys
    from hub.services.projects import ProjectDraft, create_project
    from hub.testing.booted import administrator

    (tmp_path / "token").write_text("from a file\n")
    async with booted_with(plugins, tmp_path) as hub:
        actor = await administrator()
        project = await create_project(hub, actor, ProjectDraft(name="P"))
        draft = keys.KeyDraft(name="F", type="string", source_storage_type="file",
                              source_storage_key=str(tmp_path / "token"))  # fmt: skip
        made = await keys.create_key(hub, actor, project["id"], draft)
        assert await read_secret(hub, await Key.get(id=made["id"])) == {"string": "from a file"}


def booted_with(registry, folder):
    """A hub whose `hub.toml` names the folder of secret files."""
    from contextlib import asynccontextmanager
    from dataclasses import replace

    from hub.testing.booted import booted

    @asynccontextmanager
    async def opened():
        async with booted(plugins=registry) as hub:
            tables = {"secrets": {"file": {"folder": str(folder)}}}
            yield replace(hub, settings=hub.settings.model_copy(update={"plugins": tables}))

    return opened()


async def test_a_draft_does_not_show_its_secret():
    from hub.services.keys import KeyDraft

    draft = KeyDraft.read({"name": "K", "type": "string", "string": "canary", "ssh": {"private_key": "canary"}})
    assert "canary" not in f"{draft!r} {draft}"


async def test_without_override_only_the_name_changes(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": "string", "string": "old"})
    at = f"/project/{pid}/keys/{made['id']}"
    body = {"id": made["id"], "project_id": pid, "name": "New", "type": "ssh", "string": "ignored"}
    assert (await admin.put(at, body)).status == 204
    key = await Key.get(id=made["id"])
    assert (key.name, key.type) == ("New", "string")
    assert await read_secret(hub, key) == {"string": "old"}


async def test_with_override_type_and_secret_change_too(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": "string", "string": "old"})
    body = {"name": "K", "type": "login_password", "override_secret": True, "login_password": {"password": "new"}}
    assert (await admin.put(f"/project/{pid}/keys/{made['id']}", body)).status == 204
    key = await Key.get(id=made["id"])
    assert (key.type, await read_secret(hub, key)) == ("login_password", {"password": "new"})


async def test_ids_of_the_body_never_choose_another_key_s15(admin, pid, other):
    mine = await admin.made(f"/project/{pid}/keys", {"name": "Mine", "type": "none"})
    theirs = await admin.made(f"/project/{other}/keys", {"name": "Theirs", "type": "none"})
    at = f"/project/{pid}/keys/{mine['id']}"
    assert (await admin.put(at, {"id": theirs["id"], "name": "x", "type": "none"})).status == 400
    assert (await admin.put(at, {"project_id": other, "name": "x", "type": "none"})).status == 400
    for method in ("GET", "PUT", "DELETE"):
        body = {"name": "x", "type": "none"}
        assert (await admin.call(method, f"/project/{pid}/keys/{theirs['id']}", body)).status == 404
    assert (await admin.get(f"/project/{pid}/keys/{theirs['id']}/refs")).status == 404


async def test_a_key_in_use_is_not_deleted_and_says_by_what(admin, pid, none_key):
    repository = {"name": "Code", "git_url": "https://example.org/a.git", "git_branch": "main", "ssh_key_id": none_key}
    made = await admin.made(f"/project/{pid}/repositories", repository)
    reply = await admin.delete(f"/project/{pid}/keys/{none_key}")
    assert reply.status == 400
    assert reply.json["inUse"] is True
    assert reply.error.startswith("Access Key is in use by one or more templates")
    assert "Code" in reply.error
    refs = await admin.read(f"/project/{pid}/keys/{none_key}/refs")
    assert refs == {
        "templates": [], "inventories": [], "repositories": [{"id": made["id"], "name": "Code"}], "integrations": [],
        "schedules": [], "access_keys": [],
    }  # fmt: skip
    assert (await admin.delete(f"/project/{pid}/repositories/{made['id']}")).status == 204
    assert (await admin.delete(f"/project/{pid}/keys/{none_key}")).status == 204


async def test_secrets_of_a_variable_group_are_not_changed_in_the_key_store(admin, pid):
    secrets = [{"operation": "create", "type": "var", "name": "a", "secret": "b"}]
    await admin.made(f"/project/{pid}/environment", {"name": "G", "secrets": secrets})
    key = await Key.get(owner="variable")
    assert (await admin.delete(f"/project/{pid}/keys/{key.id}")).status == 400
    assert (await admin.put(f"/project/{pid}/keys/{key.id}", {"name": "x"})).status == 400
    assert key.id not in [one["id"] for one in await admin.read(f"/project/{pid}/keys")]


async def test_lists_are_sorted_as_asked(admin, pid):
    for name, type_ in (("b", "string"), ("a", "none"), ("c", "none")):
        await admin.made(f"/project/{pid}/keys", {"name": name, "type": type_})
    names = [one["name"] for one in await admin.read(f"/project/{pid}/keys?order=desc")]
    assert names == ["c", "b", "a", "None"]
    assert (await admin.read(f"/project/{pid}/keys?sort=type&order=desc"))[0]["type"] == "string"
    reply = await admin.get(f"/project/{pid}/keys?sort=secret")
    assert (reply.status, reply.error) == (400, "invalid sort column")


async def test_only_those_who_manage_resources_write(guest, runner, manager, stranger, pid):
    body = {"name": "K", "type": "none"}
    for client in (guest, runner):
        assert (await client.post(f"/project/{pid}/keys", body)).status == 403
        assert (await client.get(f"/project/{pid}/keys")).status == 200
    assert (await stranger.get(f"/project/{pid}/keys")).status == 404
    assert (await stranger.post(f"/project/{pid}/keys", body)).status == 404
    made = await manager.made(f"/project/{pid}/keys", body)
    assert (await runner.delete(f"/project/{pid}/keys/{made['id']}")).status == 403
    assert (await manager.delete(f"/project/{pid}/keys/{made['id']}")).status == 204


async def test_events_tell_who_changed_a_key(admin, pid):
    made = await admin.made(f"/project/{pid}/keys", {"name": "K", "type": "none"})
    await admin.put(f"/project/{pid}/keys/{made['id']}", {"name": "L"})
    await admin.delete(f"/project/{pid}/keys/{made['id']}")
    found = [(one["object_type"], one["description"]) for one in await admin.read(f"/project/{pid}/events")]
    assert found[:3] == [
        ("key", "Access Key L deleted"), ("key", "Access Key L updated"), ("key", "Access Key K created"),
    ]  # fmt: skip
