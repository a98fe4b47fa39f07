"""Pages of variable groups: faults beside their rows, secrets that are renamed and never come back, what uses them."""

from __future__ import annotations

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Environment, Inventory, Key, Template
from hub.services.keys import read_secret
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def root(scene: Scene) -> str:
    return f"/project/{scene.project.id}/environment"


async def test_names_that_are_there_twice_are_refused_where_they_stand(reader: Reader, root: str) -> None:
    page = f"{root}/new"
    doubled = await reader.send(page, {"name": "G", "json": '{"a": 1, "a": 2}'})
    assert 'id="f-json-error">The name a is there twice.' in doubled.text
    lines = await reader.send(page, {"name": "G", "env": "A=1\nA=2"})
    assert 'id="f-env-error">The name A is there twice.' in lines.text
    rows = {"secret-0-name": "TOKEN", "secret-0-value": "canary-1", "secret-0-type": "env",
            "secret-1-name": "TOKEN", "secret-1-value": "canary-2", "secret-1-type": "env"}  # fmt: skip
    secrets = await reader.send(page, {"name": "G", **rows})
    assert secrets.status == 400
    assert secrets.text.index("This name is there twice.") > secrets.text.index('id="secret-1-name"')
    assert secrets.text.count('value="TOKEN"') == 2  # what was typed is kept, but for the secrets
    assert "canary" not in secrets.text
    assert "Type the secrets once more" in secrets.text
    assert not await Environment.exists(name="G")


async def test_a_secret_is_renamed_and_another_deleted(hub: Hub, scene: Scene, reader: Reader, root: str) -> None:
    rows = {"secret-0-name": "OLD", "secret-0-value": "canary-1", "secret-0-type": "var",
            "secret-1-name": "GONE", "secret-1-value": "canary-2", "secret-1-type": "env"}  # fmt: skip
    await reader.send(f"{root}/new", {"name": "G", **rows})
    group = await Environment.get(name="G")
    old, gone = await Key.filter(environment=group).order_by("id")
    shown = (await reader.get(f"{root}/{group.id}")).text
    assert "canary" not in shown
    assert "No template uses this group." in shown
    template = await scene.template("hello.sh", name="Deploy", environment=group)
    assert f'href="/project/{scene.project.id}/templates/{template.id}">Deploy<' in (
        await reader.get(f"{root}/{group.id}")
    ).text  # fmt: skip
    hosts = await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="web1")
    place = f"/project/{scene.project.id}/inventory/{hosts.id}"
    assert "No template uses this inventory." in (await reader.get(place)).text
    await Template.filter(id=template.id).update(inventory_id=hosts.id)
    assert f'href="/project/{scene.project.id}/templates/{template.id}">Deploy<' in (await reader.get(place)).text
    renamed = {"secret-0-id": str(old.id), "secret-0-name": "NEW", "secret-0-value": "", "secret-0-type": "var"}
    assert (await reader.send(f"{root}/{group.id}", {"name": "G", **renamed})).status == 303
    kept = await Key.get(environment=group)
    assert (kept.id, kept.name, await read_secret(hub, kept)) == (old.id, "NEW", {"string": "canary-1"})
    assert not await Key.exists(id=gone.id)
