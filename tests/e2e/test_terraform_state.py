"""The state of a real Terraform, kept by the hub: written, locked, gone back to, and closed to everybody else."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from hub.models import Inventory, Key, State, StateAlias, StateLock
from hub.services import terraform_history
from hub.services.keys import write_secret
from hub.services.tasks import stop
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.template_drafts import TemplateDraft
from hub.services.templates import create_template
from hub.services.terraform_history import ReleaseDraft
from hub.testing.ports import free_port
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool
from tests.web.live_server import live_server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MAIN = """
variable "who" {
  type = string
}
variable "gate" {
  type    = string
  default = ""
}
resource "terraform_data" "greeting" {
  input            = var.who
  triggers_replace = var.who
  provisioner "local-exec" {
    command = var.gate == "" ? "true" : "touch ${var.gate}.here; while [ ! -e ${var.gate} ]; do sleep 0.1; done"
  }
}
output "greeting" {
  value = terraform_data.greeting.output
}
"""


@pytest.fixture
def carriers() -> dict[str, Any]:
    """Settings of a hub that knows where it will listen."""
    return {"port": free_port()}


@pytest.fixture
async def ground(stage: Scene):
    need_tool("terraform")
    async with live_server(stage.hub, stage.hub.settings.port):
        yield stage


async def infrastructure(scene: Scene, files: dict[str, str], **members: Any) -> Any:
    commit_files(scene.folder, files, "Infrastructure")
    given = {"name": "Infrastructure", "app": "terraform", "playbook": "live", "repository_id": scene.repository.id,
             "survey_vars": [{"name": "who", "title": "Who"}, {"name": "gate", "title": "Gate"}],
             "allow_parallel_tasks": True}  # fmt: skip
    params = {"auto_approve": True, "lock_timeout": 0, "override_backend": True}
    draft = TemplateDraft.read({**given, "task_params": params, **members})
    return await create_template(scene.hub, scene.actor, scene.project.id, draft)


async def start(scene: Scene, template: dict[str, Any], **variables: str) -> int:
    draft = TaskDraft(template_id=template["id"], environment=json.dumps(variables))
    return int((await launch(scene.hub, scene.actor, scene.project.id, draft))["id"])


async def apply(scene: Scene, template: dict[str, Any], **variables: str) -> dict[str, Any]:
    return await scene.until(await start(scene, template, **variables))


async def test_runs_share_a_state_take_turns_and_go_back(ground: Scene, tmp_path: Path) -> None:
    template = await infrastructure(ground, {"live/main.tf": MAIN})
    at = ground.project.id, template["inventory_id"]
    first = await apply(ground, template, who="world")
    assert first["status"] == "success", await ground.text(first["id"])
    [one] = await State.filter(inventory_id=at[1])
    assert one.task_id == first["id"]

    # Two at once: the second hears who holds the lock.
    gate = str(tmp_path / "gate")
    slow = await start(ground, template, who="moon", gate=gate)
    async with asyncio.timeout(60):
        while not Path(f"{gate}.here").exists():
            await asyncio.sleep(0.05)
    late = await apply(ground, template, who="sun")
    assert late["status"] == "error"
    held = await terraform_history.get_lock(ground.actor, *at)
    assert late["reason"].endswith(f"The state is locked by task {slow} for apply (lock {held['id']}).")
    assert held["task_id"] == slow
    Path(gate).touch()
    assert (await ground.until(slow))["status"] == "success"
    assert await StateLock.all().count() == 0

    # Back to the first version: the next plan finds the difference, and writes on from there.
    changed = await terraform_history.changes(ground.hub, ground.actor, at, (await _last(at[1])).id, one.id)
    assert changed["outputs"] == [{"name": "greeting", "action": "change", "before": "world", "after": "moon"}]
    made = await terraform_history.roll_back(ground.hub, ground.actor, at, one.id)
    assert made["serial"] == (await _last(at[1])).serial
    third = await apply(ground, template, who="world")
    assert "Nothing is to be changed." in await ground.text(third["id"])


async def test_a_lock_that_was_left_is_released_with_a_reason(ground: Scene) -> None:
    template = await infrastructure(ground, {"live/main.tf": MAIN})
    at = ground.project.id, template["inventory_id"]
    await StateLock.create(
        inventory_id=at[1],
        lock_id="left",
        info='{"ID": "left", "Who": "a@b", "Operation": "OperationTypePlan"}',
        created=ground.hub.clock(),
    )
    refused = await apply(ground, template, who="world")
    assert refused["reason"].endswith("The state is locked by a@b for plan (lock left).")
    await terraform_history.release_lock(
        ground.hub, ground.actor, *at, ReleaseDraft(lock_id="left", reason="The laptop is gone")
    )
    assert (await apply(ground, template, who="world"))["status"] == "success"


async def test_a_configuration_asks_for_it_and_its_plan_is_applied_in_a_second_pass(ground: Scene) -> None:
    text = 'terraform {\n  backend "http" {}\n}\n' + MAIN
    template = await infrastructure(ground, {"live/main.tf": text}, task_params={})
    task_id = await start(ground, template, who="world")
    await ground.until(task_id, "waiting_confirmation")
    await stop.confirm(ground.hub, ground.actor, ground.project.id, task_id)
    assert (await ground.until(task_id))["status"] == "success"
    assert [one.task_id for one in await State.all()] == [task_id]


async def test_people_come_with_the_login_of_an_alias(ground: Scene, tmp_path: Path) -> None:
    inventory = await Inventory.create(
        project=ground.project, name="W", type="terraform-workspace", inventory="default"
    )
    key = await Key.create(project=ground.project, name="K", type="login_password")
    await write_secret(ground.hub, key.id, {"login": "jane", "password": "right"})
    alias = await StateAlias.create(alias="a" * 32, project=ground.project, inventory=inventory, auth_key=key)
    (tmp_path / "main.tf").write_text('terraform {\n  backend "http" {}\n}\n' + MAIN)
    address = f"{ground.hub.settings.address}/api/terraform/{alias.alias}"
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1",
           "TF_HTTP_ADDRESS": address, "TF_HTTP_LOCK_ADDRESS": address, "TF_HTTP_UNLOCK_ADDRESS": address,
           "TF_HTTP_USERNAME": "jane", "TF_VAR_who": "world"}  # fmt: skip
    wrong = await run(tmp_path, env | {"TF_HTTP_PASSWORD": "wrong"}, "init", "-input=false")
    assert wrong[0] != 0
    assert "requires auth" in wrong[1]
    right = env | {"TF_HTTP_PASSWORD": "right"}
    for words in (("init", "-input=false"), ("apply", "-input=false", "-auto-approve")):
        code, said = await run(tmp_path, right, *words)
        assert code == 0, said
    await StateLock.create(inventory=inventory, lock_id="left", info='{"ID": "left"}', created=ground.hub.clock())
    assert (await run(tmp_path, right, "force-unlock", "-force", "left"))[0] == 0
    assert await StateLock.all().count() == 0
    assert json.loads((await run(tmp_path, right, "output", "-json"))[1])["greeting"]["value"] == "world"


async def run(folder: Path, env: dict[str, str], *words: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "terraform", *words, cwd=folder, env=env, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def _last(inventory_id: int) -> State:
    found = await State.filter(inventory_id=inventory_id).order_by("-id").first()
    assert found is not None
    return found
