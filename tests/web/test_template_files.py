"""A template as a file: with all that it names, and into the same or another project."""

from __future__ import annotations

import json
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.db import transaction
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import (
    Environment,
    Integration,
    Inventory,
    Key,
    Project,
    Repository,
    Schedule,
    Template,
    TemplateVault,
    View,
)
from hub.services.backup.document import KINDS
from hub.services.backup.param_keys import name_keys
from hub.services.backup.picture import take
from hub.services.backup.template_file import ImportDraft, export, put
from hub.services.backup.template_part import part
from hub.services.keys import write_secret
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app
from hub.web.template_texts import parsed, written

from .live_server import person


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def rich(scene: Scene) -> Template:
    """A template that names one of everything, beside things that it does not name."""
    own = {"project": scene.project}
    login = await Key.create(**own, name="Login", type="login_password")
    await write_secret(scene.hub, login.id, {"password": "canary-1"})
    vault = await Key.create(**own, name="Vault", type="login_password")
    await Key.create(**own, name="Stranger", type="none")
    hosts = await Inventory.create(**own, name="Hosts", type="static", inventory="[all]\nweb1\n", ssh_key=login)
    group = await Environment.create(**own, name="Group", json='{"a": 1}')
    template = await scene.template(
        "site.yml", name="Deploy", app="ansible", inventory=hosts, environment=group,
        view=await View.create(**own, title="Nightly"),
        survey_vars=[{"name": "size", "title": "Size", "type": "int", "default_value": "3"}],
    )  # fmt: skip
    await TemplateVault.create(template=template, name="dev", type="password", vault_key=vault)
    await Schedule.create(**own, template=template, name="Night", cron_format="0 3 * * *", active=True)
    await Integration.create(**own, template=template, name="Push", active=True)
    await scene.template("hello.sh", name="Stranger")
    return template


async def taken(scene: Scene, template: Template) -> dict[str, Any]:
    return await export(scene.hub, scene.actor, scene.project.id, template.id)


async def into(scene: Scene, project: Project, document: Any, **more: Any) -> dict[str, Any]:
    dry_run = more.pop("dry_run", False)
    draft = ImportDraft.read({"document": document, **more})
    return await put(scene.hub, scene.actor, project.id, draft, dry_run=dry_run)


def states(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {(one["kind"], one["name"]): one["state"] for one in report["changes"]}


async def test_a_file_holds_what_the_template_names_and_no_secret(scene: Scene) -> None:
    document = await taken(scene, await rich(scene))
    names = {
        kind: [one.get("name") or one.get("title") for one in found]
        for kind, found in document.items()
        if isinstance(found, list)
    }
    assert names == {
        "environments": ["Group"], "views": ["Nightly"], "keys": ["Login", "None", "Vault"], "repositories": ["Scene"],
        "inventories": ["Hosts"], "templates": ["Deploy"], "integrations": ["Push"], "schedules": ["Night"],
    }  # fmt: skip
    assert "Stranger" not in json.dumps(document)
    assert "canary" not in json.dumps(document)
    assert "web1" in json.dumps(document)


async def test_a_file_is_read_without_the_rest_of_the_project_and_is_the_same(scene: Scene) -> None:
    template = await rich(scene)
    own = {"project": scene.project}
    jump = await Key.create(**own, name="Login", type="ssh")
    alike = await scene.template("site.yml", name="Deploy", app="ansible", build_template=template, type="deploy",
                                 task_params={"jump_key": jump.id})  # fmt: skip
    await Inventory.create(**own, name="Hosts", type="static", inventory="web2", template=alike,
                           become_key=await Key.get(name="Stranger"), repository=template.repository)  # fmt: skip
    other = await Inventory.create(**own, name="Night hosts", type="static", inventory="web3", template=template)
    await Schedule.filter(template=template).update(task_params={"inventory_id": other.id})
    async with transaction():
        whole = await name_keys(scene.hub, await take(scene.project.id))
        small = await part(scene.hub, scene.project.id, template.id)
    assert (small.ids("templates"), "Stranger" in whole.ids("templates")) == ({"Deploy": template.id}, True)
    for one in (template, alike):
        name = next(entry.key for entry, row_id in whole.things["templates"] if row_id == one.id)
        file = await taken(scene, one)
        assert (file["template"], file["templates"][0]["name"]) == (name, name)
        known = {kind: {entry.key: entry.shape() for entry, _ in whole.things[kind]} for kind in KINDS}
        for kind, member in (("keys", "name"), ("repositories", "name"), ("environments", "name"), ("views", "title")):
            assert all(found == known[kind][found[member]] for found in file.get(kind, ()))
    assert [one["name"] for one in file["templates"]] == [name, "Deploy"]
    assert name.startswith("Deploy - ")
    assert {one["name"] for one in file["inventories"]} > {"Hosts"}
    assert {one["name"] for one in (await taken(scene, template))["inventories"]} == {"Hosts", "Night hosts"}
    assert [one["type"] for one in file["keys"] if one["name"].startswith("Login")] == ["login_password", "ssh"]


@pytest.mark.parametrize("form", ["yaml", "json"])
async def test_what_is_exported_arrives_the_same_in_another_project(scene: Scene, form: str) -> None:
    document = await taken(scene, await rich(scene))
    other = await Project.create(name="Other", created=scene.hub.clock())
    read = parsed(written(document, form)[0].decode())
    assert read == document
    looked = await into(scene, other, read, dry_run=True)
    assert not await Template.filter(project=other).exists()
    done = await into(scene, other, read)
    assert states(looked) == states(done)
    assert set(states(done).values()) == {"added"}
    assert sorted(done["missing_secrets"]) == ["keys/Login", "keys/Vault"]
    made = await Template.get(id=done["template_id"])
    again = await export(scene.hub, scene.actor, other.id, made.id)
    for kind in ("templates", "inventories", "environments", "repositories", "views"):
        assert again[kind] == document[kind]
    assert [one.active for one in await Schedule.filter(project=other)] == [False]
    assert [one.active for one in await Integration.filter(project=other)] == [False]
    assert any("switched off" in one for one in done["warnings"])


async def test_what_the_project_has_is_used_and_never_changed(scene: Scene) -> None:
    template = await rich(scene)
    document = await taken(scene, template)
    await Inventory.filter(name="Hosts").update(inventory="[all]\nweb2\n")
    with pytest.raises(Conflict, match="“Deploy”"):
        await into(scene, scene.project, document)
    done = await into(scene, scene.project, document, name="Deploy again", starters=False)
    assert done["template_id"] != template.id
    found = states(done)
    assert found[("inventories", "Hosts")] == "differs"
    assert found[("environments", "Group")] == "used"
    assert found[("templates", "Deploy again")] == "added"
    assert (await Inventory.get(name="Hosts")).inventory == "[all]\nweb2\n"
    assert await Schedule.all().count() == 1
    fresh = await Template.get(id=done["template_id"])
    assert (fresh.inventory_id, fresh.environment_id) == (template.inventory_id, template.environment_id)


async def test_a_template_is_replaced_only_when_that_is_wished(scene: Scene) -> None:
    template = await rich(scene)
    document = await taken(scene, template)
    document["templates"][0]["description"] = "Changed"
    done = await into(scene, scene.project, document, replace=True)
    assert done["template_id"] == template.id
    assert (await Template.get(id=template.id)).description == "Changed"
    assert await Template.all().count() == 2


async def test_other_things_are_taken_where_somebody_says_so(scene: Scene) -> None:
    document = await taken(scene, await rich(scene))
    other = await Project.create(name="Other", created=scene.hub.clock())
    key = await Key.create(project=other, name="Theirs", type="none")
    repository = await Repository.create(project=other, name="Mine", git_url="x", git_branch="y", ssh_key=key)
    done = await into(scene, other, document, instead={"repositories": {"Scene": "Mine"}, "keys": {"Vault": "Theirs"}})
    made = await Template.get(id=done["template_id"])
    assert made.repository_id == repository.id
    assert (await TemplateVault.get(template=made)).vault_key_id == key.id
    assert ("repositories", "Scene") not in states(done)
    assert ("keys", "Vault") not in states(done)
    with pytest.raises(Invalid, match="no inventory named “Nowhere”"):
        await into(scene, other, document, name="Third", instead={"inventories": {"Hosts": "Nowhere"}})


async def test_what_is_no_file_of_a_template_is_refused_in_a_sentence(scene: Scene) -> None:
    one: dict[str, Any] = {"hub_template": 1, "template": "x"}
    for document, said in (
        ({}, "no file of a template"),
        ({"meta": {"name": "x"}}, "no file of a template"),
        ({"hub_template": 99, "template": "x"}, "newer hub"),
        (one | {"templates": []}, "does not hold the template"),
        (one | {"templates": "x"}, "write a list"),
        (one | {"templates": [{"name": "x", "repository": "No"}]}, "named “No”"),
    ):
        with pytest.raises(Invalid, match=said):
            await into(scene, scene.project, document)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "!!python/object/apply:os.system ['true']",
        "- a\n- b\n",
        "{",
        "\t",
        "a: b: c",
        "x" * (2 << 20),
    ],
)
def test_texts_that_are_more_than_data_are_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parsed(text)


def test_a_day_in_yaml_stays_a_text() -> None:
    assert parsed("start_version: 2030-01-31\n") == {"start_version": "2030-01-31"}


async def test_a_template_of_another_project_is_not_exported(scene: Scene) -> None:
    other = await Project.create(name="Other", created=scene.hub.clock())
    template = await rich(scene)
    with pytest.raises(NotFound):
        await export(scene.hub, scene.actor, other.id, template.id)


async def test_only_who_manages_the_project_exports_and_imports(scene: Scene) -> None:
    template = await rich(scene)
    document = await taken(scene, template)
    runner = await person(scene, "runner", role="task_runner")
    with pytest.raises(Forbidden):
        await export(scene.hub, runner, scene.project.id, template.id)
    with pytest.raises(Forbidden):
        await put(scene.hub, runner, scene.project.id, ImportDraft.read({"document": document}))


async def test_the_page_shows_what_would_come_of_a_file_and_then_brings_it(scene: Scene, reader: Reader) -> None:
    template = await rich(scene)
    root = f"/project/{scene.project.id}/templates"
    file = await reader.get(f"{root}/{template.id}/export/file")
    assert file.headers["Content-Disposition"] == 'attachment; filename="Deploy.yaml"'
    asked = await reader.send(f"{root}/import", {"text": file.text, "do": "look"})
    assert asked.status == 400
    assert "A template is named “Deploy” already" in asked.text
    looked = await reader.send(f"{root}/import", {"text": file.text, "do": "look", "name": "Second", "again": "yes"})
    assert "is there, and is used" in looked.text
    assert await Template.all().count() == 2
    done = await reader.send(f"{root}/import", {"text": file.text, "do": "import", "name": "Second", "again": "yes"})
    second = await Template.get(name="Second")
    assert done.place == f"{root}/{second.id}/details"
    assert not await Schedule.filter(template=second).exists()
