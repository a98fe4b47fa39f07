"""Outputs and artifacts of tasks over the API."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hub.models import Task
from hub.services.tasks import files
from hub.services.tasks.finish import add_result

NAME = 'dist/n"ä\\<b>.html'
CONTENT = b"<script>alert(1)</script>" * 10_000


@pytest.fixture
async def at(scene, tmp_path: Path) -> str:
    """A task that left a file and outputs."""
    template = await scene.template("hello.sh")
    number = await scene.launch(template)
    await Task.filter(id=number).update(status="running", lease_owner=scene.hub.node)
    (tmp_path / "file").write_bytes(CONTENT)
    await files.publish(scene.hub, number, {NAME: tmp_path / "file"})
    written = {"version": {"value": "1", "type": "string"}, "token": {"sensitive": True, "value": "never"},
               "ports": {"value": [1, 2], "type": ["list", "number"]}}  # fmt: skip
    await add_result(scene.hub, number, "outputs", {"outputs": written})
    return f"/project/{scene.project.id}/tasks/{number}"


async def test_outputs_are_listed_without_sensitive_values(admin, at):
    assert await admin.read(f"{at}/outputs") == [
        {"name": "version", "value": "1", "type": "string", "sensitive": False},
        {"name": "token", "value": None, "type": "", "sensitive": True},
        {"name": "ports", "value": [1, 2], "type": '["list", "number"]', "sensitive": False},
    ]


async def test_an_artifact_is_downloaded_and_never_shown_as_a_page(admin, at):
    (one,) = await admin.read(f"{at}/artifacts")
    assert one == {"id": 1, "name": NAME, "size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    reply = await admin.get(f"{at}/artifacts/1")
    assert (reply.status, reply.data, reply.headers["Content-Length"]) == (200, CONTENT, str(len(CONTENT)))
    assert reply.headers["Content-Type"] == "application/octet-stream"
    disposition = reply.headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"n___<b>.html\"; filename*=UTF-8''n%22%C3%A4%5C%3Cb%3E.html"
    assert "sandbox" in reply.headers["Content-Security-Policy"]
    head = await admin.call("HEAD", f"{at}/artifacts/1")
    assert (head.status, head.data) == (200, b"")
    assert (await admin.get(f"{at}/artifacts/2")).status == 404


async def test_who_may_not_read_the_task_gets_nothing_of_it(people, scene, at):
    _, stranger = await people.somebody("stranger")
    _, guest = await people.somebody("guest", project_id=scene.project.id, role="guest")
    for part in ("outputs", "artifacts", "artifacts/1"):
        assert (await stranger.get(f"{at}/{part}")).status == 404
        assert (await guest.get(f"{at}/{part}")).status == 200
