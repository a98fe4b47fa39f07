"""Secret storages over the API: records with a sealed token that no answer holds."""

from __future__ import annotations

import pytest

from hub.models import Event, Key, SecretStorage
from hub.services.keys import read_secret
from hub.testing.carriers import SETUPS

BODY = {"name": "Vault", "type": "vault", "params": {"url": "https://vault.example.org"}, "secret": "canary-9"}


async def test_a_storage_keeps_its_token_sealed_and_shows_it_nowhere(hub, admin, guest, pid):
    all_ = f"/project/{pid}/secret_storages"
    reply = await admin.post(all_, BODY | {"project_id": pid})
    assert reply.status == 201
    made = reply.json
    assert made == {"id": made["id"], "project_id": pid, "name": "Vault", "type": "vault", "readonly": False,
                    "params": {"url": "https://vault.example.org"}}  # fmt: skip
    assert await guest.read(all_) == [made | {"params": None}]
    assert await guest.read(f"{all_}/{made['id']}") == made | {"params": None}
    token = await Key.get(owner="vault")
    assert (token.storage_id, token.type) == (made["id"], "string")
    assert await read_secret(hub, token) == {"string": "canary-9"}
    assert "canary" not in str(token.secret)
    put = await admin.put(f"{all_}/{made['id']}", BODY | {"name": "New", "secret": "canary-10"})
    assert (put.status, put.json["name"]) == (200, "New")
    assert await read_secret(hub, await Key.get(owner="vault")) == {"string": "canary-10"}
    assert (await admin.put(f"{all_}/{made['id']}", {"name": "New", "type": "dvls"})).status == 200
    assert await read_secret(hub, await Key.get(owner="vault")) == {"string": "canary-10"}  # none sent, none changed
    for path in (all_, f"{all_}/{made['id']}", f"{all_}/{made['id']}/refs", f"/project/{pid}/keys",
                 f"/project/{pid}/events", f"/project/{pid}/keys/{token.id}"):  # fmt: skip
        assert b"canary" not in (await admin.get(path)).data, path
    assert b"canary" not in reply.data + put.data
    assert (await admin.delete(f"/project/{pid}/keys/{token.id}")).status == 400
    assert token.id not in [one["id"] for one in await admin.read(f"/project/{pid}/keys")]


async def test_a_token_may_be_the_name_of_a_variable(hub, admin, pid, monkeypatch):
    body = BODY | {"source_storage_type": "env", "secret": "HUB_SECRET_TOKEN"}
    made = await admin.made(f"/project/{pid}/secret_storages", body)
    assert (made["source_storage_type"], made["secret"]) == ("env", "HUB_SECRET_TOKEN")
    monkeypatch.setenv("HUB_SECRET_TOKEN", "value")
    token = await Key.get(owner="vault")
    assert token.secret is None
    assert await read_secret(hub, token) == {"string": "value"}


@pytest.mark.parametrize(
    "change",
    [{"secret": ""}, {"type": "magic"}, {"type": ""}, {"name": ""}, {"name": "x" * 101}, {"project_id": 4711},
     {"source_storage_type": "vault"}, {"params": []}, {"readonly": "x"}],
)  # fmt: skip
async def test_what_is_no_storage_is_refused_whole(admin, pid, change):
    reply = await admin.post(f"/project/{pid}/secret_storages", BODY | change)
    assert reply.status == 400
    assert b"canary" not in reply.data
    assert await SecretStorage.all().count() == await Key.filter(owner="vault").count() == 0


async def test_bodies_choose_neither_another_storage_nor_another_project(admin, runner, guest, stranger, pid, other):
    made = await admin.made(f"/project/{pid}/secret_storages", BODY)
    at = f"/project/{pid}/secret_storages/{made['id']}"
    reply = await admin.put(at, BODY | {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "Secret storage id in URL and in body must be the same")
    reply = await admin.put(at, BODY | {"project_id": other})
    assert (reply.status, reply.error) == (400, "You can not move secret storage to other project")
    for path in ("", "/refs"):
        assert (await admin.get(f"/project/{other}/secret_storages/{made['id']}{path}")).status == 404
    for method in ("PUT", "DELETE"):
        assert (await admin.call(method, f"/project/{other}/secret_storages/{made['id']}", BODY)).status == 404
    for reader in (runner, guest):
        assert (await reader.post(f"/project/{pid}/secret_storages", BODY)).status == 403
        assert (await reader.put(at, BODY)).status == 403
        assert (await reader.delete(at)).status == 403
    assert (await stranger.get(at)).status == 404


@pytest.mark.parametrize("setup", SETUPS)
async def test_a_storage_in_use_is_not_deleted_and_says_by_what(admin, pid, other):
    made = await admin.made(f"/project/{pid}/secret_storages", BODY)
    at = f"/project/{pid}/secret_storages/{made['id']}"
    key = await Key.create(project_id=pid, name="K", type="string", source_storage_id=made["id"],
                           source_storage_type="vault", source_storage_key="a")  # fmt: skip
    assert (await admin.read(at + "/refs"))["access_keys"] == [{"id": key.id, "name": "K"}]
    reply = await admin.delete(at)
    assert (reply.status, reply.json["inUse"], "“K”" in reply.error) == (400, True, True)
    assert (await admin.put(at, BODY | {"type": "dvls"})).status == 409
    await key.delete()
    group = {"name": "G", "json": "{}", "secret_storage_id": made["id"], "secret_storage_key_prefix": "p/"}
    assert (await admin.post(f"/project/{other}/environment", group)).status == 400
    kept = await admin.made(f"/project/{pid}/environment", group)
    assert (kept["secret_storage_id"], kept["secret_storage_key_prefix"]) == (made["id"], "p/")
    assert "“G”" in (await admin.delete(at)).error
    assert (await admin.delete(f"/project/{pid}/environment/{kept['id']}")).status == 204
    assert (await admin.delete(at)).status == 204
    assert await Key.filter(owner="vault").count() == 0


async def test_keys_are_kept_only_where_a_plugin_reads_them(admin, pid, other):
    made = await admin.made(f"/project/{pid}/secret_storages", BODY)
    body = {"name": "K", "type": "string", "source_storage_type": "vault", "source_storage_key": "a"}
    for project, storage, status in ((pid, 0, 400), (pid, 4711, 404), (other, made["id"], 404), (pid, made["id"], 400)):
        reply = await admin.post(f"/project/{project}/keys", body | {"source_storage_id": storage})
        assert reply.status == status, reply.data
    assert reply.error == "No plugin reads secrets from a storage of the type vault."


async def test_events_are_those_of_the_wire_s33(admin, pid):
    made = await admin.made(f"/project/{pid}/secret_storages", BODY)
    assert (await admin.put(f"/project/{pid}/secret_storages/{made['id']}", BODY)).status == 200
    texts = [(one.object_type, one.description) for one in await Event.filter(project_id=pid).order_by("-id").limit(2)]
    assert texts == [
        ("schedule", f"Secret storage with ID {made['id']} has been updated"),
        ("key", "Secret storage Vault has been created"),
    ]
