"""Upkeep over the API: caches, memory, the subscription that nobody needs, alerts, and what hangs on things."""

from __future__ import annotations

from hub.models import Project, Task


def kept(hub) -> set[str]:
    root = hub.settings.data_dir
    return {entry.name for folder in ("mirrors", "shared") for entry in (root / folder).iterdir()
            if entry.is_dir() and not entry.name.startswith(".") and entry.name != "rubbish"
            and (folder == "shared" or entry.suffix == ".git")}  # fmt: skip


async def test_clearing_the_cache_forgets_mirrors_and_shared_folders(admin, stage, hub):
    template = await stage.template("hello.sh")
    assert (await stage.run(template))["status"] == "success"
    (hub.settings.data_dir / "shared" / "abc").mkdir()
    assert len(kept(hub)) == 2
    assert (await admin.call("HEAD", "/cache")).status == 204
    assert len(kept(hub)) == 2  # the wire clears it here, S7
    assert (await admin.delete("/cache")).status == 204
    assert kept(hub) == set()
    assert (await stage.run(template))["status"] == "success"


async def test_clearing_the_cache_of_a_project_leaves_the_mirrors_of_others(admin, stage, hub, pid):
    template = await stage.template("hello.sh")
    await stage.run(template)
    assert (await admin.delete(f"/project/{pid}/cache")).status == 204
    assert len(kept(hub)) == 1
    assert (await admin.delete(f"/project/{stage.project.id}/cache")).status == 204
    assert kept(hub) == set()


async def test_a_cache_in_use_is_not_cleared(admin, stage, hub):
    task_id = await stage.launch(await stage.template("wait.sh"))
    await stage.until_line(task_id, "begun")
    reply = await admin.delete("/cache")
    assert (reply.status, reply.error[:18]) == (503, "Tasks are running,")
    assert len(kept(hub)) == 1
    await admin.post(f"/project/{stage.project.id}/tasks/{task_id}/stop", {"force": True})
    await stage.until(task_id)


async def test_only_those_who_may_clear_caches(admin, guest, runner, stranger, pid):
    for client, status in ((guest, 403), (runner, 403), (stranger, 404)):
        assert (await client.delete(f"/project/{pid}/cache")).status == status
        for method in ("DELETE", "HEAD"):
            assert (await client.call(method, "/cache")).status == 403


async def test_upkeep_of_the_process_is_for_administrators(admin, manager):
    assert (await admin.post("/debug/gc")).status == 204
    assert (await admin.post("/debug/pprof/dump")).status == 400
    for path in ("/debug/gc", "/debug/pprof/dump"):
        assert (await manager.post(path)).status == 403


async def test_there_is_no_subscription_to_have(guest, nobody):
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/refresh")):
        reply = await guest.call(method, f"/subscription{path}")
        assert (reply.status, reply.error) == (404, "This hub needs no subscription: every feature is there.")
        assert (await nobody.call(method, f"/subscription{path}")).status == 401


async def test_alerts_can_be_tried_when_they_are_on(admin, guest, pid):
    at = f"/project/{pid}/notifications/test"
    assert (await admin.post(at)).status == 409
    await Project.filter(id=pid).update(alert=True)
    assert (await admin.post(at)).status == 204
    assert (await guest.post(at)).status == 403


async def test_what_hangs_on_a_project_a_person_and_a_view_is_told(admin, people, scene, stranger):
    view = await admin.made(f"/project/{scene.project.id}/views", {"title": "Build"})
    template = await scene.template("hello.sh", name="Hello", view_id=view["id"])
    await scene.launch(template)
    found = await admin.read(f"/project/{scene.project.id}/refs")
    assert [one["name"] for one in found["templates"]] == ["Hello"]
    assert (found["unfinished_tasks"], found["repositories"][0]["name"]) == (1, "Scene")
    assert (await stranger.get(f"/project/{scene.project.id}/refs")).status == 404
    user_id, member = await people.somebody("member", project_id=scene.project.id, role="guest")
    expected = {"projects": [{"id": scene.project.id, "name": "Scene", "role": "guest"}]}
    assert await admin.read(f"/users/{user_id}/refs") == expected == await member.read(f"/users/{user_id}/refs")
    assert (await stranger.get(f"/users/{user_id}/refs")).status == 403
    assert (await admin.get("/users/999/refs")).status == 404
    refs = await admin.read(f"/project/{scene.project.id}/views/{view['id']}/refs")
    assert [one["name"] for one in refs["templates"]] == ["Hello"]
    assert await Task.all().count() == 1
