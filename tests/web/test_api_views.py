"""Views over the API."""

from __future__ import annotations

import pytest


async def test_a_view_is_made_read_replaced_and_deleted(admin, pid):
    body = {"title": "Web", "position": 2, "hidden": True, "sort_column": "playbook", "sort_reverse": True}
    made = await admin.made(f"/project/{pid}/views", body)
    assert made == {"id": made["id"], "project_id": pid, **body}
    at = f"/project/{pid}/views/{made['id']}"
    assert await admin.read(at) == made
    assert (await admin.put(at, {"id": made["id"], "title": "New"})).status == 204
    assert await admin.read(at) == {"id": made["id"], "project_id": pid, "title": "New", "position": 0}
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404
    texts = [one["description"] for one in await admin.read(f"/project/{pid}/events")]
    assert texts[:3] == ["View New deleted", "View New updated", "View Web created"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"title": ""}, "title can not be empty"),
        ({"project_id": 99}, "Project ID in body and URL must be the same"),
        ({"type": "odd"}, None),
        ({"position": 2**40}, None),
    ],
)
async def test_wrong_views_are_refused(admin, pid, change, text):
    reply = await admin.post(f"/project/{pid}/views", {"title": "V"} | change)
    assert reply.status == 400
    assert text is None or reply.error == text


async def test_a_view_stays_in_its_project_s15(admin, pid, other):
    made = await admin.made(f"/project/{pid}/views", {"title": "V"})
    at = f"/project/{pid}/views/{made['id']}"
    assert (await admin.put(at, {"title": "V", "project_id": other})).status == 400
    reply = await admin.put(at, {"title": "V", "id": made["id"] + 7})
    assert (reply.status, reply.error) == (400, "View ID in URL and in body must be the same")
    for method in ("GET", "PUT", "DELETE"):
        assert (await admin.call(method, f"/project/{other}/views/{made['id']}", {"title": "x"})).status == 404


async def test_positions_order_the_list_and_touch_this_project_alone(admin, pid, other):
    (first,) = await admin.read(f"/project/{pid}/views")
    second = await admin.made(f"/project/{pid}/views", {"title": "B", "position": 1})
    (foreign,) = await admin.read(f"/project/{other}/views")
    body = {str(first["id"]): 5, str(second["id"]): 1, str(foreign["id"]): 9, "99": 1, "-1": 2}
    assert (await admin.post(f"/project/{pid}/views/positions", body)).status == 204
    assert [one["title"] for one in await admin.read(f"/project/{pid}/views")] == ["B", "All"]
    assert (await admin.read(f"/project/{other}/views"))[0]["position"] == 0


@pytest.mark.parametrize("body", [[], {"x": 1}, {"1": "2"}, {"1": True}, {"1": 2**40}])
async def test_malformed_positions_are_refused(admin, pid, body):
    assert (await admin.post(f"/project/{pid}/views/positions", body)).status == 400


async def test_a_view_shows_its_templates_in_its_own_order(admin, scene):
    at = f"/project/{scene.project.id}/views"
    everything = await admin.made(at, {"title": "All", "type": "all"})
    some = await admin.made(at, {"title": "Some", "sort_column": "playbook", "sort_reverse": True})
    await scene.template("a.sh", name="one", view_id=some["id"])
    await scene.template("b.sh", name="two", view_id=some["id"])
    await scene.template("c.sh", name="three")

    async def names(view, query=""):
        return [one["name"] for one in await admin.read(f"{at}/{view['id']}/templates{query}")]

    assert await names(everything) == ["one", "three", "two"]
    assert await names(some) == ["two", "one"]
    assert await names(some, "?sort=name") == ["one", "two"]
    assert (await admin.get(f"{at}/{some['id']}/templates?sort=odd")).error == "invalid sort column"
    assert (await admin.delete(f"{at}/{some['id']}")).status == 204
    assert len(await names(everything)) == 3


async def test_only_those_who_manage_resources_write(guest, stranger, manager, pid):
    assert (await guest.post(f"/project/{pid}/views", {"title": "V"})).status == 403
    assert (await guest.post(f"/project/{pid}/views/positions", {})).status == 403
    assert (await stranger.get(f"/project/{pid}/views")).status == 404
    await manager.made(f"/project/{pid}/views", {"title": "V"})
