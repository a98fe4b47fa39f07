"""Projects and teams over the API."""

from __future__ import annotations

import pytest

from hub.models import Event, Key, Membership, Project, Task, Template
from hub.services.tasks.states import SUCCESS


async def test_a_new_project_has_what_a_first_template_needs(admin):
    made = await admin.made("/projects", {"name": "Web", "alert": True, "alert_chat": "", "max_parallel_tasks": 3})
    assert set(made) == {"id", "name", "created", "alert", "alert_chat", "max_parallel_tasks", "type"}
    assert made["created"].endswith("Z")
    at = f"/project/{made['id']}"
    assert [(key["name"], key["type"]) for key in await admin.read(f"{at}/keys")] == [("None", "none")]
    assert [(view["title"], view["type"]) for view in await admin.read(f"{at}/views")] == [("All", "all")]
    (group,) = await admin.read(f"{at}/environment")
    assert (group["name"], group["json"], group["env"]) == ("Empty", "{}", "{}")
    assert await admin.read(f"{at}/role") == {"role": "owner", "permissions": 15}
    (event,) = await admin.read(f"{at}/events")
    assert (event["object_type"], event["description"]) == ("project", "Project created")


async def test_members_that_are_empty_are_left_out_of_a_project(admin):
    made = await admin.made("/projects", {"name": "Plain"})
    assert set(made) == {"id", "name", "created", "type"}
    assert await admin.read(f"/project/{made['id']}") == made


async def test_a_null_body_makes_a_project_with_defaults(admin):
    reply = await admin._client.post("/api/projects", data=b"null", headers=admin._headers)
    assert reply.status_code == 201


async def test_the_list_holds_what_one_sees_by_name(admin, people, stranger):
    for name in ("b", "a"):
        await admin.made("/projects", {"name": name})
    assert [one["name"] for one in await admin.read("/projects")] == ["a", "b"]
    assert await stranger.read("/projects") == []
    project = await Project.get(name="b")
    _, member = await people.somebody("member", project_id=project.id, role="guest")
    assert [one["name"] for one in await member.read("/projects")] == ["b"]


async def test_only_administrators_make_projects_unless_the_settings_say_otherwise(stranger):
    assert (await stranger.post("/projects", {"name": "x"})).status == 401
    assert (await stranger.post("/projects", {"name": "x", "demo": True})).status == 401
    assert await Project.all().count() == 0


async def test_a_project_is_replaced_as_a_whole(admin, pid):
    reply = await admin.put(f"/project/{pid}", {"id": pid, "name": "New", "alert": True, "max_parallel_tasks": 2})
    assert (reply.status, reply.data) == (204, b"")
    assert (await admin.read(f"/project/{pid}"))["max_parallel_tasks"] == 2
    await admin.put(f"/project/{pid}", {"id": pid, "name": "New"})
    assert "max_parallel_tasks" not in await admin.read(f"/project/{pid}")
    reply = await admin.put(f"/project/{pid}", {"id": pid + 1, "name": "New"})
    assert (reply.status, reply.error) == (400, "Project ID in body and URL must be the same")


async def test_strangers_learn_nothing_and_managers_may_not_change_the_project(stranger, manager, pid):
    for method in ("GET", "PUT", "DELETE"):
        assert (await stranger.call(method, f"/project/{pid}", {"name": "x"})).status == 404
    assert (await manager.put(f"/project/{pid}", {"name": "x"})).status == 403
    assert (await manager.delete(f"/project/{pid}")).status == 403
    assert await manager.read(f"/project/{pid}/role") == {"role": "manager", "permissions": 5}


async def test_nobody_gets_nothing(nobody, pid):
    assert (await nobody.get("/projects")).status == 401
    assert (await nobody.get(f"/project/{pid}")).status == 401


async def test_a_project_with_a_running_task_is_not_deleted_bug_001(admin, scene):
    at = f"/project/{scene.project.id}"
    template = await scene.template("hello.sh")
    task_id = await scene.launch(template)
    reply = await admin.delete(at)
    assert reply.status == 409
    assert str(task_id) in reply.error
    assert (await admin.get(at)).status == 200


async def test_a_project_is_deleted_with_everything_in_it(admin, scene):
    at = f"/project/{scene.project.id}"
    template = await scene.template("hello.sh")
    await scene.template("hello.sh", name="deploy", type="deploy", build_template_id=template.id)
    await Task.filter(id=await scene.launch(template)).update(status=SUCCESS)
    key = (await admin.read(f"{at}/keys"))[0]["id"]
    inventory = {"name": "I", "type": "static", "ssh_key_id": key, "template_id": template.id}
    await admin.made(f"{at}/inventory", inventory)
    secrets = [{"operation": "create", "type": "var", "name": "a", "secret": "b"}]
    await admin.made(f"{at}/environment", {"name": "E", "json": "{}", "secrets": secrets})
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404
    assert await Key.filter(project_id=scene.project.id).count() == 0
    assert await Template.all().count() == 0
    assert (await Event.filter(project_id=None).order_by("-id").first()).description == "Project Scene deleted"


async def test_an_administrator_who_is_no_member_has_every_right_but_no_role(people, hub):
    from hub.models import User
    from hub.services.actor import Actor

    owner_id, _ = await people.somebody("owner")
    project = await Project.create(name="Foreign", created=hub.clock())
    await Membership.create(project=project, user_id=owner_id, role="owner")
    second = await User.create(created=hub.clock(), username="root2", name="R", email="r@example.org", admin=True)
    admin = await people.client(Actor("user", second.id, "root2", "R", admin=True))
    assert await admin.read(f"/project/{project.id}/role") == {"role": "", "permissions": 0}
    assert (await admin.put(f"/project/{project.id}", {"name": "Renamed"})).status == 204


async def test_members_are_listed_sorted_as_asked(admin, people, pid):
    await people.somebody("zoe", project_id=pid, role="guest")
    listed = await admin.read(f"/project/{pid}/users?sort=username&order=desc")
    assert [one["username"] for one in listed] == ["zoe", "admin"]
    assert set(listed[0]) == {"id", "username", "name", "role"}
    reply = await admin.get(f"/project/{pid}/users?sort=age")
    assert (reply.status, reply.error) == (400, "invalid sort column")


async def test_a_member_is_added_changed_and_removed(admin, people, pid):
    user_id, client = await people.somebody("new")
    at = f"/project/{pid}/users"
    assert (await admin.post(at, {"user_id": user_id, "role": "guest"})).status == 204
    assert (await client.read(f"/project/{pid}/role"))["role"] == "guest"
    assert (await admin.post(at, {"user_id": user_id, "role": "guest"})).status == 409
    assert (await admin.put(f"{at}/{user_id}", {"role": "manager"})).status == 204
    person = await admin.read(f"{at}/{user_id}")
    assert person["email"] == "new@example.org"
    assert "totp" not in person
    assert "password_hash" not in person
    assert (await admin.delete(f"{at}/{user_id}")).status == 204
    assert (await admin.get(f"{at}/{user_id}")).status == 404
    texts = [event["description"] for event in await admin.read(f"/project/{pid}/events")]
    assert texts[:3] == [
        f"User ID {user_id} removed from team",
        f"Changed role for User ID {user_id}",
        f"User ID {user_id} added to team",
    ]


@pytest.mark.parametrize("role", ["", "king", "Owner"])
async def test_unknown_roles_are_refused(admin, people, pid, role):
    user_id, _ = await people.somebody("new")
    assert (await admin.post(f"/project/{pid}/users", {"user_id": user_id, "role": role})).status == 400


async def test_unknown_people_are_a_conflict(admin, pid):
    assert (await admin.post(f"/project/{pid}/users", {"user_id": 999, "role": "guest"})).status == 409


async def test_only_owners_change_the_team(manager, people, pid):
    user_id, _ = await people.somebody("new")
    at = f"/project/{pid}/users"
    assert (await manager.post(at, {"user_id": user_id, "role": "owner"})).status == 403
    assert (await manager.delete(f"{at}/1")).status == 403


async def test_an_owner_can_neither_demote_nor_remove_himself_nor_leave(people, pid):
    user_id, owner = await people.somebody("boss", project_id=pid, role="owner")
    at = f"/project/{pid}/users/{user_id}"
    assert (await owner.put(at, {"role": "guest"})).status == 400
    assert (await owner.delete(at)).status == 400
    assert (await owner.delete(f"/project/{pid}/me")).status == 400
    assert (await owner.read(f"/project/{pid}/role"))["role"] == "owner"


async def test_a_member_may_leave_and_a_stranger_has_nothing_to_leave(guest, stranger, pid):
    assert (await guest.delete(f"/project/{pid}/me")).status == 204
    assert (await guest.get(f"/project/{pid}")).status == 404
    assert (await stranger.delete(f"/project/{pid}/me")).status == 404


async def test_events_hold_every_member_of_the_wire(admin, pid, stranger):
    [event] = await admin.read(f"/events/last?project_id={pid}")
    assert set(event) == {
        "user_id", "project_id", "integration_id", "object_id", "object_type", "description", "created", "object_name",
        "project_name", "username", "actor",
    }  # fmt: skip
    assert event["username"] == "admin"
    assert [event] == await admin.read(f"/project/{pid}/events/last")
    assert {one["object_type"] for one in await admin.read("/events")} == {"project", "token"}
    assert await stranger.read("/events") == []
