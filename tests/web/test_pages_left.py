"""Outputs and artifacts on the page of a task."""

from __future__ import annotations

from pathlib import Path

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Task
from hub.services.tasks import files
from hub.services.tasks.finish import add_result
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


async def test_the_page_shows_what_a_task_left(scene: Scene, reader: Reader, tmp_path: Path) -> None:
    number = await scene.launch(await scene.template("hello.sh"))
    page = f"/project/{scene.project.id}/tasks/{number}"
    assert 'id="task-left"' in (await reader.get(page)).text
    assert "Artifacts" not in (await reader.get(page)).text
    written = {"note": {"value": "<script>alert(1)</script>", "type": "string"}, "ports": {"value": [1, 2]},
               "token": {"sensitive": True, "value": "never"}, "nothing": {"value": ""}}  # fmt: skip
    await add_result(scene.hub, number, "outputs", {"outputs": written})
    await Task.filter(id=number).update(status="running", lease_owner=scene.hub.node)
    (tmp_path / "file").write_bytes(bytes(3000))
    await files.publish(scene.hub, number, {"dist/<b>.bin": tmp_path / "file"})
    for address in (page, f"{page}?part=left"):
        shown = (await reader.get(address)).text
        assert "&lt;script&gt;alert(1)" in shown
        assert "<script>alert(1)" not in shown
        assert "never" not in shown
        assert "dist/&lt;b&gt;.bin" in shown
        assert f'href="/api/project/{scene.project.id}/tasks/{number}/artifacts/1"' in shown
        assert "2.9 KiB" in shown
        assert "[\n  1,\n  2\n]" in shown
