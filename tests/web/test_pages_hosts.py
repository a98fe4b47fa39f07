"""What a task's page tells of each host, read without scripts; and the file of results that it is made of."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from hub.context import Hub
from hub.db import insert
from hub.models import Task
from hub.services import log
from hub.services.log import Piece
from hub.services.tasks import finish
from hub.services.tasks.finish import add_own_result, add_result
from hub.services.tasks.moves import LeaseLost
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

OK, CHANGED, SKIPPED, IGNORED, FAILED, UNREACHABLE = range(1, 7)
HOSTS = [
    {"host": "web-1", "ok": 2, "changed": 1, "seconds": 61.5},
    {"host": "web-2", "ok": 1, "failed": 1, "diff": 4},
    {"host": "<b>odd</b>", "unreachable": 1},
]
TASKS = [
    {"number": 0, "name": "Install", "action": "apt", "play": 0, "seconds": 3, "cells": [16 + OK, 8 + UNREACHABLE]},
    {"number": 1, "name": "Start", "action": "service", "play": 0, "cells": [8 + CHANGED, 8 + FAILED],
     "slowest": [1, 9]},
]  # fmt: skip
PLAIN = {"HX-Request": "true"}


@pytest.fixture
async def reader(hub: Hub) -> Reader:
    reader = Reader(make_app(hub))
    await reader.sign_in("admin", PASSWORD)
    return reader


async def told(hub: Hub, task: Task, **parts: Any) -> None:
    for kind, data in parts.items():
        await add_result(hub, task.id, f"ansible_{kind}", data)


def text_of(html: str) -> str:
    found = re.search(r'id="task-hosts"[^>]*>(.*?)(<section class="log |$)', html, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""


async def test_a_task_tells_what_happened_on_which_host(hub: Hub, scene: Scene, reader: Reader) -> None:
    template = await scene.template("hello.sh", name="Hello", app="ansible")
    now = hub.clock()
    stored = {"log_lines": 3, "log_chunks": 1}
    task = await Task.create(project=scene.project, template=template, status="error", created=now, **stored)
    lines = "TASK [Start]\n\x1b[0;32mok: [web-1]\x1b[0m\n\x1b[0;31mfatal: [web-2]: FAILED! => {}\x1b[0m"
    piece = Piece(lines, 3, now, [[0, 0], [2, 900]])
    await insert(log.row_of(task.id, 0, 0, piece, log.compressed(piece)))
    error = {"host": "web-2", "task": "Start", "error": "no such <unit>", "number": 1, "state": "failed",
             "at": (now + timedelta(seconds=1)).timestamp()}  # fmt: skip
    at = f"/project/{scene.project.id}/tasks/{task.id}"
    assert text_of((await reader.get(at)).text) == ""
    rescued = {**error, "error": "rescued before", "number": 0, "task": "Install"}
    await told(hub, task, hosts={"hosts": HOSTS, "ended": True}, errors={"errors": [rescued, error], "left_out": 2},
               tasks={"plays": [{"name": "Web"}], "tasks": TASKS, "left_out": 0})  # fmt: skip
    page = (await reader.get(at)).text
    shown = text_of(page)
    rows = re.findall(r'<th scope="row">.*?>([^<]+)</a>', page)
    assert rows == ["&lt;b&gt;odd&lt;/b&gt;", "web-2", "web-1"], "the worst are not first"
    assert "no such &lt;unit&gt;" in shown
    assert "rescued before" not in shown, "not what ended the run of the host"
    assert "rescued before" in text_of((await reader.get(f"{at}?hosts=failures")).text)
    assert "<b>odd</b>" not in page
    assert 'href="#L3"' in page, "the failure does not lead to its line of the log"
    assert "1m 1s" in shown
    assert "2 further failures are in the log only." in shown
    matrix = (await reader.get(f"{at}?hosts=matrix")).text
    assert 'title="web-2 · Start · Failed"' in matrix
    assert matrix.count('class="hosts-is-ok" title=') == 2
    (way,) = re.findall(r'title="web-2 · Start · Failed" href="([^"#]*)', matrix)
    assert "no such &lt;unit&gt;" in text_of((await reader.get(way.replace("&amp;", "&"))).text)
    assert "Changed Start Web · service" in text_of((await reader.get(f"{at}?hosts=host&host=web-1")).text)
    step = text_of((await reader.get(f"{at}?hosts=step&step=1")).text)
    assert "slowest: web-2, 9.0s" in step
    assert "no such &lt;unit&gt;" in step
    assert "web-1" not in text_of((await reader.get(f"{at}?only=failed")).text).partition("Time")[2]
    assert "No host fits." in text_of((await reader.get(f"{at}?q=db")).text)
    for odd in ("host&host=gone", "step&step=77", "failures&q=zzz", "matrix&columns=9&page=9", "x"):
        assert (await reader.get(f"{at}?hosts={odd}")).status == 200


async def test_a_running_task_is_looked_at_again_and_nothing_is_sent_while_nothing_changes(
    hub: Hub, scene: Scene, reader: Reader
) -> None:
    template = await scene.template("hello.sh", name="Hello", app="ansible")
    task = await Task.create(
        project=scene.project, template=template, status="running", created=hub.clock(), lease_owner=hub.node
    )
    at = f"/project/{scene.project.id}/tasks/{task.id}?part=hosts"
    assert (await reader.get(f"{at}&seen=", **PLAIN)).status == 204
    await add_own_result(hub, task.id, "ansible_hosts", {"hosts": HOSTS[:1]}, replace=True)
    first = await reader.get(f"{at}&seen=", **PLAIN)
    assert "so far" in text_of(first.text)
    assert 'data-poll="3"' in first.text
    version = re.findall(r"seen=([\d.-]+)", first.text)[0]
    assert (await reader.get(f"{at}&seen={version}", **PLAIN)).status == 204
    await add_own_result(hub, task.id, "ansible_hosts", {"hosts": HOSTS[:2]}, replace=True)
    assert "web-2" in (await reader.get(f"{at}&seen={version}", **PLAIN)).text
    assert len(await finish.rows('SELECT "id" FROM "task_result" WHERE "task_id" = ?', [task.id])) == 1
    await Task.filter(id=task.id).update(lease_owner="another")
    with pytest.raises(LeaseLost):
        await add_own_result(hub, task.id, "ansible_hosts", {"hosts": []}, replace=True)
    await Task.filter(id=task.id).update(status="stopped")
    ended = await reader.get(f"{at}&seen={version}", **PLAIN)
    assert "as far as it came" in text_of(ended.text)
    assert "data-poll" not in ended.text
