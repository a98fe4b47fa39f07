"""Runners over the API: whose they are, what is shown once, and how they register and poll. W-63, W-66."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from hub.models import Event, Runner, RunnerEnrolment, Task
from hub.services import runner_link, runners
from hub.testing.booted import administrator
from hub.testing.carriers import SETUPS

SHAPE = {
    "id", "project_id", "name", "webhook", "max_parallel_tasks", "active", "is_default", "tag", "tags", "registered",
    "touched", "cleaning_requested", "status",
}  # fmt: skip
IDLE = {"CurrentJobs": None, "new_jobs": None, "access_keys": {}}


class Machine:
    """A runner that calls the hub with its own token."""

    def __init__(self, app, token=""):
        self._client = app.test_client(use_cookies=False)
        self._headers = {"X-Runner-Token": token} if token else {}

    async def call(self, method, body=None, raw=None):
        given = {"data": raw} if raw is not None else {} if body is None else {"json": body}
        response = await self._client.open("/api/internal/runners", method=method, headers=self._headers, **given)
        return response.status_code, response.headers, await response.get_data(as_text=False)

    async def register(self, **body):
        status, _, data = await self.call("POST", body)
        return status, json.loads(data)


@pytest.fixture
async def waiting(admin):
    """A runner that is to register itself, and its one-time token."""
    made = await admin.made("/runners", {"name": "later", "registered": False, "active": True})
    reply = await admin.post(f"/runners/{made['id']}/registration-token")
    assert reply.status == 200
    return reply.json


async def test_token_and_private_key_are_shown_once_and_only_halves_are_kept(admin):
    made = await admin.made("/runners", {"name": "one", "active": True, "tag": "linux", "webhook": "https://a.org/x"})
    assert set(made) == SHAPE | {"token", "private_key"}
    assert (made["tag"], made["tags"], made["registered"], made["status"]) == ("linux", ["linux"], True, "offline")
    assert len(base64.b64decode(made["token"], validate=True)) == 32
    private = serialization.load_pem_private_key(made["private_key"].encode(), None)
    assert made["private_key"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    row = await Runner.get(id=made["id"])
    stored = str(await Runner.filter(id=row.id).values())
    assert made["token"] not in stored
    assert "PRIVATE" not in stored
    assert serialization.load_pem_public_key(row.public_key.encode()) == private.public_key()
    shown = await admin.read(f"/runners/{made['id']}")
    assert set(shown) == SHAPE
    assert (await admin.read("/runners")) == [shown]


async def test_who_brings_a_public_key_gets_no_private_one(admin, app):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1).decode()
    sent = pem.replace("RSA PUBLIC KEY", "PUBLIC KEY")  # as the wire's runners write it
    made = await admin.made("/runners", {"public_key": sent})
    assert made["private_key"] == ""
    assert await decrypted(Machine(app, made["token"]), key) == IDLE


async def decrypted(machine, key):
    status, headers, data = await machine.call("GET")
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    chunks = [data[start : start + 256] for start in range(0, len(data), 256)]
    return json.loads(b"".join(key.decrypt(chunk, PKCS1v15()) for chunk in chunks))


async def test_a_put_replaces_what_runners_have_and_changes_no_credentials(admin):
    made = await admin.made(
        "/runners", {"name": "one", "active": True, "tags": ["a", "b", "a", " "], "is_default": True}
    )
    at, before = f"/runners/{made['id']}", await Runner.get(id=made["id"])
    assert made["tags"] == ["a", "b"]
    assert (await admin.put(at, made | {"name": "two", "max_parallel_tasks": 3})).status == 204
    row = await Runner.get(id=made["id"])
    assert (row.name, row.max_parallel_tasks, row.tags, row.is_default) == ("two", 3, ["a", "b"], True)
    assert (row.digest, row.public_key) == (before.digest, before.public_key)
    assert (await admin.put(at, made | {"tag": "c"})).status == 204  # a client that knows of one tag only
    assert (await admin.read(at))["tags"] == ["c", "b"]
    assert (await admin.put(at, {"name": "three", "tag": "x"})).status == 204
    shown = await admin.read(at)
    assert (shown["tags"], shown["active"], shown["max_parallel_tasks"]) == (["x"], False, 0)
    assert (await admin.post(at + "/active", {"active": True})).status == 204
    assert (await admin.read(at))["active"] is True
    assert (await admin.post(at + "/active", {"active": "x"})).json["error"] == "Invalid request body"
    assert (await admin.delete(at)).status == 204
    assert (await admin.get(at)).json["error"] == "Runner not found"


@pytest.mark.parametrize(
    "body",
    [
        {"webhook": "file:///srv/note.txt"}, {"webhook": "https://a.org/\nx"}, {"webhook": "https://"},
        {"max_parallel_tasks": -1}, {"tags": ["a,b"]}, {"tags": ["x" * 201]}, {"tags": "a"}, {"name": "x" * 101},
        {"public_key": "no key"}, {"tag": "a\nb"},
    ],
)  # fmt: skip
async def test_what_cannot_work_is_refused(admin, body):
    assert (await admin.post("/runners", body)).status == 400
    assert await Runner.all().count() == 0


async def test_runners_of_a_project_are_for_its_managers(admin, manager, runner, guest, stranger, pid, other):
    assert (await admin.get("/runners/x")).error == "runner_id required"
    made = await manager.made(f"/project/{pid}/runners", {"name": "p", "tag": "gpu", "webhook": "https://a.org/t0ken"})
    assert made["project_id"] == pid
    at = f"/project/{pid}/runners/{made['id']}"
    for reader in (runner, guest):
        shown = await reader.read(at)
        assert (shown["name"], shown["webhook"]) == ("p", "")
        assert (await reader.post(f"/project/{pid}/runners", {})).status == 403
        for method, path in [("PUT", at), ("POST", at + "/active"), ("DELETE", at + "/cache"), ("DELETE", at),
                             ("POST", at + "/registration-token")]:  # fmt: skip
            assert (await reader.call(method, path, {})).status == 403
        assert (await reader.get("/runners")).status == 403
    assert (await stranger.get(at)).status == 404
    assert (await admin.get(f"/project/{other}/runners/{made['id']}")).status == 404
    assert (await admin.delete(f"/project/{other}/runners/{made['id']}")).status == 404
    assert (await admin.get(f"/runners/{made['id']}")).status == 404  # the wire's: without a project only
    assert [one["id"] for one in await admin.read("/runners")] == [made["id"]]
    assert (await manager.get(at)).json["webhook"] == "https://a.org/t0ken"
    assert (await manager.delete(at)).status == 204
    assert await Event.filter(project_id=pid, object_type="runner").count() == 2


async def test_tags_are_counted(admin, guest, pid, other):
    for project, tags in ((None, ["a", "b"]), (pid, ["b"]), (other, ["c"])):
        await admin.made(f"/project/{project}/runners" if project else "/runners", {"tags": tags, "registered": False})
    one, two = {"tag": "a", "number_of_runners": 1}, {"tag": "b", "number_of_runners": 2}
    assert await guest.read(f"/project/{pid}/runner_tags") == [one, two]
    assert await admin.read("/runner_tags") == [one, two, {"tag": "c", "number_of_runners": 1}]
    assert (await guest.get("/runner_tags")).status == 403


async def test_a_runner_registers_with_a_token_that_works_once(admin, app, waiting):
    before = await admin.read(f"/runners/{waiting['runner_id']}")
    assert (before["registered"], before["active"], waiting["project_id"]) == (False, False, None)
    assert waiting["registration_token"] not in str(await RunnerEnrolment.all().values())
    body = {"registration_token": waiting["registration_token"], "public_key": "", "max_parallel_tasks": 2}
    status, answer = await Machine(app).register(**body)
    assert (status, set(answer)) == (200, {"token"})
    shown = await admin.read(f"/runners/{waiting['runner_id']}")
    assert (shown["registered"], shown["active"], shown["is_default"], shown["max_parallel_tasks"]) == (
        True,
        False,
        False,
        2,
    )
    again = await Machine(app).register(**body)
    assert again == (400, {"error": "Invalid registration token"})
    status, headers, data = await Machine(app, answer["token"]).call("GET")
    assert (status, headers["Content-Type"], json.loads(data)) == (200, "application/json", IDLE)
    assert (await admin.post(f"/runners/{waiting['runner_id']}/registration-token")).status == 400


@pytest.mark.parametrize("setup", SETUPS)
async def test_of_many_who_use_one_token_at_once_one_registers(hub, waiting):
    draft = runner_link.RegistrationDraft(registration_token=waiting["registration_token"])
    results = await asyncio.gather(*(runner_link.register(hub, draft) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(one, dict) for one in results) == 1
    assert {str(one) for one in results if not isinstance(one, dict)} == {"Invalid registration token"}


async def test_a_newer_token_voids_the_older_and_time_voids_every_one(hub, admin, app, waiting):
    from dataclasses import replace

    newer = (await admin.post(f"/runners/{waiting['runner_id']}/registration-token")).json["registration_token"]
    assert (await Machine(app).register(registration_token=waiting["registration_token"]))[0] == 400
    later = replace(hub, clock=lambda: hub.clock() + runners.ENROLMENT_LIFE + timedelta(seconds=1))
    with pytest.raises(runner_link.Invalid, match="Invalid registration token"):
        await runner_link.register(later, runner_link.RegistrationDraft(registration_token=newer))
    assert (await Machine(app).register(registration_token=newer))[0] == 200


@pytest.mark.parametrize(
    ("raw", "error"),
    [(b"", "Invalid format"), (b"[]", "Invalid format"), (b'{"registration_token": 1}', "Invalid format"),
     (b"{}", "Invalid registration token"), (b'{"registration_token": "x"}', "Invalid registration token")],
)  # fmt: skip
async def test_a_wrong_registration_is_refused_in_the_words_of_the_wire(app, raw, error):
    status, _, data = await Machine(app).call("POST", raw=raw)
    assert (status, json.loads(data)) == (400, {"error": error})


async def test_runners_prove_themselves_by_their_own_token(app, admin):
    for method in ("GET", "PUT", "DELETE"):
        status, _, data = await Machine(app).call(method, {})
        assert (status, json.loads(data)) == (401, {"error": "Invalid token"})
        status, _, data = await Machine(app, "wrong").call(method, {})
        assert (status, json.loads(data)) == (404, {"error": "Runner not found"})
    assert (await Machine(app).call("HEAD"))[0] == 401
    assert (await admin.get("/internal/runners")).status == 401  # a person's token is none of a runner


async def test_a_poll_tells_that_the_runner_is_there_and_asks_once_to_clear_its_cache(hub, app, admin, pid):
    made = await admin.made(f"/project/{pid}/runners", {"name": "p"})
    key = serialization.load_pem_private_key(made["private_key"].encode(), None)
    machine, at = Machine(app, made["token"]), f"/project/{pid}/runners/{made['id']}"
    assert await decrypted(machine, key) == IDLE
    assert (await admin.read(at))["status"] == "online"
    assert (await admin.delete(at + "/cache")).status == 204
    assert await decrypted(machine, key) == IDLE | {"clear_cache": True, "cache_clean_project_id": pid}
    assert await decrypted(machine, key) == IDLE
    await Runner.filter(id=made["id"]).update(touched=hub.clock() - runners.OFFLINE_AFTER)
    assert (await admin.read(at))["status"] == "offline"


async def test_reports_about_tasks_of_others_are_refused(app, scene):
    made = await runners.create_runner(scene.hub, await administrator(), None, runners.RunnerDraft())
    machine = Machine(app, made["token"])
    task_id = await scene.launch(await scene.template("hello.sh"))
    record = {"time": "2026-01-01T00:00:00Z", "message": "forged"}
    report = {"Jobs": [{"ID": task_id, "Status": "success", "LogRecords": [record], "Commit": None}]}
    status, _, data = await machine.call("PUT", report)
    assert (status, json.loads(data)) == (400, {"error": "Task not assigned to this runner"})
    assert (await Task.get(id=task_id)).status == "waiting"
    assert await scene.lines(task_id) == []
    for fine in ({"Jobs": None}, {}, {"Jobs": [{"ID": 4711, "Status": "running"}]}):
        assert (await machine.call("PUT", fine))[0] == 204
    for wrong in ({"Jobs": 1}, {"Jobs": [{"ID": "x"}]}, [], "x"):
        status, _, data = await machine.call("PUT", wrong)
        assert (status, json.loads(data)) == (400, {"error": "Invalid format"})


async def test_who_unregisters_is_forgotten(app, admin):
    made = await admin.made("/runners", {})
    machine = Machine(app, made["token"])
    assert (await machine.call("DELETE"))[0] == 204
    assert (await machine.call("GET"))[0] == 404
    assert await admin.read("/runners") == []
