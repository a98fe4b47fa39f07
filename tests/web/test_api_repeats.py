"""Requests that are sent twice, and changes of what somebody else has changed meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.models import Environment, IdempotencyKey, Project, Task, Token


async def send(client, method, path, body=None, **headers):
    """Call the API with further headers."""
    return await client.call(method, path, body, **{name.replace("_", "-"): text for name, text in headers.items()})


@pytest.fixture
async def template(scene):
    return await scene.template("hello.sh", name="Hello", allow_parallel_tasks=True)


async def test_a_repeated_start_starts_one_task_and_gets_the_same_answer(admin, scene, template):
    at, body = f"/project/{scene.project.id}/tasks", {"template_id": template.id, "message": "once"}
    first = await send(admin, "POST", at, body, Idempotency_Key="abc")
    again = await send(admin, "POST", at, body, Idempotency_Key="abc")
    assert (first.status, again.status, first.data) == (201, 201, again.data)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert await Task.all().count() == 1
    assert (await send(admin, "POST", at, body, Idempotency_Key="other")).status == 201
    assert (await send(admin, "POST", at, body)).status == 201
    assert await Task.all().count() == 3


async def test_the_key_of_another_body_path_or_person_is_not_the_same(admin, people, scene, template):
    at = f"/project/{scene.project.id}/tasks"
    await send(admin, "POST", at, {"template_id": template.id}, Idempotency_Key="abc")
    reply = await send(admin, "POST", at, {"template_id": template.id, "message": "x"}, Idempotency_Key="abc")
    assert (reply.status, reply.error[:26]) == (422, "This Idempotency-Key was u")
    _, member = await people.somebody("member", project_id=scene.project.id, role="task_runner")
    assert (await send(member, "POST", at, {"template_id": template.id}, Idempotency_Key="abc")).status == 201
    assert (await send(admin, "POST", "/projects", {"name": "New"}, Idempotency_Key="abc")).status == 201
    assert await Task.all().count() == 2


async def test_of_requests_at_once_one_is_done(admin, hub):
    calls = [send(admin, "POST", "/projects", {"name": "Once"}, Idempotency_Key="race") for _ in range(8)]
    statuses = [reply.status for reply in await asyncio.gather(*calls)]
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert await Project.filter(name="Once").count() == 1
    assert (await send(admin, "POST", "/projects", {"name": "Once"}, Idempotency_Key="race")).status == 201
    assert await Project.filter(name="Once").count() == 1


async def test_what_was_refused_may_be_sent_again(admin, scene, template):
    at = f"/project/{scene.project.id}/tasks"
    assert (await send(admin, "POST", at, {"template_id": 999}, Idempotency_Key="abc")).status == 404
    assert (await send(admin, "POST", at, {"template_id": template.id}, Idempotency_Key="abc")).status == 201


async def test_a_request_without_an_end_is_not_done_again(admin):
    await send(admin, "POST", "/projects", {"name": "First"}, Idempotency_Key="abc")
    row = await IdempotencyKey.get()
    await IdempotencyKey.filter(id=row.id).update(status=0)
    reply = await send(admin, "POST", "/projects", {"name": "First"}, Idempotency_Key="abc")
    assert reply.status == 409
    assert await Project.filter(name="First").count() == 1


async def test_keys_are_forgotten_after_a_day(admin, hub):
    await send(admin, "POST", "/projects", {"name": "First"}, Idempotency_Key="abc")
    await IdempotencyKey.all().update(created=hub.clock() - timedelta(hours=24, seconds=1))
    assert (await send(admin, "POST", "/projects", {"name": "Second"}, Idempotency_Key="abc")).status == 201
    await IdempotencyKey.all().update(created=hub.clock() - timedelta(hours=26))
    await send(admin, "POST", "/projects", {"name": "Third"}, Idempotency_Key="def")
    assert await IdempotencyKey.all().count() == 1


async def test_a_secret_in_an_answer_is_sealed_and_comes_again(admin):
    before = await Token.all().count()
    first = await send(admin, "POST", "/user/tokens", {}, Idempotency_Key="abc")
    again = await send(admin, "POST", "/user/tokens", {}, Idempotency_Key="abc")
    assert first.json["id"] == again.json["id"]
    assert first.json["id"] not in (await IdempotencyKey.get()).answer
    assert await Token.all().count() == before + 1


@pytest.mark.parametrize("key", ["", "x" * 256, "café"])
async def test_odd_keys_are_refused(admin, key):
    reply = await send(admin, "POST", "/projects", {"name": "New"}, Idempotency_Key=key)
    assert reply.status == 400
    assert not await Project.filter(name="New").exists()


@pytest.fixture
async def group(admin, pid):
    made = await admin.made(f"/project/{pid}/environment", {"name": "Group", "json": "{}", "project_id": pid})
    return f"/project/{pid}/environment/{made['id']}"


async def test_a_change_goes_through_while_the_thing_is_as_it_was_read(admin, group):
    read = await admin.get(group)
    tag = read.headers["ETag"]
    assert (await admin.get(group)).headers["ETag"] == tag
    assert (await admin.call("HEAD", group)).headers["ETag"] == tag
    body = read.json | {"name": "Renamed"}
    assert (await send(admin, "PUT", group, body, If_Match=tag)).status == 204
    reply = await send(admin, "PUT", group, body | {"name": "Late"}, If_Match=tag)
    assert (reply.status, reply.error[:29]) == (412, "Somebody else changed this af")
    assert (await Environment.get(id=read.json["id"])).name == "Renamed"
    assert (await send(admin, "DELETE", group, If_Match=tag)).status == 412
    newest = (await admin.get(group)).headers["ETag"]
    assert (await send(admin, "DELETE", group, If_Match=f'"x", W/{newest}')).status == 204
    assert (await send(admin, "DELETE", group, If_Match="*")).status == 404


async def test_of_changes_at_once_with_one_version_one_goes_through(admin, group):
    read = await admin.get(group)
    calls = [
        send(admin, "PUT", group, read.json | {"name": f"Name {number}"}, If_Match=read.headers["ETag"])
        for number in range(6)
    ]
    statuses = sorted(reply.status for reply in await asyncio.gather(*calls))
    assert statuses == [204] + [412] * 5


async def test_a_part_of_a_thing_has_the_version_of_the_thing_and_tasks_do_not_change_it(admin, scene, template):
    at = f"/project/{scene.project.id}/templates/{template.id}"
    tag = (await admin.get(at)).headers["ETag"]
    await scene.launch(template)
    assert (await admin.get(at)).headers["ETag"] == tag
    assert (await send(admin, "PUT", f"{at}/description", {"description": "New"}, If_Match=tag)).status == 204
    assert (await send(admin, "PUT", f"{at}/description", {"description": "Old"}, If_Match=tag)).status == 412


async def test_what_a_role_may_do_is_part_of_its_version(admin):
    await admin.made("/roles", {"slug": "night", "name": "Night", "permissions": 1})
    tag = (await admin.get("/roles/night")).headers["ETag"]
    assert (await send(admin, "PUT", "/roles/night", {"name": "Night", "permissions": 4}, If_Match=tag)).status == 204
    assert (await send(admin, "PUT", "/roles/night", {"name": "Night", "permissions": 8}, If_Match=tag)).status == 412


async def test_what_has_no_version_takes_no_condition(admin):
    reply = await send(admin, "DELETE", "/cache", If_Match='"x"')
    assert (reply.status, reply.error) == (400, "What this request changes has no version; send it without If-Match.")


async def test_strangers_learn_no_versions(stranger, group):
    assert (await send(stranger, "DELETE", group, If_Match="*")).status == 404
