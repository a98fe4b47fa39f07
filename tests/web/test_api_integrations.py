"""Integrations, their conditions, values and addresses over the API."""

from __future__ import annotations

import pytest

from hub.models import Inventory, Key


@pytest.fixture
async def at(scene) -> str:
    return f"/project/{scene.project.id}/integrations"


@pytest.fixture
async def template(scene) -> int:
    return (await scene.template("hello.sh")).id


@pytest.fixture
async def one(admin, at, template) -> dict:
    return await admin.made(at, {"name": "Push", "template_id": template, "auth_method": ""})


def matcher(**change) -> dict:
    return {"name": "main", "match_type": "body", "method": "equals", "body_data_type": "json", "key": "ref",
            "value": "refs/heads/main"} | change  # fmt: skip


def value(**change) -> dict:
    return {"name": "commit", "value_source": "body", "body_data_type": "json", "key": "after", "variable": "commit",
            "variable_type": "environment"} | change  # fmt: skip


async def test_an_integration_is_made_read_replaced_and_deleted(admin, scene, at, template):
    key = await Key.create(project=scene.project, name="Hook", type="login_password")
    body = {
        "name": "Push", "project_id": scene.project.id, "template_id": template, "auth_method": "hmac",
        "auth_secret_id": key.id, "auth_header": "X-Signature", "searchable": True,
        "task_params": {"environment": '{"a": "b"}', "git_branch": "main", "params": {"debug": True}}, "params": {},
    }  # fmt: skip
    made = await admin.made(at, body)
    whole = body | {"id": made["id"], "active": True}
    del whole["params"]
    assert made == whole
    assert await admin.read(f"{at}/{made['id']}") == whole
    (listed,) = await admin.read(at)
    assert listed == {name: value for name, value in whole.items() if name != "task_params"}
    assert await admin.read(f"{at}/{made['id']}/refs") == {"matchers": None, "values": None}
    change = {"id": made["id"], "name": "New", "template_id": template, "auth_method": "gitlab"}
    change["task_params"] = None
    assert (await admin.put(f"{at}/{made['id']}", change)).status == 204
    assert await admin.read(f"{at}/{made['id']}") == {
        "id": made["id"], "name": "New", "project_id": scene.project.id, "template_id": template,
        "auth_method": "gitlab", "auth_secret_id": None, "auth_header": "", "searchable": False, "active": True,
    }  # fmt: skip
    assert (await admin.delete(f"{at}/{made['id']}")).status == 204
    assert (await admin.get(f"{at}/{made['id']}")).status == 404
    texts = [one["description"] for one in await admin.read(f"/project/{scene.project.id}/events")]
    assert texts[:3] == ["Integration New deleted", "Integration New updated", "Integration Push created"]


async def test_being_active_is_kept_by_those_who_do_not_know_of_it(admin, at, one, template):
    path = f"{at}/{one['id']}"
    known = {"name": "Push", "template_id": template, "auth_method": ""}
    assert (await admin.put(path, known | {"active": False})).status == 204
    assert (await admin.put(path, known)).status == 204
    assert (await admin.read(path))["active"] is False


async def test_who_says_nothing_of_the_senders_lets_nobody_in(admin, at, template):
    made = await admin.made(at, {"name": "Push", "template_id": template})
    assert made["auth_method"] == "none"
    assert (await admin.made(at, {"name": "Open", "template_id": template, "auth_method": ""}))["auth_method"] == ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"project_id": 99, "name": ""}, "Project ID in body and URL must be the same"),
        ({"name": ""}, "No Name set for integration"),
        ({"template_id": 4711}, None),
        ({"template_id": 0}, None),
        ({"auth_secret_id": 4711}, None),
        ({"auth_method": "magic"}, None),
        ({"auth_header": "X Y"}, None),
        ({"auth_header": "X-A\r\nB: c"}, None),
        ({"task_params": {"environment": "["}}, None),
        ({"task_params": {"inventory_id": 4711}}, None),
    ],
)
async def test_wrong_integrations_are_refused(admin, at, template, change, text):
    reply = await admin.post(at, {"name": "Push", "template_id": template, "auth_method": ""} | change)
    assert reply.status == 400
    assert text is None or reply.error == text


async def test_ids_of_the_body_and_the_address_must_agree(admin, at, one, template):
    body = {"name": "Push", "template_id": template}
    reply = await admin.put(f"{at}/{one['id']}", body | {"id": one["id"] + 1, "project_id": 99})
    assert (reply.status, reply.error) == (400, "Integration ID in body and URL must be the same")
    reply = await admin.put(f"{at}/{one['id']}", body | {"id": one["id"], "project_id": 99})
    assert (reply.status, reply.error) == (400, "Project ID in body and URL must be the same")


async def test_lists_are_sorted_by_name(admin, at, template):
    for name in ("b", "a", "c"):
        await admin.made(at, {"name": name, "template_id": template})
    assert [one["name"] for one in await admin.read(at)] == ["a", "b", "c"]
    assert [one["name"] for one in await admin.read(f"{at}?sort=name&order=desc")] == ["c", "b", "a"]
    assert (await admin.get(f"{at}?sort=odd")).error == "invalid sort column"


async def test_a_matcher_is_made_read_replaced_and_deleted(admin, at, one):
    """PUT and DELETE took no effect on the reference's SQLite."""
    path = f"{at}/{one['id']}/matchers"
    reply = await admin.post(path, matcher(integration_id=one["id"]))
    made = reply.json
    assert reply.status == 200
    assert made == matcher(id=made["id"], integration_id=one["id"])
    assert await admin.read(path) == [made]
    assert await admin.read(f"{path}/{made['id']}") == made
    assert await admin.read(f"{path}/{made['id']}/refs") == {"integrations": []}
    changed = made | {"match_type": "header", "key": "X-Event", "value": "push", "body_data_type": ""}
    assert (await admin.put(f"{path}/{made['id']}", changed)).status == 204
    assert await admin.read(f"{path}/{made['id']}") == changed
    assert (await admin.delete(f"{path}/{made['id']}")).status == 204
    assert await admin.read(path) == []
    assert (await admin.get(f"{path}/{made['id']}")).status == 404
    reply = await admin.get(f"{path}/x")
    assert (reply.status, reply.error) == (400, "Invalid Matcher ID")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"integration_id": 99, "match_type": ""}, "Extractor ID in body and URL must be the same"),
        ({"match_type": "", "key": ""}, "No Match Type set"),
        ({"key": "", "value": ""}, "No key set"),
        ({"value": "", "name": ""}, "No value set"),
        ({"name": ""}, "No Name set for integration"),
        ({"match_type": "query"}, None),
        ({"method": "regex"}, None),
        ({"body_data_type": "xml"}, None),
        ({"key": "jmespath:a[?"}, None),
        ({"key": "x" * 511}, None),
    ],
)
async def test_wrong_matchers_are_refused_in_the_wires_order(admin, at, one, change, text):
    path = f"{at}/{one['id']}/matchers"
    made = (await admin.post(path, matcher())).json
    for reply in (await admin.post(path, matcher(**change)),
                  await admin.put(f"{path}/{made['id']}", matcher(**change))):  # fmt: skip
        assert reply.status == 400
        assert text is None or reply.error == text


async def test_a_value_is_made_read_changed_in_part_and_deleted(admin, at, one):
    path = f"{at}/{one['id']}/values"
    made = await admin.made(path, value(integration_id=one["id"]))
    assert made == value(id=made["id"], integration_id=one["id"])
    assert await admin.read(path) == [made]
    assert (await admin.put(f"{path}/{made['id']}", {"key": "head_commit.id"})).status == 204
    assert await admin.read(f"{path}/{made['id']}") == made | {"key": "head_commit.id"}
    assert await admin.read(f"{path}/{made['id']}/refs") == {"integrations": []}
    reply = await admin.put(f"{path}/{made['id']}", {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "Value ID in body and URL must be the same")
    assert (await admin.delete(f"{path}/{made['id']}")).status == 204
    reply = await admin.get(f"{path}/{made['id']}")
    assert (reply.status, reply.error) == (400, "Failed to get IntegrationExtractValue, no rows in result set")
    assert (await admin.get(f"{path}/{made['id']}/refs")).status == 404
    assert (await admin.put(f"{path}/{made['id']}", value())).status == 404
    assert (await admin.get(f"{path}/x")).error == "Invalid IntegrationExtractValue ID"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"integration_id": 99, "value_source": ""}, "Extractor ID in body and URL must be the same"),
        ({"value_source": "", "name": ""}, "No Value Source defined"),
        ({"name": "", "body_data_type": ""}, "No Name set for integration"),
        ({"body_data_type": "", "key": ""}, "Value Source but no body data type set"),
        ({"key": ""}, "No Key set for JSON Body Data extraction."),
        ({"value_source": "header", "key": ""}, "Value Source set but no Key set"),
        ({"value_source": "query"}, None),
        ({"variable_type": "shell"}, None),
    ],
)
async def test_wrong_values_are_refused_in_the_wires_order(admin, at, one, change, text):
    reply = await admin.post(f"{at}/{one['id']}/values", value(**change))
    assert reply.status == 400
    assert text is None or reply.error == text


async def test_addresses_are_made_listed_and_deleted(admin, hub, at, one):
    for path in (f"{at}/aliases", f"{at}/{one['id']}/aliases"):
        reply = await admin.post(path)
        assert reply.status == 200
        url = reply.json["url"]
        base, _, alias = url.rpartition("/")
        assert base == f"http://localhost:{hub.settings.port}/api/integrations"
        assert len(alias) == 16
        assert int(alias, 16) >= 0
        assert await admin.read(path) == [reply.json]
        assert (await admin.delete(f"{path}/{reply.json['id']}")).status == 204
        assert await admin.read(path) == []
        assert (await admin.delete(f"{path}/{reply.json['id']}")).status == 204


async def test_an_address_of_one_is_not_deleted_as_one_of_another(admin, at, one, template):
    second = await admin.made(at, {"name": "Second", "template_id": template})
    own = (await admin.post(f"{at}/{one['id']}/aliases")).json
    assert (await admin.delete(f"{at}/{second['id']}/aliases/{own['id']}")).status == 204
    assert (await admin.delete(f"{at}/aliases/{own['id']}")).status == 204
    assert await admin.read(f"{at}/{one['id']}/aliases") == [own]


async def test_nothing_crosses_projects_or_integrations(admin, other, at, one, template):
    parts = {
        "matchers": (await admin.post(f"{at}/{one['id']}/matchers", matcher())).json["id"],
        "values": (await admin.made(f"{at}/{one['id']}/values", value()))["id"],
    }
    second = await admin.made(at, {"name": "Second", "template_id": template})
    for base in (f"/project/{other}/integrations/{one['id']}", f"{at}/{second['id']}"):
        for kind, part in parts.items():
            body = matcher() if kind == "matchers" else value()
            for method in ("PUT", "DELETE", "GET"):
                assert (await admin.call(method, f"{base}/{kind}/{part}", body)).status in {400, 404}, (base, kind)
    foreign = f"/project/{other}/integrations/{one['id']}"
    for method, path in [("GET", foreign), ("PUT", foreign), ("DELETE", foreign), ("POST", f"{foreign}/matchers"),
                         ("POST", f"{foreign}/values"), ("POST", f"{foreign}/aliases"), ("GET", f"{foreign}/aliases"),
                         ("POST", f"{foreign}/test"), ("GET", f"{foreign}/deliveries")]:  # fmt: skip
        assert (await admin.call(method, path, {"name": "x", "template_id": template})).status == 404, path
    assert len(await admin.read(f"{at}/{one['id']}/matchers")) == 1
    assert len(await admin.read(f"{at}/{one['id']}/values")) == 1


async def test_references_into_other_projects_are_refused(admin, other, at, template):
    key = await Key.create(project_id=other, name="Own", type="login_password")
    inventory = await Inventory.create(project_id=other, name="Own", type="static")
    reply = await admin.post(f"/project/{other}/integrations", {"name": "x", "template_id": template})
    assert reply.status == 400
    for change in ({"auth_secret_id": key.id}, {"task_params": {"inventory_id": inventory.id}}):
        assert (await admin.post(at, {"name": "x", "template_id": template} | change)).status == 400


async def test_secrets_of_variable_groups_serve_no_integration(admin, scene, at, template):
    key = await Key.create(project=scene.project, name="Own", type="string", owner="environment")
    reply = await admin.post(at, {"name": "x", "template_id": template, "auth_secret_id": key.id})
    assert reply.status == 400


async def test_a_key_that_an_integration_uses_stays(admin, scene, at, template):
    key = await Key.create(project=scene.project, name="Own", type="string")
    await admin.made(at, {"name": "x", "template_id": template, "auth_secret_id": key.id})
    reply = await admin.delete(f"/project/{scene.project.id}/keys/{key.id}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
