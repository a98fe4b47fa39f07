"""Inventories over the API."""

from __future__ import annotations

import pytest

from hub.models import Inventory

STATIC = {"name": "Hosts", "type": "static", "inventory": "localhost"}


async def test_an_inventory_is_made_read_replaced_and_deleted(admin, pid, none_key):
    made = await admin.made(f"/project/{pid}/inventory", {**STATIC, "ssh_key_id": none_key, "become_key_id": none_key})
    assert made == {
        "id": made["id"], "project_id": pid, **STATIC, "ssh_key_id": none_key, "become_key_id": none_key,
        "template_id": None, "repository_id": None,
    }  # fmt: skip
    at = f"/project/{pid}/inventory/{made['id']}"
    assert await admin.read(at) == made
    assert (await admin.put(at, {**STATIC, "id": made["id"], "name": "New", "runner_tag": "eu"})).status == 204
    read = await admin.read(at)
    assert (read["name"], read["ssh_key_id"], read["runner_tag"]) == ("New", None, "eu")
    assert set(await admin.read(f"{at}/refs")) >= {"templates"}
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "..", "a\\..\\..\\b", "\\etc"])
@pytest.mark.parametrize("create", [True, False])
async def test_inventory_files_stay_in_the_repository_bug_002(admin, pid, path, create):
    body = {"name": "F", "type": "file", "inventory": path}
    if create:
        reply = await admin.post(f"/project/{pid}/inventory", body)
    else:
        made = await admin.made(f"/project/{pid}/inventory", body | {"inventory": "hosts/all.yml"})
        reply = await admin.put(f"/project/{pid}/inventory/{made['id']}", body)
    assert reply.status == 400
    assert reply.error == "Invalid inventory file pathname. Must be: path/to/inventory."


async def test_types_are_those_of_the_wire_and_of_the_plugins(admin, pid):
    for type_ in ("static", "static-yaml", "file", "terraform-workspace", "tofu-workspace", "terragrunt-workspace"):
        await admin.made(f"/project/{pid}/inventory", {"name": type_, "type": type_})
    reply = await admin.post(f"/project/{pid}/inventory", {"name": "x", "type": "pulumi-workspace"})
    assert (reply.status, reply.error) == (400, "Not supported inventory type")
    made = await admin.made(f"/project/{pid}/inventory", STATIC)
    reply = await admin.put(f"/project/{pid}/inventory/{made['id']}", {"name": "x", "type": "odd"})
    assert (reply.status, reply.error) == (400, "unknown inventory type: odd")


@pytest.mark.parametrize(
    ("field", "status"), [("ssh_key_id", 404), ("become_key_id", 404), ("template_id", 404), ("repository_id", 400)]
)
async def test_things_of_other_projects_cannot_be_named(admin, scene, pid, field, status):
    foreign = {
        "ssh_key_id": scene.repository.ssh_key_id,
        "become_key_id": scene.repository.ssh_key_id,
        "template_id": (await scene.template("hello.sh")).id,
        "repository_id": scene.repository.id,
    }
    assert (await admin.post(f"/project/{pid}/inventory", STATIC | {field: foreign[field]})).status == status
    made = await admin.made(f"/project/{pid}/inventory", STATIC)
    path = f"/project/{pid}/inventory/{made['id']}"
    assert (await admin.put(path, STATIC | {field: foreign[field]})).status == status
    assert await Inventory.filter(project_id=pid).count() == 1


async def test_lists_leave_out_inventories_of_templates_and_of_other_apps(admin, scene):
    at = f"/project/{scene.project.id}/inventory"
    template = await scene.template("hello.sh")
    await admin.made(at, STATIC | {"name": "b"})
    await admin.made(at, STATIC | {"name": "a"})
    await admin.made(at, {"name": "w", "type": "tofu-workspace"})
    await admin.made(at, STATIC | {"name": "own", "template_id": template.id})
    names = [one["name"] for one in await admin.read(at)]
    assert names == ["a", "b", "w"]
    assert [one["name"] for one in await admin.read(f"{at}?app=ansible&order=desc&sort=odd")] == ["b", "a"]
    assert [one["name"] for one in await admin.read(f"{at}?app=unknown")] == names
    assert [one["name"] for one in await admin.read(f"{at}?template_id={template.id}")] == ["own"]
    assert (await admin.get(f"{at}?template_id=x")).status == 400


async def test_an_inventory_in_use_is_not_deleted(admin, scene):
    made = await admin.made(f"/project/{scene.project.id}/inventory", STATIC)
    await scene.template("hello.sh", name="Uses it", inventory_id=made["id"])
    reply = await admin.delete(f"/project/{scene.project.id}/inventory/{made['id']}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert reply.error.startswith("Inventory is in use by one or more templates")


async def test_ids_of_body_and_path_must_agree(admin, pid, other):
    made = await admin.made(f"/project/{pid}/inventory", STATIC)
    at = f"/project/{pid}/inventory/{made['id']}"
    reply = await admin.put(at, STATIC | {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "Inventory ID in body and URL must be the same")
    assert (await admin.put(at, STATIC | {"project_id": other})).status == 400
    assert (await admin.post(f"/project/{pid}/inventory", STATIC | {"project_id": other})).status == 400
    assert (await admin.get(f"/project/{other}/inventory/{made['id']}")).status == 404
    assert (await admin.delete(f"/project/{other}/inventory/{made['id']}")).status == 404


async def test_only_those_who_manage_resources_write(guest, stranger, manager, pid):
    assert (await guest.post(f"/project/{pid}/inventory", STATIC)).status == 403
    assert (await stranger.get(f"/project/{pid}/inventory")).status == 404
    await manager.made(f"/project/{pid}/inventory", STATIC)
