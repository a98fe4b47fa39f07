"""Terraform's `http` backend over the API: who is let in, locks, versions, and what nobody may write."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from hub.models import Event, Inventory, Key, Project, Repository, State, StateAlias, StateLock, Task, Template
from hub.services import state_rows, terraform_backend, terraform_seats
from hub.services.keys import write_secret
from hub.services.terraform_backend import Sent
from hub.services.terraform_seats import Seat
from hub.testing.carriers import SETUPS
from hub.web.front.limits import MIB, largest

LINEAGE = "3b1e4f6a-0000-4000-8000-000000000001"
CANARY = "canary-of-a-state-4471"


def state(serial: int, lineage: str = LINEAGE, **outputs: Any) -> bytes:
    named = {name: {"value": value, "type": "string"} for name, value in outputs.items()}
    return json.dumps({"version": 4, "serial": serial, "lineage": lineage, "outputs": named, "resources": []}).encode()


def lock(name: str) -> bytes:
    return json.dumps(
        {"ID": name, "Operation": "OperationTypeApply", "Who": "jane@laptop", "Version": "1.11.4"}
    ).encode()


class Tool:
    """Speaks the protocol as Terraform does."""

    def __init__(self, app: Any, alias: str, login: str = "jane", password: str = "right") -> None:
        self._client, self._path = app.test_client(use_cookies=False), f"/api/terraform/{alias}"
        self._login = base64.b64encode(f"{login}:{password}".encode()).decode() if login else ""

    async def call(self, method: str, body: bytes = b"", held: str = "", **headers: str) -> Any:
        given = {"Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
        given |= {"Authorization": f"Basic {self._login}"} if self._login else {}
        path = f"{self._path}?ID={held}" if held else self._path
        return await self._client.open(path, method=method, data=body, headers=given | headers)

    async def read(self) -> bytes:
        reply = await self.call("GET")
        assert reply.status_code == 200
        return bytes(await reply.get_data(as_text=False))

    async def status(self, method: str, body: bytes = b"", held: str = "", **headers: str) -> int:
        return int((await self.call(method, body, held, **headers)).status_code)


@pytest.fixture
async def inventory(hub):
    project = await Project.create(name="P", created=hub.clock())
    return await Inventory.create(project=project, name="W", type="terraform-workspace", inventory="default")


@pytest.fixture
async def alias(hub, inventory):
    key = await Key.create(project_id=inventory.project_id, name="K", type="login_password")
    await write_secret(hub, key.id, {"login": "jane", "password": "right"})
    return await StateAlias.create(
        alias="0" * 31 + "a", project_id=inventory.project_id, inventory=inventory, auth_key=key
    )


@pytest.fixture
def tool(app, alias):
    return Tool(app, alias.alias)


async def kept(inventory: Inventory) -> list[int]:
    return list(await State.filter(inventory=inventory).order_by("id").values_list("serial", flat=True))


async def test_a_login_opens_the_door_and_everything_else_looks_alike(hub, app, alias, inventory):
    key = await Key.get(id=alias.auth_key_id)
    keyless = await StateAlias.create(alias="b" * 32, project_id=inventory.project_id, inventory=inventory)
    wrong = [
        Tool(app, alias.alias, "jane", "wrong"), Tool(app, alias.alias, "", ""), Tool(app, alias.alias, "jane", ""),
        Tool(app, "f" * 32), Tool(app, keyless.alias), Tool(app, keyless.alias, "", ""), Tool(app, "task-1"),
        Tool(app, "task-0"), Tool(app, "x" * 101),
    ]  # fmt: skip
    answers = set()
    for number, one in enumerate(wrong):
        for method in ("GET", "POST") if number else ("GET", "POST", "LOCK", "UNLOCK", "DELETE"):
            reply = await one.call(method, state(1))
            answers.add((reply.status_code, reply.headers["WWW-Authenticate"], await reply.get_data()))
    [(status, challenge, _)] = answers
    assert (status, challenge[:5]) == (401, "Basic")
    assert await State.all().count() == await StateLock.all().count() == 0
    await write_secret(hub, key.id, {"login": "jane", "password": ""})
    assert await Tool(app, alias.alias, "jane", "").status("GET") == 401


async def test_who_guesses_is_slowed_down_and_who_is_right_is_not(app, alias):
    right, wrong = Tool(app, alias.alias), Tool(app, alias.alias, "jane", "wrong")
    for _ in range(15):
        assert await right.status("GET") == 204
    guesses = [await wrong.status("GET") for _ in range(12)]
    assert guesses == [401] * 10 + [429] * 2


@pytest.mark.parametrize("setup", SETUPS)
async def test_a_state_is_kept_sealed_version_by_version(hub, tool, inventory):
    assert await tool.status("GET") == 204
    first, second = state(1, secret=CANARY), state(2, secret=CANARY)
    assert [await tool.status("POST", one) for one in (first, first, second)] == [200, 200, 200]
    assert await kept(inventory) == [1, 2]
    assert await tool.read() == second
    assert CANARY not in str(await State.all().values())
    [row, _] = await State.all().order_by("id")
    assert (row.lineage, row.task_id, await state_rows.text_of(hub, row.id)) == (LINEAGE, None, first)
    texts = await Event.filter(object_type="terraform_state").order_by("id").values_list("description", flat=True)
    assert [text.split(" ", 3)[3] for text in texts] == [f"written with serial {n} by alias 1" for n in (1, 2)]


async def test_what_does_not_follow_the_present_version_is_refused(tool, inventory):
    await tool.call("POST", state(5))
    for wrong in (state(4), state(5, other="x"), state(6, lineage="another")):
        assert await tool.status("POST", wrong) == 409
    for broken in (b"", b"[]", b"no JSON", b'{"serial": 6}', b'{"serial": -1, "lineage": "x"}', state(6)[:-1],
                   b'{"serial": "6", "lineage": "x"}', b'{"serial": 9223372036854775808, "lineage": "x"}'):  # fmt: skip
        assert await tool.status("POST", broken) == 400
    for digest in ("AAAAAAAAAAAAAAAAAAAAAA==", "no digest"):
        assert await tool.status("POST", state(6), **{"Content-MD5": digest}) == 400
    assert await kept(inventory) == [5]


async def test_the_second_to_lock_hears_of_the_first_and_cannot_write(tool, inventory):
    assert [await tool.status("LOCK", lock("one")) for _ in range(2)] == [200, 200]
    refused = await tool.call("LOCK", lock("two"))
    assert (refused.status_code, (await refused.get_json())["Who"]) == (423, "jane@laptop")
    assert [await tool.status("POST", state(1), held) for held in ("", "two")] == [423, 423]
    assert [await tool.status("DELETE", held=held) for held in ("", "two")] == [423, 423]
    assert await tool.status("POST", state(1), "one") == 200
    wrong = await tool.call("UNLOCK", lock("two"))
    assert (wrong.status_code, (await wrong.get_json())["ID"]) == (409, "one")
    assert [await tool.status("UNLOCK", lock("one")) for _ in range(2)] == [200, 200]
    assert await tool.status("POST", state(2), "one") == 200  # its lock was released by force; its work is not lost
    for broken in (
        b"",
        b"[]",
        b"{}",
        b'{"ID": ""}',
        b'{"ID": "with space"}',
        b'{"ID": 7}',
        b'{"ID": "%s"}' % (b"x" * 101),
    ):
        assert await tool.status("LOCK", broken) == 400
    assert await tool.status("LOCK", b'{"ID": "one", "Info": "%s"}' % (b"x" * 65_536)) == 413
    assert await StateLock.all().count() == 0
    assert await kept(inventory) == [1, 2]


async def test_force_unlock_of_the_tool_names_no_lock_and_is_written_down(tool, inventory):
    await tool.call("LOCK", lock("one"))
    assert await tool.status("UNLOCK") == 200
    assert await StateLock.all().count() == 0
    [event] = await Event.filter(object_type="inventory", object_id=inventory.id)
    assert event.description == "Lock one of a Terraform state released by force through alias 1"


async def test_a_removed_state_leaves_its_versions_and_begins_anew(tool, inventory):
    await tool.call("POST", state(7))
    assert [await tool.status("DELETE") for _ in range(2)] == [200, 200]
    assert await tool.status("GET") == 204
    assert await tool.status("POST", state(1, lineage="another")) == 200
    assert await kept(inventory) == [7, 0, 1]


async def test_only_so_many_versions_are_kept(hub, inventory):
    few = replace(hub, settings=hub.settings.model_copy(update={"terraform_state_versions": 3}))
    for serial in range(1, 7):
        sent = Sent(bytearray(state(serial)), b"")
        await terraform_backend.write(few, Seat(inventory.project_id, inventory.id, "a test"), sent)
    assert await kept(inventory) == [4, 5, 6]


async def test_a_task_is_let_in_while_its_worker_runs_it_and_to_its_own_state(hub, app, inventory):
    key = await Key.create(project_id=inventory.project_id, name="None", type="none")
    repository = await Repository.create(project_id=inventory.project_id, name="R", git_url="/r", ssh_key=key)
    template = await Template.create(project_id=inventory.project_id, name="T", app="terraform", repository=repository)
    task, other = [
        await Task.create(project_id=inventory.project_id, template=template, status="running", created=hub.clock(),
                          lease_owner=hub.node) for _ in range(2)
    ]  # fmt: skip
    access = await terraform_seats.lend(hub, task.id, inventory.project_id, inventory.id)
    assert access.address == f"{hub.settings.address}/api/terraform/task-{task.id}"
    assert access.password not in repr(access)
    tool = Tool(app, f"task-{task.id}", access.username, access.password)
    assert await tool.status("POST", state(1)) == 200
    assert (await State.get()).task_id == task.id
    assert await tool.status("LOCK", lock("one")) == 200
    assert await tool.status("UNLOCK") == 409  # a task takes no lock away
    again = await terraform_seats.lend(hub, other.id, inventory.project_id, inventory.id)
    assert again.holder == f"The state is locked by task {task.id} for apply (lock one)."
    assert await Tool(app, f"task-{other.id}", access.username, access.password).status("GET") == 401
    for wrong in (access.password[:-4] + "AAA=", access.password.replace("v1:", "v2:"), "v1:k9:AAAA", "x" * 5000):
        assert await Tool(app, f"task-{task.id}", access.username, wrong).status("GET") == 401
    for change in ({"status": "stopping"}, {"status": "success"}, {"status": "waiting_confirmation"},
                   {"status": "running", "lease_owner": "another"}, {"lease_owner": None}):  # fmt: skip
        await Task.filter(id=task.id).update(**change)
        assert await tool.status("GET") == (200 if change == {"status": "stopping"} else 401)


def test_states_may_be_larger_than_other_requests(hub):
    assert largest("/api/terraform/x", hub.settings) == 64 * MIB
    assert largest("/api/terraform", hub.settings) == largest("/api/projects", hub.settings) == 10 * MIB
