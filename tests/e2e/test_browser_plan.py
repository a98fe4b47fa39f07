"""A plan judged in a real browser, and applied exactly as it was judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from hub.models import Task, TaskMove
from hub.services.tasks import read, stop
from hub.services.template_drafts import TemplateDraft
from hub.services.templates import create_template
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECRET = "canary-of-a-plan-7731"

MAIN = """
terraform {
  backend "local" {}
}
variable "servers" {
  type = map(number)
}
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "server" {
  for_each         = var.servers
  triggers_replace = [each.value]
  input            = "${each.key} × ${each.value}"
}
resource "terraform_data" "account" {
  input = { login = "admin", password = var.password }
}
output "servers" {
  value = [for one in terraform_data.server : one.output]
}
"""


def state_file(stage: Scene) -> Path:
    """Outside of the hub's own folder, which no task may touch."""
    folder: Path = stage.hub.settings.data_dir.with_name("states")
    folder.mkdir(exist_ok=True)
    return folder / "state.tfstate"


async def infrastructure(stage: Scene, **members: object) -> int:
    """A template over a configuration; its state outlives the tasks."""
    need_tool("terraform")
    commit_files(stage.folder, {"live/main.tf": MAIN}, "Infrastructure")
    state = state_file(stage)
    made = await create_template(stage.hub, stage.actor, stage.project.id, TemplateDraft.read({
        "name": "Infrastructure", "app": "terraform", "playbook": "live", "repository_id": stage.repository.id,
        "arguments": json.dumps({"init": [f"-backend-config=path={state}"]}), "environment_id": None,
        "survey_vars": [
            {"name": "servers", "title": "Servers"}, {"name": "password", "title": "Password", "type": "secret"},
        ],
        **members,
    }))  # fmt: skip
    return int(made["id"])


async def launched(stage: Scene, template: int, servers: dict[str, int]) -> int:
    from hub.models import Template

    answers = json.dumps({"servers": json.dumps(servers)})
    return await stage.launch(
        await Template.get(id=template), environment=answers, secret=json.dumps({"password": SECRET})
    )


def state_of(stage: Scene) -> dict[str, object]:
    found = json.loads(state_file(stage).read_text())
    return {name: one["value"] for name, one in found["outputs"].items()}


async def test_a_plan_is_judged_in_the_browser_and_applied_exactly(stage: Scene, address: str) -> None:
    template = await infrastructure(stage)
    first = await launched(stage, template, {"web": 2, "db": 1, "cache": 1})
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/tasks/{first}")
        plan = page.locator("#task-plan")
        await expect(plan).to_contain_text('terraform_data.server["web"]', timeout=60_000)  # appears by itself
        question = "Apply this plan? 4 to add, 0 to change, 0 to destroy."
        await expect(page.locator("#task-question")).to_have_text(question)
        await plan.locator("#plan-text").fill("DB")
        await expect(plan.locator("details.plan-item:visible")).to_have_count(1)
        await plan.locator("details.plan-item:visible summary").click()
        await expect(plan.locator(".plan-row:visible", has_text="input")).to_contain_text("db × 1")
        await picture(page, "plan-to-approve")
        assert not state_file(stage).exists()
        # What comes after the plan was made has no part in it.
        commit_files(stage.folder, {"live/more.tf": 'resource "terraform_data" "late" {}\n'}, "Later")
        await page.get_by_label("Why").fill("Looked at it with Ada")
        await page.get_by_role("button", name="Confirm").click()
        await expect(page.locator("[data-task-status]")).to_have_attribute(
            "data-task-status", "success", timeout=60_000
        )
        assert SECRET not in await page.content()
    assert state_of(stage) == {"servers": ["cache × 1", "db × 1", "web × 2"]}
    assert "late" not in state_file(stage).read_text()
    confirmed = await TaskMove.get(task_id=first, target="confirmed")
    assert (confirmed.actor, confirmed.note) == ("admin", "Looked at it with Ada")
    await _later_plan(stage, address, template)


async def _later_plan(stage: Scene, address: str, template: int) -> None:
    """Replacements, changes and marks show; rejecting keeps the reason and changes nothing."""
    second = await launched(stage, template, {"web": 3, "db": 1})
    await stage.until(second, "waiting_confirmation")
    before = state_file(stage).read_bytes()
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/tasks/{second}")
        plan = page.locator("#task-plan")
        await expect(plan.locator(".plan-count.plan-is-replace")).to_contain_text("1 Replace")
        await expect(plan.locator(".plan-count.plan-is-destroy")).to_contain_text("1 Destroy")
        await expect(plan).to_contain_text("what is in them is lost")
        await expect(plan).to_contain_text("forces a replacement")
        await page.get_by_label("Why").fill("Not on a Friday")
        await page.get_by_role("button", name="Reject").click()
        await page.locator("dialog").get_by_role("button", name="Reject").click()
        await expect(page.locator("#task-reason")).to_contain_text("Rejected by admin: Not on a Friday")
    assert state_file(stage).read_bytes() == before


async def test_what_waits_for_a_person_is_sealed(stage: Scene) -> None:
    """Neither the plan nor what the executor wants to remember can be read where they are kept."""
    template = await infrastructure(stage)
    number = await launched(stage, template, {"web": 1})
    await stage.until(number, "waiting_confirmation")
    row = await Task.get(id=number)
    assert row.resumed is not None
    assert list(row.resumed) == ["sealed"]
    data = stage.hub.settings.data_dir
    blobs = [path for path in (data / "blobs").rglob("*") if path.is_file()]
    assert {path.name for path in blobs} >= {"plan"}
    for path in (*blobs, *data.glob("hub.sqlite3*")):
        stored = path.read_bytes()
        assert SECRET.encode() not in stored, path
        assert not stored.startswith(b"PK"), path  # a plan is an archive, which hides nothing
    results = json.dumps(await read.results_of(stage.actor, stage.project.id, number), default=str)
    assert SECRET not in results
    await stop.confirm(stage.hub, stage.actor, stage.project.id, number)
    assert (await stage.until(number))["status"] == "success", await stage.text(number)


SLOW = """
terraform {
  backend "local" {}
}
resource "terraform_data" "quick" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.quick]
  provisioner "local-exec" {
    command = "echo begun; sleep 300"
  }
}
"""


async def test_a_stopped_apply_lets_go_of_the_lock_and_keeps_the_state(stage: Scene) -> None:
    template = await infrastructure(stage, task_params={"auto_approve": True}, survey_vars=[])
    commit_files(stage.folder, {"live/main.tf": SLOW}, "Slow")
    from hub.models import Template

    number = await stage.launch(await Template.get(id=template))
    await stage.until_line(number, "begun")
    state = state_file(stage)
    lock = state.with_name(f".{state.name}.lock.info")
    assert lock.exists()
    await stop.stop(stage.hub, stage.actor, stage.project.id, number)
    ended = await stage.until(number)
    text = await stage.text(number)
    assert ended["status"] == "stopped", text
    assert "Interrupt received" in text
    assert "Gracefully shutting down" in text
    assert not lock.exists()
    names = [one["name"] for one in json.loads(state.read_text())["resources"]]
    assert "quick" in names
