"""Pages of the key store: pairs that the hub makes up, secrets that expire and are replaced, and what uses them."""

from __future__ import annotations

import re
from datetime import timedelta

import asyncssh
import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Event, Integration, Inventory, Key
from hub.services.keys import read_secret, write_secret
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def root(scene: Scene) -> str:
    return f"/project/{scene.project.id}/keys"


async def test_a_pair_is_made_used_and_replaced(hub: Hub, scene: Scene, reader: Reader, root: str) -> None:
    form = {"name": "Shop's deploy key", "generate": "ed25519", "login": "git", "passphrase": "open sesame"}
    made = await reader.send(f"{root}/generate", form)
    key = await Key.get(name="Shop's deploy key")
    assert made.place == f"{root}/{key.id}"
    secret = await read_secret(hub, key)
    first = asyncssh.import_private_key(secret["private_key"], "open sesame")
    shown = (await reader.get(made.place)).text
    line = re.search(r'id="public-key">([^<]+)<', shown)
    assert line
    assert line[1].split()[1] == first.export_public_key().decode().split()[1]
    assert line[1].endswith(" Shop-s-deploy-key")
    assert f"echo &#39;{line[1]}&#39; &gt;&gt;" in shown.replace("echo '", "echo &#39;").replace("' &gt;", "&#39; &gt;")
    assert first.get_fingerprint() in shown
    for hidden in ("open sesame", secret["private_key"].splitlines()[1]):
        assert hidden not in shown
    assert "Nothing uses this key." in shown
    assert ">git</code>" in shown
    assert 'value="git"' in (await reader.get(f"{made.place}/rotate")).text
    inventory = await Inventory.create(project=scene.project, name="Fleet", type="static", ssh_key=key)
    template = await scene.template("hello.sh")
    push = await Integration.create(project=scene.project, name="Push", template=template, auth_secret=key)
    uses = (await reader.get(made.place)).text
    assert f'href="/project/{scene.project.id}/inventory/{inventory.id}">Fleet<' in uses
    assert f'href="/project/{scene.project.id}/integrations/{push.id}">Push<' in uses
    rotated = await reader.send(f"{made.place}/rotate", {"generate": "ed25519", "expires": "2031-01-31"})
    assert rotated.place == made.place
    await key.refresh_from_db()
    again = await read_secret(hub, key)
    assert again["private_key"] != secret["private_key"]
    assert again["login"] == "git"
    assert f"{key.expires:%Y-%m-%d %H:%M}" == "2031-01-31 23:59"
    await inventory.refresh_from_db()
    assert inventory.ssh_key_id == key.id
    assert await Event.exists(object_type="key", object_id=key.id, description="Access Key Shop's deploy key rotated")
    refused = await reader.send(f"{made.place}/delete", {})
    assert f'href="/project/{scene.project.id}/integrations/{push.id}"' in refused.text


async def test_the_list_warns_of_secrets_past_their_time(hub: Hub, scene: Scene, reader: Reader, root: str) -> None:
    now = hub.clock()
    for name, days in (("Old", -1), ("Soon", 13), ("Fine", 60)):
        await Key.create(project=scene.project, name=name, type="string", expires=now + timedelta(days=days))
    rows = {
        name: row for row in (await reader.get(root)).text.split("<tr>")
        for name in ("Old", "Soon", "Fine") if f">{name}</a>" in row
    }  # fmt: skip
    assert ">expired<" in rows["Old"].replace("</svg>expired", ">expired")
    assert "expires soon" in rows["Soon"]
    assert "expire" not in rows["Fine"]
    key = await Key.get(name="Soon")
    assert "replace it in time" in (await reader.get(f"{root}/{key.id}")).text
    before = key.expires
    await reader.send(f"{root}/{key.id}", {"name": "Soon", "type": "string", "expires": f"{before:%Y-%m-%d}"})
    await key.refresh_from_db()
    assert key.expires == before  # the day was not touched
    wrong = await reader.send(f"{root}/{key.id}", {"name": "Soon", "type": "string", "expires": "never"})
    assert 'id="f-expires-error">Write a day such as 2030-01-31.' in wrong.text
    await reader.send(f"{root}/{key.id}", {"name": "Soon", "type": "string", "expires": ""})
    await key.refresh_from_db()
    assert key.expires is None


async def test_a_login_gets_a_new_password_and_keeps_its_name(
    hub: Hub, scene: Scene, reader: Reader, root: str
) -> None:
    key = await Key.create(project=scene.project, name="Registry", type="login_password")
    await write_secret(hub, key.id, {"login": "robot", "password": "first"})
    page = f"{root}/{key.id}/rotate"
    assert "first" not in (await reader.get(page)).text
    empty = await reader.send(page, {"login_password-login": "", "login_password-password": ""})
    assert "Enter the new secret that is to take the place of the old one." in empty.text
    assert (await reader.send(page, {"login_password-password": "second"})).status == 303
    assert await read_secret(hub, await Key.get(id=key.id)) == {"login": "robot", "password": "second"}
