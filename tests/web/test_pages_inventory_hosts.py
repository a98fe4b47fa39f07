"""Pages of inventories that are fetched, of their hosts, and the box of hosts on the form that starts a task."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from quart import Quart

from hub.context import Hub
from hub.errors import Unavailable
from hub.models import HostFacts, Inventory, Membership, Task, TaskResult
from hub.services import questions
from hub.testing.scene import Scene
from hub.web.app import make_app

NAMES = [f"w{number:02}" for number in range(25)]
TOLD = {
    "hosts": ["d1", *NAMES], "groups": {"db": ["d1"], "web": NAMES, "eu": ["d1", *NAMES]},
    "variables": {"d1": {"pool": {"size": 3}, "db_password": "(hidden)"}}, "note": "", "error": "", "said": "",
}  # fmt: skip


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the worker answers; what it was asked is added to it."""
    answer = {**TOLD, "asked": []}

    async def ask(hub: Hub, kind: str, data: dict[str, Any], *, seconds: float) -> Any:
        answer["asked"].append((kind, data))
        if answer.get("silent"):
            raise Unavailable("No worker answered in time; check that a worker is running.")
        return answer

    monkeypatch.setattr(questions, "ask", ask)
    return answer


@pytest.fixture
async def machines(scene: Scene) -> Inventory:
    return await Inventory.create(project=scene.project, name="Machines", type="static", inventory="d1\n")


async def test_the_hosts_of_an_inventory_are_found_by_name_and_group_with_all_that_is_known(
    reader: Any, scene: Scene, machines: Inventory, told: dict[str, Any]
) -> None:
    template = await scene.template("site.yml", app="ansible", inventory=machines)
    task = await Task.create(project=scene.project, template=template, created=scene.hub.clock(), status="success")
    recap = {"hosts": [{"host": "d1", "ok": 3, "failed": 1}, {"host": "w01", "ok": 1}]}
    await TaskResult.create(task=task, kind="ansible_hosts", created=scene.hub.clock(), data=recap)
    facts = {"ansible_system": "<b>Linux</b>"}
    await HostFacts.create(inventory=machines, host="d1", facts=facts, task_id=task.id, created=scene.hub.clock())
    at = f"/project/{scene.project.id}/inventory/{machines.id}/hosts"

    frame = await reader.get(at)
    assert frame.status == 200
    assert "named like a password" in frame.text
    assert not told["asked"], "the frame waits for nobody"
    whole = (await reader.get(f"{at}?part=list")).text
    assert ("26 hosts" in whole, "w24" in whole, "hosts-is-failed" in whole) == (True, True, True)
    only = (await reader.get(f"{at}?part=list&group=db")).text
    assert ("1 host" in only, "w01" in only) == (True, False)
    assert "No hosts" in (await reader.get(f"{at}?part=list&q=nowhere")).text
    one = (await reader.get(f"{at}?part=list&host=d1")).text
    assert "(hidden)" in one
    assert "&lt;b&gt;Linux" in one
    assert f"#{task.id}" in one
    assert len(told["asked"]) == 1, "what was just told is not asked again"
    await reader.send(at)
    assert len(told["asked"]) == 2

    await reader.send(f"{at}/forget")
    assert not await HostFacts.all().exists()
    told |= {"hosts": [], "groups": {}, "error": "Ansible could not read this inventory.", "said": "line 3"}
    await Inventory.filter(id=machines.id).update(inventory="other\n")
    broken = (await reader.get(f"{at}?part=list")).text
    assert "could not read this inventory" in broken
    assert "line 3" in broken


async def test_hosts_are_for_those_who_work_with_the_inventory(
    admin: Any, people: Any, scene: Scene, machines: Inventory, told: dict[str, Any]
) -> None:
    at = f"/project/{scene.project.id}"
    _, guest = await people.somebody("guest", project_id=scene.project.id, role="guest")
    _, runner = await people.somebody("runner", project_id=scene.project.id, role="task_runner")
    template = await scene.template("site.yml", app="ansible", inventory=machines)
    on_inventory, on_template = f"{at}/inventory/{machines.id}/hosts", f"{at}/templates/{template.id}/hosts"
    for caller, path in ((guest, on_inventory), (runner, on_inventory), (guest, on_template), (runner, on_template)):
        assert (await caller.read(path))["hosts"] == []
    assert not told["asked"], "a GET asks nobody"
    assert (await guest.post(f"{at}/inventory/{machines.id}/hosts")).status == 403
    assert (await runner.read(f"{at}/inventory/{machines.id}/hosts"))["looked"] is None
    assert len((await runner.post(f"{at}/inventory/{machines.id}/hosts")).json["hosts"]) == 26
    assert len((await runner.read(f"{at}/inventory/{machines.id}/hosts"))["hosts"]) == 26
    assert (await guest.read(on_inventory))["hosts"] == []
    assert len(told["asked"]) == 1
    await Membership.filter(user__username="runner").delete()
    assert (await runner.get(f"{at}/inventory/{machines.id}/hosts")).status == 404
    workspace = await Inventory.create(project=scene.project, name="W", type="terraform-workspace")
    assert "has no hosts" in (await admin.post(f"{at}/inventory/{workspace.id}/hosts")).error
    lost = await Inventory.create(project=scene.project, name="L", type="file", inventory="hosts.ini")
    assert "no template uses it yet" in (await admin.post(f"{at}/inventory/{lost.id}/hosts")).error


async def test_a_task_that_may_not_choose_is_not_shown_other_hosts(
    people: Any, scene: Scene, machines: Inventory, told: dict[str, Any]
) -> None:
    _, runner = await people.somebody("runner", project_id=scene.project.id, role="task_runner")
    survey = [{"name": "zone", "default_value": "eu"}, {"name": "pin", "type": "secret", "default_value": "1"}]
    template = await scene.template("site.yml", app="ansible", inventory=machines, survey_vars=survey)
    other = await Inventory.create(project=scene.project, name="Other", type="static", inventory="x\n")
    at = f"/project/{scene.project.id}/templates/{template.id}/hosts"
    body = {
        "inventory_id": other.id,
        "environment": json.dumps({"ansible_user": "x", "pin": "2"}),
        "secret": '{"pin":"3"}',
    }
    assert (await runner.post(at, body)).status == 200
    (_, asked) = told["asked"][-1]
    assert (asked["inventory_id"], json.loads(asked["environment"])) == (machines.id, {"zone": "eu"})
    assert (await runner.post(at, {"git_branch": "other"})).status == 403


async def test_the_form_that_starts_a_task_shows_its_hosts_and_never_waits_for_them(
    reader: Any, scene: Scene, machines: Inventory, told: dict[str, Any]
) -> None:
    limit = {"allow_override_limit": True}
    template = await scene.template("site.yml", app="ansible", inventory=machines, host_limit=20, task_params=limit)
    at = f"/project/{scene.project.id}/templates/{template.id}/run"
    form = await reader.get(at)
    assert f'hx-post="{at}/hosts"' in form.text
    assert not told["asked"]
    box = (await reader.send(f"{at}/hosts", {"params-limit": "web\ndb"})).text
    assert told["asked"][-1][1]["params"]["limit"] == ["web", "db"]
    assert "more than the 20 hosts that the template allows" in box
    assert "6 more" in box
    assert re.findall(r"<li", box.partition("<details")[0]) == ["<li"] * 20

    told |= {"hosts": [], "groups": {}, "note": "No host fits the limit “x”."}
    box = unescape((await reader.send(f"{at}/hosts", {"params-limit": "x"})).text)
    assert "run-hosts-bad" in box
    assert "No host fits the limit “x”." in box
    told["error"] = "It is <broken>."
    box = (await reader.send(f"{at}/hosts", {"params-limit": "y"})).text
    assert "the run can be started all the same" in box
    assert "&lt;broken&gt;" in box
    told["silent"] = True
    assert "No worker answered in time" in (await reader.send(f"{at}/hosts", {"params-limit": "z"})).text
    shell = await scene.template("hello.sh")
    assert "run/hosts" not in (await reader.get(f"/project/{scene.project.id}/templates/{shell.id}/run")).text


async def test_inventories_from_elsewhere_are_made_and_changed_in_their_form(reader: Any, scene: Scene) -> None:
    at = f"/project/{scene.project.id}/inventory"
    assert "From an address" in (await reader.get(f"{at}/new")).text
    form = {"name": "CMDB", "type": "url", "url-url": "https://cmdb.example.org/hosts", "url-format": "json",
            "url-header": "Authorization", "url-headers": "X-Zone: eu", "url-time_limit": "5s"}  # fmt: skip
    wrong = await reader.send(f"{at}/new", form | {"url-url": "http://plain.example.org/"})
    assert wrong.status == 400
    assert "must begin with" in wrong.text
    assert (await reader.send(f"{at}/new", form)).status == 303
    made = await Inventory.get(name="CMDB")
    held = json.loads(made.inventory)
    assert (held["url"], held["headers"], held["time_limit"]) == (form["url-url"], ["X-Zone: eu"], "5s")
    again = (await reader.get(f"{at}/{made.id}")).text
    assert 'value="https://cmdb.example.org/hosts"' in again
    assert f"{at}/{made.id}/hosts" in again


async def test_what_a_source_holds_is_checked_by_the_api_and_keys_are_those_of_the_project(
    admin: Any, pid: int, other: int, none_key: int
) -> None:
    foreign = await admin.made(
        f"/project/{other}/keys", {"name": "T", "type": "string", "string": "x", "project_id": other}
    )
    own = await admin.made(f"/project/{pid}/keys", {"name": "T", "type": "string", "string": "x", "project_id": pid})
    body = {"name": "C", "type": "command", "project_id": pid}
    for held, sentence in (
        ("no json", "holds a JSON object"), ("{}", "The parameter program is wrong"),
        ('{"program": "../x"}', "path inside the repository"), ('{"program": "x", "odd": 1}', "The parameter odd"),
        (json.dumps({"program": "x", "key": foreign["id"]}), "There is no such key"),
        (json.dumps({"program": "x", "key": none_key}), "of a type that does not fit"),
    ):  # fmt: skip
        reply = await admin.post(f"/project/{pid}/inventory", body | {"inventory": held})
        assert (reply.status, sentence in reply.error) == (400, True), reply.data
    made = await admin.made(
        f"/project/{pid}/inventory", body | {"inventory": json.dumps({"program": "x", "key": own["id"]})}
    )
    kept = await admin.delete(f"/project/{pid}/keys/{own['id']}")
    assert (kept.status, "inventory “C”" in kept.error) == (400, True), kept.data
    backup = await admin.read(f"/project/{pid}/backup")
    (entry,) = backup["inventories"]
    assert entry["source_keys"] == {str(own["id"]): "T"}
    restored = await admin.post("/projects/restore", backup | {"meta": backup["meta"] | {"name": "Copy"}})
    copy = await Inventory.get(project_id=restored.json["id"])
    assert json.loads(copy.inventory)["key"] not in {own["id"], None}
    assert made["type"] == "command"
