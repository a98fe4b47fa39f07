"""Repositories over the API."""

from __future__ import annotations

import pytest

from hub.models import Repository

HTTPS = "https://example.org/code.git"


@pytest.fixture
def body(none_key):
    return {"name": "Code", "git_url": HTTPS, "git_branch": "main", "ssh_key_id": none_key}


async def test_a_repository_is_made_read_replaced_and_deleted(admin, pid, none_key, body):
    made = await admin.made(f"/project/{pid}/repositories", {**body, "project_id": pid})
    at = f"/project/{pid}/repositories/{made['id']}"
    assert made == {"id": made["id"], "project_id": pid, **body}
    assert await admin.read(at) == made
    assert await admin.read(f"/project/{pid}/repositories") == [made]
    new = {**body, "id": made["id"], "name": "New", "git_url": "git@example.org:code.git"}
    assert (await admin.put(at, new)).status == 204
    assert (await admin.read(at))["git_url"] == "git@example.org:code.git"
    assert set(await admin.read(f"{at}/refs")) >= {"templates", "inventories", "schedules"}
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).status == 404
    texts = [one["description"] for one in await admin.read(f"/project/{pid}/events")]
    assert texts[1:3] == ["Repository git@example.org:code.git updated", f"Repository {HTTPS} created"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": ""}, "repository name can't be empty"),
        ({"git_url": ""}, "repository url can't be empty"),
        ({"git_branch": ""}, "repository branch can't be empty"),
        ({"project_id": 99}, "Project ID in body and URL must be the same"),
        ({"git_url": "ext::sh -c id"}, None),
        ({"git_url": "file:///etc"}, None),
        ({"git_url": "/etc"}, None),
        ({"git_url": "https://user:secret@example.org/a.git"}, None),
        ({"git_url": "--upload-pack=id"}, None),
        ({"git_branch": "--force"}, None),
        ({"git_branch": "a..b"}, None),
    ],
)
async def test_addresses_that_git_must_not_see_are_refused(admin, pid, body, change, text):
    reply = await admin.post(f"/project/{pid}/repositories", body | change)
    assert reply.status == 400
    assert text is None or reply.error == text
    assert await Repository.all().count() == 0


async def test_an_update_is_checked_like_a_new_one(admin, pid, body):
    made = await admin.made(f"/project/{pid}/repositories", body)
    at = f"/project/{pid}/repositories/{made['id']}"
    assert (await admin.put(at, body | {"git_url": "ext::sh"})).status == 400
    reply = await admin.put(at, body | {"id": made["id"] + 1})
    assert (reply.status, reply.error) == (400, "Repository ID in body and URL must be the same")
    assert await admin.read(at) == made


async def test_a_key_must_be_one_of_the_project(admin, pid, other, body):
    foreign = (await admin.read(f"/project/{other}/keys"))[0]["id"]
    assert (await admin.post(f"/project/{pid}/repositories", body | {"ssh_key_id": foreign})).status == 404
    assert (await admin.post(f"/project/{pid}/repositories", body | {"ssh_key_id": 0})).status == 404


async def test_local_paths_need_no_branch_and_must_lie_below_a_root(hub, admin, pid, body):
    inside = str(hub.settings.data_dir / "repositories" / "x")
    made = await admin.made(f"/project/{pid}/repositories", body | {"git_url": inside, "git_branch": ""})
    assert made["git_branch"] == ""
    outside = str(hub.settings.data_dir / "repositories" / ".." / "vault.json")
    assert (await admin.post(f"/project/{pid}/repositories", body | {"git_url": outside})).status == 400


async def test_repositories_of_other_projects_do_not_exist(admin, pid, other, none_key, body):
    made = await admin.made(f"/project/{pid}/repositories", body)
    for method in ("GET", "PUT", "DELETE"):
        path = f"/project/{other}/repositories/{made['id']}"
        assert (await admin.call(method, path, body | {"ssh_key_id": 0})).status == 404
    assert (await admin.get(f"/project/{other}/repositories/{made['id']}/branches")).status == 404


async def test_branches_are_whole_names_asked_of_a_worker(admin, stage):
    from hub.testing.scene import _git

    _git(stage.folder, "branch", "feature/deep/name")
    at = f"/project/{stage.project.id}/repositories/{stage.repository.id}/branches"
    assert sorted(await admin.read(at)) == ["feature/deep/name", "main"]


async def test_a_repository_in_use_is_not_deleted(admin, scene):
    await scene.template("hello.sh", name="Uses it")
    reply = await admin.delete(f"/project/{scene.project.id}/repositories/{scene.repository.id}")
    assert (reply.status, reply.json["inUse"]) == (400, True)
    assert reply.error.startswith("Repository is in use by one or more templates")
    assert "Uses it" in reply.error


async def test_only_those_who_manage_resources_write(guest, runner, stranger, manager, pid, body):
    for client in (guest, runner):
        assert (await client.post(f"/project/{pid}/repositories", body)).status == 403
        assert await client.read(f"/project/{pid}/repositories") == []
    assert (await stranger.post(f"/project/{pid}/repositories", body)).status == 404
    await manager.made(f"/project/{pid}/repositories", body)
