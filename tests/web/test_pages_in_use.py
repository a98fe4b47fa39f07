"""What is in use is not deleted; the page and the API name all that uses it, with links."""

from __future__ import annotations

import re

import pytest
from quart import Quart

from hub.models import HostConfig, Inventory, Key, Membership, Repository, Role, Schedule, Template, User
from hub.services import keys
from hub.services.keys import KeyDraft
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

from .conftest import Client


@pytest.fixture
def app(scene: Scene) -> Quart:
    return make_app(scene.hub)


def links(page: str) -> list[str]:
    """Addresses of what uses a thing, as its refusal lists them."""
    listed = re.search(r'<ul class="used-by">(.*?)</ul>', page, re.DOTALL)
    assert listed, page
    return re.findall(r'href="([^"]+)"', listed[1])


async def key_of(scene: Scene) -> int:
    draft = KeyDraft.read({"project_id": scene.project.id, "name": "Shared", "type": "none"})
    return int((await keys.create_key(scene.hub, scene.actor, scene.project.id, draft))["id"])


async def test_a_key_names_everything_that_uses_it(reader: Reader, scene: Scene, admin: Client) -> None:
    key, pid = await key_of(scene), scene.project.id
    inventory = await Inventory.create(project_id=pid, name="Hosts", type="static", inventory="", ssh_key_id=key)
    repository = await Repository.create(project_id=pid, name="Code", git_url="x", git_branch="main", ssh_key_id=key)
    await HostConfig.create(project_id=pid, host="git.example.org", type="host", ssh_key_id=key)
    page = await reader.send(f"/project/{pid}/keys/{key}/delete")
    assert page.status == 400
    assert "It is still in use" in page.text
    assert "git.example.org" in page.text
    assert set(links(page.text)) == {
        f"/project/{pid}/inventory/{inventory.id}",
        f"/project/{pid}/repositories/{repository.id}",
    }
    for address in links(page.text):
        assert (await reader.get(address)).status == 200
    told = (await admin.delete(f"/project/{pid}/keys/{key}")).json
    assert told["inUse"] is True
    assert {(one["kind"], one["name"]) for one in told["users"]} == {
        ("inventory", "Hosts"), ("repository", "Code"), ("host_config", "git.example.org"),
    }  # fmt: skip
    assert await Key.filter(id=key).exists()


async def test_repositories_inventories_groups_and_templates_lead_to_what_uses_them(
    reader: Reader, scene: Scene
) -> None:  # fmt: skip
    pid = scene.project.id
    inventory = await Inventory.create(project_id=pid, name="Hosts", type="static", inventory="")
    template = await scene.template("hello.sh", name="Build", type="build", start_version="1")
    await Template.filter(id=template.id).update(inventory_id=inventory.id)
    deploy = await scene.template("hello.sh", name="Deploy", type="deploy", build_template_id=template.id)
    there = f"/project/{pid}/templates/{template.id}"
    for thing in (f"repositories/{scene.repository.id}", f"inventory/{inventory.id}"):
        assert there in links((await reader.send(f"/project/{pid}/{thing}/delete")).text)
    page = await reader.send(f"{there}/delete")
    assert links(page.text) == [f"/project/{pid}/templates/{deploy.id}"]
    assert (await reader.get(links(page.text)[0])).status in {200, 302, 303}


async def test_a_schedule_that_watches_a_repository_leads_to_its_template(reader: Reader, scene: Scene) -> None:
    pid = scene.project.id
    other = await Repository.create(
        project_id=pid, name="Watched", git_url="x", git_branch="main", ssh_key_id=scene.repository.ssh_key_id
    )
    template = await scene.template("hello.sh", name="Nightly")
    await Schedule.create(project_id=pid, template_id=template.id, name="Look", repository_id=other.id, active=False)
    page = await reader.send(f"/project/{pid}/repositories/{other.id}/delete")
    assert links(page.text) == [f"/project/{pid}/templates/{template.id}"]
    assert "Schedules of the template" in page.text


async def test_the_api_names_the_teams_that_have_a_role(admin: Client, scene: Scene) -> None:
    jane = await User.create(created=scene.hub.clock(), username="jane", name="Jane", email="jane@example.org")
    await Role.create(slug="operator", name="Operator", permissions=1)
    await Membership.create(project_id=scene.project.id, user_id=jane.id, role="operator")
    told = (await admin.delete("/roles/operator")).json
    assert told["users"] == [{"kind": "team", "id": scene.project.id, "name": scene.project.name}]
