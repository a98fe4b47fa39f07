"""Variable groups over the API."""

from __future__ import annotations

import pytest

from hub.models import Environment, Key
from hub.services.keys import read_secret

BODY = {"name": "Group", "json": '{"a": [1]}', "env": '{"B": "c", "D": 1, "E": null, "F": true}', "password": None}


def create(type_="var", name="token", secret="canary-9"):
    return {"operation": "create", "type": type_, "name": name, "secret": secret}


async def test_a_group_is_made_read_replaced_and_deleted(admin, pid):
    made = await admin.made(f"/project/{pid}/environment", BODY)
    assert made == {"id": made["id"], "project_id": pid, **BODY}
    at = f"/project/{pid}/environment/{made['id']}"
    assert await admin.read(at) == made
    assert (await admin.put(at, {"id": made["id"], "name": "New", "json": "{}"})).status == 204
    read = await admin.read(at)
    assert (read["name"], read["json"], read["env"]) == ("New", "{}", None)
    assert set(await admin.read(f"{at}/refs")) >= {"templates", "access_keys"}
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404


async def test_secrets_are_sealed_named_and_never_shown(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/environment", BODY | {"secrets": [create(), create("env", "TOKEN")]})
    assert "secrets" not in made
    at = f"/project/{pid}/environment/{made['id']}"
    reply = await admin.get(at)
    assert b"canary" not in reply.data
    first, second = reply.json["secrets"]
    assert first == {"id": first["id"], "type": "var", "name": "token", "secret": "", "operation": ""}
    assert (second["type"], second["name"]) == ("env", "TOKEN")
    key = await Key.get(id=second["id"])
    assert (key.owner, key.type, key.environment_id) == ("environment", "string", made["id"])
    assert "canary" not in str(key.secret)
    assert await read_secret(hub, key) == {"string": "canary-9"}
    assert all("secrets" not in one for one in await admin.read(f"/project/{pid}/environment"))


async def test_secrets_are_renamed_replaced_and_deleted(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/environment", BODY | {"secrets": [create(), create("env", "TOKEN")]})
    at = f"/project/{pid}/environment/{made['id']}"
    one, two = (await admin.read(at))["secrets"]
    changes = [
        {"id": one["id"], "operation": "update", "type": "var", "name": "renamed", "secret": ""},
        {"id": two["id"], "operation": "delete"},
        {"operation": "", "name": "left alone"},
    ]
    assert (await admin.put(at, BODY | {"secrets": changes})).status == 204
    (left,) = (await admin.read(at))["secrets"]
    assert left["name"] == "renamed"
    assert await read_secret(hub, await Key.get(id=one["id"])) == {"string": "canary-9"}
    change = {"id": one["id"], "operation": "update", "type": "var", "name": "renamed", "secret": "new"}
    assert (await admin.put(at, BODY | {"secrets": [change]})).status == 204
    assert await read_secret(hub, await Key.get(id=one["id"])) == {"string": "new"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": ""}, "Environment name can not be empty"),
        ({"json": "[1]"}, "Extra variables must be valid JSON"),
        ({"json": "{"}, "Extra variables must be valid JSON"),
        ({"json": "null"}, "Extra variables must be valid JSON"),
        ({"json": '{"a": NaN}'}, "Extra variables must be valid JSON"),
        ({"json": '{"": 1}'}, "Extra variables key can not be empty"),
        ({"env": "x"}, "Environment variables must be valid JSON"),
        ({"env": '{"": "1"}'}, "Environment variables key can not be empty"),
        ({"env": '{"A": {}}'}, "Environment variables values must be scalar"),
        ({"env": '{"A": []}'}, "Environment variables values must be scalar"),
        ({"env": '{"A=B": "1"}'}, None),
        ({"env": '{"A": "\\u0000"}'}, None),
        ({"project_id": 99}, "Project ID in body and URL must be the same"),
        ({"secret_storage_id": 5}, None),
        ({"secrets": [create("odd")]}, None),
        ({"secrets": [create(), create("var", "")]}, None),
        ({"secrets": [create("env", "A=B")]}, None),
        ({"secrets": [create(), create()]}, None),
        ({"secrets": {}}, None),
    ],
)
async def test_a_refused_group_leaves_nothing_behind_s6(admin, pid, change, text):
    reply = await admin.post(f"/project/{pid}/environment", BODY | change)
    assert reply.status == 400
    assert text is None or reply.error == text
    assert b"canary" not in reply.data
    assert await Environment.filter(project_id=pid).count() == 1  # the group Empty
    assert await Key.filter(project_id=pid).count() == 1


async def test_a_refused_change_leaves_the_group_as_it_was(hub, admin, pid):
    made = await admin.made(f"/project/{pid}/environment", BODY | {"secrets": [create()]})
    at = f"/project/{pid}/environment/{made['id']}"
    (secret,) = (await admin.read(at))["secrets"]
    changes = [
        {"id": secret["id"], "operation": "update", "type": "var", "name": "renamed", "secret": "new"},
        create("var", "second"),
        {"id": 999, "operation": "delete"},
    ]
    assert (await admin.put(at, BODY | {"name": "New", "secrets": changes})).status == 404
    read = await admin.read(at)
    assert (read["name"], [one["name"] for one in read["secrets"]]) == ("Group", ["token"])
    assert await read_secret(hub, await Key.get(id=secret["id"])) == {"string": "canary-9"}


async def test_secrets_of_other_groups_are_out_of_reach(admin, pid, other):
    mine = await admin.made(f"/project/{pid}/environment", BODY)
    theirs = await admin.made(f"/project/{other}/environment", BODY | {"secrets": [create()]})
    (secret,) = (await admin.read(f"/project/{other}/environment/{theirs['id']}"))["secrets"]
    shared = (await admin.read(f"/project/{pid}/keys"))[0]["id"]
    for key_id in (secret["id"], shared):
        for operation in ("update", "delete"):
            change = {"id": key_id, "operation": operation, "type": "var", "name": "x"}
            path = f"/project/{pid}/environment/{mine['id']}"
            assert (await admin.put(path, BODY | {"secrets": [change]})).status == 404
    assert await Key.filter(id__in=[secret["id"], shared]).count() == 2


async def test_groups_of_other_projects_do_not_exist(admin, pid, other):
    made = await admin.made(f"/project/{pid}/environment", BODY)
    for method in ("GET", "PUT", "DELETE"):
        assert (await admin.call(method, f"/project/{other}/environment/{made['id']}", BODY)).status == 404
    reply = await admin.put(f"/project/{pid}/environment/{made['id']}", BODY | {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "Environment ID in body and URL must be the same")


async def test_deleting_a_group_deletes_its_secrets_unless_a_template_uses_it(admin, scene):
    at = f"/project/{scene.project.id}/environment"
    made = await admin.made(at, BODY | {"secrets": [create()]})
    template = await scene.template("hello.sh", name="Uses it", environment_id=made["id"])
    reply = await admin.delete(f"{at}/{made['id']}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert reply.error.startswith("Environment is in use by one or more templates")
    await template.delete()
    assert (await admin.delete(f"{at}/{made['id']}")).status == 204
    assert await Key.filter(owner="variable").count() == 0


async def test_lists_are_sorted_as_asked_and_only_managers_write(admin, guest, stranger, pid):
    await admin.made(f"/project/{pid}/environment", BODY)
    assert [one["name"] for one in await guest.read(f"/project/{pid}/environment?sort=name&order=desc")] == [
        "Group", "Empty",
    ]  # fmt: skip
    assert (await admin.get(f"/project/{pid}/environment?sort=json")).error == "invalid sort column"
    assert (await guest.post(f"/project/{pid}/environment", BODY)).status == 403
    assert (await stranger.get(f"/project/{pid}/environment")).status == 404
