"""Terraform states and their aliases over the API: kept sealed, listed without text, open to few."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hub.models import Inventory, Key, State, StateAlias, StateLock
from hub.services import state_rows, state_texts, vaulting
from hub.services.state_rows import Version
from hub.testing.carriers import SETUPS
from hub.vault import with_new_key

TEXT = '{"serial": 1, "outputs": {"password": "canary-5"}}'


@pytest.fixture
async def below(pid):
    inventory = await Inventory.create(project_id=pid, name="W", type="terraform-workspace", inventory="default")
    return f"/project/{pid}/inventory/{inventory.id}/terraform"


@pytest.fixture
async def login(admin, pid):
    body = {"name": "L", "type": "login_password", "login_password": {"login": "a", "password": "b"}}
    return (await admin.made(f"/project/{pid}/keys", body))["id"]


async def stored(hub, below):
    project, inventory = (int(part) for part in re.findall(r"\d+", below))
    row = await state_rows.add(hub, Version(project, inventory, packed=state_texts.pack(TEXT.encode())))
    return row.id


async def test_an_alias_has_a_random_address_that_stays(hub, admin, manager, guest, pid, below, login, none_key):
    reply = await manager.post(below + "/aliases", {"project_id": pid, "auth_key_id": login})
    assert reply.status == 200
    made = reply.json
    assert re.fullmatch(re.escape(hub.settings.address) + "/api/terraform/[0-9a-f]{32}", made["url"])
    assert (made["auth_key_id"], await manager.read(below + "/aliases")) == (login, [made])
    at = f"{below}/aliases/{made['id']}"
    assert await guest.read(at) == made | {"url": ""}
    assert await guest.read(below + "/aliases") == [made | {"url": ""}]
    assert (await manager.put(at, made | {"auth_key_id": None})).status == 204
    assert await manager.read(at) == made | {"auth_key_id": None}
    none = (await Key.get(project_id=pid, type="none")).id
    assert (await manager.put(at, {"auth_key_id": none})).status == 400
    assert (await manager.put(at, {"auth_key_id": 4711})).status == 404
    for method, path in (("POST", below + "/aliases"), ("PUT", at), ("DELETE", at)):
        assert (await guest.call(method, path, {})).status == 403
    assert (await manager.delete(at)).status == 204
    assert (await manager.get(at)).status == 404


async def test_the_key_of_an_alias_is_not_deleted_and_remains_a_login(admin, pid, below, login):
    assert (await admin.post(below + "/aliases", {"auth_key_id": login})).status == 200
    reply = await admin.delete(f"/project/{pid}/keys/{login}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert reply.error.startswith("Access Key is in use by one or more templates")
    change = {"name": "L", "type": "none", "override_secret": True}
    assert (await admin.put(f"/project/{pid}/keys/{login}", change)).status == 400
    assert (await admin.delete(f"/project/{pid}")).status == 204
    assert await StateAlias.all().count() == 0


async def test_states_are_sealed_listed_without_text_and_read_by_few(hub, manager, guest, below):
    assert (await manager.get(below + "/states/latest")).json == {"error": "No state found"}
    first, second = [await stored(hub, below) for _ in range(2)]
    listed = await guest.read(below + "/states")
    assert [one["id"] for one in listed] == [second, first]
    assert set(listed[0]) == {"id", "created", "project_id", "inventory_id", "serial", "lineage"}
    assert "canary" not in str(await State.all().values())
    assert (await manager.read(below + "/states/latest")) == listed[0] | {"state": TEXT}
    assert (await manager.read(f"{below}/states/{first}"))["state"] == TEXT
    assert await guest.read(below + "/states/latest") == listed[0]
    assert (await guest.delete(f"{below}/states/{second}")).status == 403
    assert (await manager.delete(f"{below}/states/{second}")).status == 204
    assert (await manager.read(below + "/states/latest"))["id"] == first


@pytest.mark.parametrize("setup", SETUPS)
async def test_states_are_rotated_with_the_other_secrets(hub, below, pid):
    state_id = await stored(hub, below)
    fresh = replace(hub, vault=with_new_key(hub.vault))
    report = await vaulting.rotate(fresh)
    assert report.broken == []
    assert fresh.vault.is_current((await State.get(id=state_id)).state)
    assert (await vaulting.check(fresh)).older == 0


async def test_neither_projects_nor_inventories_share_them(hub, admin, stranger, other, pid, below, login):
    alias = (await admin.post(below + "/aliases", {})).json["id"]
    state = await stored(hub, below)
    second = await Inventory.create(project_id=pid, name="X", type="terraform-workspace", inventory="x")
    foreign = await Inventory.create(project_id=other, name="Y", type="terraform-workspace", inventory="y")
    for place in (f"/project/{pid}/inventory/{second.id}", f"/project/{other}/inventory/{foreign.id}"):
        for method in ("GET", "PUT", "DELETE"):
            assert (await admin.call(method, f"{place}/terraform/aliases/{alias}", {})).status == 404
        for method in ("GET", "DELETE"):
            assert (await admin.call(method, f"{place}/terraform/states/{state}")).status == 404
        assert await admin.read(f"{place}/terraform/states") == await admin.read(f"{place}/terraform/aliases") == []
    assert (await admin.post(f"/project/{other}/inventory/{foreign.id}/terraform/aliases",
                             {"auth_key_id": login})).status == 404  # fmt: skip
    assert (await stranger.get(below + "/states/latest")).status == 404


async def test_versions_are_compared_and_gone_back_to_and_a_lock_is_released(hub, manager, guest, below):
    project, inventory = (int(part) for part in re.findall(r"\d+", below))
    for serial, value in ((1, "a"), (2, "b")):
        body = f'{{"serial": {serial}, "lineage": "L", "outputs": {{"o": {{"value": "{value}"}}}}}}'.encode()
        await state_rows.add(hub, Version(project, inventory, None, state_texts.pack(body), serial, "L"))
    changed = await guest.read(below + "/states/2/changes")
    assert (changed["since"], changed["outputs"]) == (
        1, [{"name": "o", "action": "change", "before": "a", "after": "b"}]
    )  # fmt: skip
    assert (await guest.read(below + "/states/2/changes?since=2"))["outputs"] == []
    for path, status in (("2/changes?since=x", 400), ("2/changes?since=9", 404), ("9/changes", 404)):
        assert (await guest.get(f"{below}/states/{path}")).status == status
    assert (await guest.post(below + "/states/1/rollback")).status == 403
    made = await manager.post(below + "/states/1/rollback")
    assert (made.status, made.json["serial"]) == (201, 3)
    assert (await manager.post(below + "/states/3/rollback")).status == 409  # it is the present one
    assert (await guest.get(below + "/lock")).status == 404
    await StateLock.create(inventory_id=inventory, lock_id="one", info='{"ID": "one"}', created=hub.clock())
    assert (await guest.read(below + "/lock"))["id"] == "one"
    release = {"lock_id": "one", "reason": "left behind"}
    assert (await guest.post(below + "/lock/release", release)).status == 403
    for wrong, status in (({"lock_id": "one"}, 400), (release | {"lock_id": "two"}, 412)):
        assert (await manager.post(below + "/lock/release", wrong)).status == status
    assert (await manager.post(below + "/states/1/rollback")).status == 409
    assert [(await manager.post(below + "/lock/release", release)).status for _ in range(2)] == [204, 404]
