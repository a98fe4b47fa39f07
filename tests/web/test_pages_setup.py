"""First steps without scripts: from the address of a repository to a task, and back on the way where one is refused."""

from __future__ import annotations

import html
import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Inventory, Key, Membership, Repository, Task, Template
from hub.services import setup, users
from hub.services.users import UserDraft
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader, Sheet
from hub.testing.scene import Scene, make_repository
from hub.web.app import make_app

FILES = {
    "site.yml": "- hosts: all\n  tasks: []\n",
    "vars.yml": "a: 1\n",
    "scripts/nightly_backup.sh": "echo backup\n",
    "inventories/prod.ini": "[web]\nweb1\n",
}


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def url(stage: Scene) -> str:
    return str(make_repository(stage.hub.settings.data_dir / "repositories" / "ops.git", FILES))


async def sent(reader: Reader, path: str, **form: str) -> Sheet:
    sheet = await reader.send(path, form)
    assert sheet.status == 303, re.findall(r'role="alert"[^§]{0,600}', sheet.text)
    return sheet


async def test_a_new_project_begins_with_a_repository(stage: Scene, reader: Reader, url: str) -> None:
    begun = await sent(reader, "/project/new", name="Fresh")
    assert "Set up from a repository" in (await reader.follow(begun)).text
    wrong = await reader.send(begun.place, {"git_url": url + "x", "access": ""})
    assert wrong.status == 400
    assert not await Repository.exists(name="ops")
    choice = await sent(reader, begun.place, git_url=url, access="")
    text = html.unescape((await reader.follow(choice)).text)
    assert re.search(r'value="ansible\|site.yml" checked', text), "the playbook of everything is chosen"
    assert "The file inventories/prod.ini" in text
    assert "vars.yml" in text, "what has no plays is there too, folded"
    again = await sent(reader, begun.place, git_url=url, access="")
    assert again.place == choice.place, "whoever comes back goes on with what is there"
    task = await sent(reader, choice.place, pick="bash|scripts/nightly_backup.sh", run="yes", where="local")
    assert re.search(r"/tasks/\d+$", task.place)
    template = await Template.get(name="Nightly backup")
    assert (template.app, template.playbook, template.inventory_id) == ("bash", "scripts/nightly_backup.sh", None)
    assert await Task.filter(template=template).count() == 1


async def test_hosts_come_from_the_repository_this_machine_or_the_page(stage: Scene, reader: Reader, url: str):
    root = f"/project/{stage.project.id}/setup"
    choice = (await sent(reader, root, git_url=url, access="")).place
    await sent(reader, choice, pick="ansible|site.yml", where="file:inventories/prod.ini", name="From a file")
    of_file = await Inventory.get(id=(await Template.get(name="From a file")).inventory_id)
    assert (of_file.type, of_file.inventory, of_file.name) == ("file", "inventories/prod.ini", "inventories/prod.ini")
    await sent(reader, choice, pick="ansible|site.yml", where="local", name="Here")
    await sent(reader, choice, pick="ansible|site.yml", where="local", name="Here again")
    assert await Inventory.filter(name="This machine").count() == 1
    empty = await reader.send(choice, {"pick": "ansible|site.yml", "where": "paste", "hosts": " "})
    assert "Write down at least one host" in empty.text
    wrong = await reader.send(choice, {"pick": "ansible|site.yml", "where": "paste", "hosts": "[web\r\n", "name": "No"})
    assert "Line 1" in wrong.text
    assert not await Template.exists(name="No")
    await sent(reader, choice, pick="ansible|site.yml", where="paste", hosts="[web]\r\nweb1\r\n", name="Written")
    assert (await Inventory.get(name="Hosts")).inventory == "[web]\nweb1\n"
    nothing = await reader.send(choice, {"where": "local"})
    assert "Choose what to run" in nothing.text


async def test_a_key_is_made_or_pasted_on_the_way(stage: Scene, reader: Reader) -> None:
    root = f"/project/{stage.project.id}/setup"
    made = await reader.send(root, {"git_url": "git@127.0.0.1:group/web.git", "access": "make"})
    key = await Key.get(project=stage.project, type="ssh")
    assert key.name == "web"
    assert "ssh-ed25519 " in made.text
    assert f'<option value="{key.id}" selected' in made.text
    empty = await reader.send(root, {"git_url": "git@127.0.0.1:group/web.git", "access": "paste", "private_key": ""})
    assert "Enter the secret" in empty.text
    assert await Key.filter(project=stage.project).exclude(type="none").count() == 1


async def test_who_may_only_run_is_not_led_there(stage: Scene, app: Quart) -> None:
    draft = UserDraft.read({"name": "R", "username": "runner", "email": "r@example.org", "password": PASSWORD})
    user = await users.create_user(stage.hub, stage.actor, draft)
    await Membership.create(project=stage.project, user_id=user["id"], role="task_runner")
    reader = Reader(app)
    await reader.sign_in("runner", PASSWORD)
    assert (await reader.get(f"/project/{stage.project.id}/setup")).status == 403


@pytest.mark.parametrize(
    ("path", "name"),
    [("plays/deploy_app.yml", "Deploy app"), ("infra/net", "Net"), (".", "Run"), ("a.b-c.sh", "A b c")],
)
def test_names_are_taken_from_paths(path: str, name: str) -> None:
    assert setup.template_name(path) == name


def test_names_are_taken_from_addresses_and_kept_apart() -> None:
    assert setup.repository_name("git@example.com:ops/web.git") == "web"
    assert setup.repository_name("https://example.com/ops/web/") == "web"
    assert setup.fresh("web", {"web", "web 2"}) == "web 3"
