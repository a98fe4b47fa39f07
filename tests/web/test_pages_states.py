"""The pages of a Terraform state: versions, what changed, going back, the lock, and addresses; each for whom it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Event, Inventory, Key, Membership, Project, State, StateAlias, StateLock, User
from hub.services import state_rows, state_texts
from hub.services.passwords import hash_password
from hub.services.state_rows import Version
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.web.app import make_app

LINEAGE = "3b1e4f6a-0000-4000-8000-000000000001"
SECRET = "canary-of-an-attribute-9921"


def text(serial: int, servers: dict[str, Any], **outputs: Any) -> bytes:
    instances = [{"index_key": name, "attributes": given} for name, given in servers.items()]
    resources = [{"mode": "managed", "type": "terraform_data", "name": "server", "instances": instances}]
    return json.dumps({"version": 4, "serial": serial, "lineage": LINEAGE, "resources": resources,
                       "outputs": outputs}).encode()  # fmt: skip


FIRST = text(1, {"web": {"input": SECRET}, "db": {"input": "a"}}, pin={"value": SECRET, "sensitive": True},
             count={"value": 2})  # fmt: skip
SECOND = text(2, {"web": {"input": "changed", "id": 5}, "cache": {"input": "a"}},
              pin={"value": "changed", "sensitive": True}, count={"value": 3})  # fmt: skip


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def inventory(hub: Hub) -> Inventory:
    """A workspace with two versions of its state."""
    project = await Project.create(name="P", created=hub.clock())
    inventory = await Inventory.create(project=project, name="Live", type="terraform-workspace", inventory="default")
    for body in (FIRST, SECOND):
        head = state_texts.read_head(body)
        await state_rows.add(
            hub, Version(project.id, inventory.id, None, state_texts.pack(body), head.serial, head.lineage)
        )
    return inventory


@pytest.fixture
def root(inventory: Inventory) -> str:
    return f"/project/{inventory.project_id}/inventory/{inventory.id}"


async def reader(app: Quart, name: str = "admin") -> Reader:
    one = Reader(app)
    await one.sign_in(name, PASSWORD)
    return one


async def guest(hub: Hub, inventory: Inventory) -> None:
    user = await User.create(created=hub.clock(), username="mary", name="Mary", email="m@example.org",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip
    await Membership.create(project_id=inventory.project_id, user=user, role="guest")


async def test_a_version_shows_what_changed_and_never_what_is_secret(hub, app, inventory, root):
    admin = await reader(app)
    assert f'href="{root}/states"' in (await admin.get(root)).text
    assert f'href="{root}/states/2"' in (await admin.get(f"{root}/states")).text
    page = (await admin.get(f"{root}/states/2")).text
    assert 'terraform_data.server[&#34;web&#34;] <span class="text-secondary">id, input</span>' in page
    for part in ("server[&#34;cache&#34;]", "server[&#34;db&#34;]", "<code>3</code>"):
        assert part in page
    assert "pin" in page
    first = (await admin.get(f"{root}/states/1?since=2")).text
    for shown in (page, first, (await admin.get(f"{root}/states/1")).text):
        assert SECRET not in shown
    assert (await admin.get(f"{root}/states/2?since=99")).status == 404
    assert SECRET in (await admin.get(f"{root}/states/1/download")).text


async def test_going_back_makes_a_new_version(hub, app, inventory, root):
    admin = await reader(app)
    sheet = await admin.send(f"{root}/states/1/rollback", {})
    assert sheet.status == 303
    last = await State.filter(inventory=inventory).order_by("-id").first()
    assert last is not None
    assert last.serial == 3
    assert await state_rows.text_of(hub, last.id) == FIRST.replace(b'"serial": 1', b'"serial": 3')
    told = await Event.all().order_by("-id").first()
    assert told is not None
    assert told.description == "Terraform state 3 with serial 3 made by going back to 1"
    await admin.send(f"{root}/states/3/rollback", {})
    await StateLock.create(
        inventory=inventory, lock_id="one", info='{"ID": "one", "Who": "jane@laptop"}', created=hub.clock()
    )
    await admin.send(f"{root}/states/1/rollback", {})
    assert await State.filter(inventory=inventory).count() == 3


async def test_a_lock_is_seen_by_all_and_released_for_a_reason(hub, app, inventory, root):
    await StateLock.create(
        inventory=inventory, lock_id="one", info='{"ID": "one", "Who": "jane@laptop"}', created=hub.clock()
    )
    admin = await reader(app)
    assert "jane@laptop" in (await admin.get(f"{root}/states")).text
    for wrong in ({"lock_id": "one", "reason": " "}, {"lock_id": "two", "reason": "gone"}):
        refused = await admin.send(f"{root}/states/unlock", wrong)
        assert (refused.status, f'value="{wrong["reason"]}"' in refused.text) == (400, True)
        assert await StateLock.all().count() == 1
    await admin.send(f"{root}/states/unlock", {"lock_id": "one", "reason": "The laptop  is gone"})
    assert await StateLock.all().count() == 0
    event = await Event.get(object_type="inventory")
    assert (
        event.description
        == "Lock of a Terraform state, held by jane@laptop (lock one), released by force: The laptop is gone"
    )
    assert event.user_id is not None


async def test_an_address_is_added_with_a_login_and_taken_away(app, inventory, root):
    admin = await reader(app)
    assert "An address needs a key" in (await admin.get(f"{root}/states")).text
    key = await Key.create(project_id=inventory.project_id, name="Laptop", type="login_password")
    await admin.send(f"{root}/states/aliases", {"auth_key_id": str(key.id)})
    alias = await StateAlias.get()
    page = (await admin.get(f"{root}/states")).text
    assert (alias.auth_key_id, alias.alias in page) == (key.id, True)
    await admin.send(f"{root}/states/aliases/{alias.id}/delete", {})
    assert await StateAlias.all().count() == 0


async def test_guests_look_and_change_nothing(hub, app, inventory, root):
    await guest(hub, inventory)
    await StateLock.create(inventory=inventory, lock_id="one", info='{"ID": "one"}', created=hub.clock())
    alias = await StateAlias.create(alias="c" * 32, project_id=inventory.project_id, inventory=inventory)
    mary = await reader(app, "mary")
    page = (await mary.get(f"{root}/states")).text
    assert (alias.alias in page, "Release the lock" in page) == (False, False)
    assert "Go back" not in (await mary.get(f"{root}/states/1")).text
    assert (await mary.get(f"{root}/states/1/download")).status == 403
    for path in ("/states/1/rollback", "/states/unlock", "/states/aliases", f"/states/aliases/{alias.id}/delete"):
        await mary.send(root + path, {"lock_id": "one", "reason": "x"})
    assert (await State.all().count(), await StateLock.all().count(), await StateAlias.all().count()) == (2, 1, 1)
