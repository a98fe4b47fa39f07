"""Projects and their things on every database: what the API's tests show on SQLite holds on PostgreSQL, too."""

from __future__ import annotations

import asyncio

import pytest

from hub.errors import Conflict, InUse
from hub.models import Environment, Inventory, Key, Project, Repository, Task, Template
from hub.services import demo, environments, inventories, keys, projects, repositories, templates, views
from hub.services.actor import SYSTEM
from hub.services.environments import EnvironmentDraft
from hub.services.inventories import InventoryDraft
from hub.services.keys import KeyDraft
from hub.services.listing import Asked
from hub.services.projects import ProjectDraft
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.template_drafts import TemplateDraft
from hub.testing.booted import administrator, booted

pytest_plugins = ["hub.testing.databases"]


@pytest.fixture
async def anywhere(url, plugins):
    """A hub with a demo project, on each database."""
    async with booted(plugins=plugins, database_url=url) as hub:
        await demo.ensure_demo(hub)
        yield hub


async def test_a_project_with_everything_is_deleted_whole(anywhere):
    actor = await administrator()
    project = await Project.get(name="Demo")
    build, deploy = await Template.get(type="build"), await Template.get(type="deploy")
    made = await launch(anywhere, actor, project.id, TaskDraft(template_id=build.id))
    second = await launch(anywhere, actor, project.id, TaskDraft(template_id=deploy.id, build_task_id=made["id"]))
    with pytest.raises(Conflict):
        await projects.delete_project(anywhere, actor, project.id)
    await Task.filter(id__in=[made["id"], second["id"]]).update(status="success")
    await projects.delete_project(anywhere, actor, project.id)
    for model in (Project, Template, Task, Key, Inventory, Repository, Environment):
        assert await model.all().count() == 0


async def test_lists_and_refs_are_read_on_every_database(anywhere):
    actor, project = await administrator(), await Project.get(name="Demo")
    inventory = await Inventory.get(project_id=project.id, name="This machine")
    names = [one["name"] for one in (await inventories.inventory_refs(actor, project.id, inventory.id))["templates"]]
    assert names == sorted(names)
    assert len(names) == 5
    key = await Key.get(project_id=project.id, type="none")
    refs = await keys.key_refs(actor, project.id, key.id)
    assert (len(refs["repositories"]), len(refs["inventories"]), refs["templates"]) == (1, 1, [])
    for column in templates.LISTING.sorts:
        assert len(await templates.list_templates(actor, project.id, Asked(sort=column, order="desc"))) == 6
    tools = [one for one in await views.list_views(actor, project.id) if one["title"] == "Tools"]
    assert len(await views.templates_of_view(actor, project.id, tools[0]["id"])) == 3


async def test_a_vault_key_is_reported_once_and_kept(anywhere):
    actor, project = await administrator(), await Project.get(name="Demo")
    key = await keys.create_key(anywhere, actor, project.id, KeyDraft(name="V", type="string", string="x"))
    template = await templates.list_templates(actor, project.id, Asked(filters={"app": "ansible"}))
    vaults = [{"type": "password", "vault_key_id": key["id"], "name": name} for name in ("a", "b")]
    draft = TemplateDraft.read(template[0] | {"vaults": vaults})
    await templates.update_template(anywhere, actor, project.id, template[0]["id"], draft)
    assert len((await keys.key_refs(actor, project.id, key["id"]))["templates"]) == 1
    with pytest.raises(InUse, match="Ping localhost"):
        await keys.delete_key(anywhere, actor, project.id, key["id"])


async def test_a_group_and_its_secrets_land_together_or_not_at_all(anywhere):
    actor, project = await administrator(), await Project.get(name="Demo")
    body = {"name": "G", "secrets": [{"operation": "create", "type": "var", "name": "a", "secret": "1"}]}
    made = await environments.create_environment(anywhere, actor, project.id, EnvironmentDraft.read(body))
    before = await Key.all().count()
    body["secrets"] += [{"operation": "delete", "id": 999}]
    with pytest.raises(Exception, match="no such secret"):
        await environments.update_environment(anywhere, actor, project.id, made["id"], EnvironmentDraft.read(body))
    assert await Key.all().count() == before


async def test_what_comes_into_use_meanwhile_is_not_deleted(anywhere, monkeypatch):
    """The check finds nothing, and still the database holds on to what is used."""
    actor, project = await administrator(), await Project.get(name="Demo")

    async def nothing(project_id, row_id):
        return {}

    monkeypatch.setattr("hub.services.refs.of_inventory", nothing)
    monkeypatch.setattr("hub.services.refs.of_repository", nothing)
    inventory, repository = await Inventory.get(name="This machine"), await Repository.get(name="Demo")
    with pytest.raises(InUse):
        await inventories.delete_inventory(anywhere, actor, project.id, inventory.id)
    with pytest.raises(InUse):
        await repositories.delete_repository(anywhere, actor, project.id, repository.id)
    assert await Inventory.exists(id=inventory.id)


async def test_what_vanishes_meanwhile_is_a_conflict(anywhere, monkeypatch):
    actor, project = await administrator(), await Project.get(name="Demo")

    async def believes(model, project_id, row_id, field, **further):
        return row_id or None

    monkeypatch.setattr("hub.services.inventories.refer", believes)
    draft = InventoryDraft(name="I", type="static", ssh_key_id=999)
    with pytest.raises(Conflict, match="meanwhile"):
        await inventories.create_inventory(anywhere, actor, project.id, draft)


async def test_the_hub_itself_makes_projects_without_an_owner(anywhere):
    made = await projects.create_project(anywhere, SYSTEM, ProjectDraft(name="System"))
    assert await projects.role_in_project(SYSTEM, made["id"]) == {"role": "", "permissions": 0}


async def test_changes_made_at_once_all_land(anywhere):
    actor = await administrator()
    made = await asyncio.gather(*[
        projects.create_project(anywhere, actor, ProjectDraft(name=f"P{number}")) for number in range(10)
    ])  # fmt: skip
    assert len({one["id"] for one in made}) == 10
