"""A real playbook followed host by host while it runs, stopped, and run again where it had failed."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from hub.models import Inventory
from hub.services import log
from hub.services.tasks import again, matrix, results, stop
from hub.services.tasks.matrix import Matrix
from hub.services.tasks.whereabouts import lines_of
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SECRET = "canary-of-a-host-4417"
SITE = """
- name: Web
  hosts: web
  gather_facts: false
  tasks:
    - name: Prepare
      command: test -e {{ gate }} -o {{ inventory_hostname }} != h2
      register: done
      failed_when: done.rc != 0
    - name: Tell
      fail: {msg: "the password is {{ password }}"}
      ignore_errors: true
    - name: Wait
      wait_for: {path: "{{ gate }}", timeout: 60}
"""


async def until_failed(stage: Scene, task_id: int) -> Matrix:
    async with asyncio.timeout(60):
        while True:
            found = await matrix.load(stage.actor, stage.project.id, task_id)
            if found.bad() and found.failures and len(found.steps) == 3:
                return found
            await asyncio.sleep(0.1)


async def test_a_run_is_seen_by_host_survives_its_stop_and_runs_again_where_it_failed(stage: Scene) -> None:
    """W-75."""
    need_tool("ansible-playbook")
    commit_files(stage.folder, {"site.yml": SITE}, "Site")
    gate = stage.folder.parent / "gate"
    hosts = f"[web]\nh1\nh2\n[all:vars]\nansible_connection=local\nansible_python_interpreter={sys.executable}\n"
    inventory = await Inventory.create(project=stage.project, name="Machines", type="static", inventory=hosts)
    survey = [{"name": "gate", "title": "Gate"}, {"name": "password", "title": "Password", "type": "secret"}]
    template = await stage.template("site.yml", app="ansible", inventory=inventory, survey_vars=survey)
    secret = json.dumps({"password": SECRET})
    number = await stage.launch(template, environment=json.dumps({"gate": str(gate)}), secret=secret)
    during = await until_failed(stage, number)
    assert (during.bad(), during.ended) == (["h2"], False)
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    assert (await stage.until(number))["status"] == "stopped"
    after = await matrix.load(stage.actor, stage.project.id, number)
    assert {host.name: host.state for host in after.hosts} == {"h1": "changed", "h2": "failed"}
    told = {(one.host, one.task): one for one in after.failures}
    assert told["h1", "Tell"].text == "the password is ***"
    (line,) = (await lines_of(number, [told["h2", "Prepare"]])).values()
    _, _, [(_, _, text)] = await log.lines(number, line, 1)
    assert "[h2]: FAILED!" in text
    gate.touch()
    draft = again.AgainDraft(secret=secret)
    made = await again.on_failed_hosts(stage.hub, stage.actor, stage.project.id, number, draft)
    assert (await stage.until(made["id"]))["status"] == "success"
    second = await matrix.load(stage.actor, stage.project.id, made["id"])
    assert ([host.name for host in second.hosts], second.ended) == (["h2"], True)
    stages = {one["type"]: one["result"] for one in await results.stages(stage.actor, stage.project.id, made["id"])}
    assert stages["running"] == {"tasks": 3, "failed": {"h2": "Tell"}}
    assert stages["print_result"]["h2"]["ignored"] == 1
