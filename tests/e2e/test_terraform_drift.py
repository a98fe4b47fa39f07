"""A drift that a real Terraform finds: opened by a file that somebody changed, closed when it is put right."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.models import Event, Template
from hub.services import drift
from hub.services.template_drafts import TemplateDraft
from hub.services.templates import create_template
from hub.testing.scene import Scene, commit_files
from hub.testing.tools import need_tool

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MAIN = """
terraform {
  backend "local" {
    path = "STATE"
  }
}
resource "terraform_data" "motd" {
  input = filesha256("FILE")
}
resource "terraform_data" "steady" {
  input = "as it was"
}
"""


async def test_a_drift_opens_and_closes_with_what_is_outside(stage: Scene, tmp_path: Path) -> None:
    need_tool("terraform")
    outside = tmp_path / "motd"
    outside.write_text("welcome")
    text = MAIN.replace("STATE", str(tmp_path / "terraform.tfstate")).replace("FILE", str(outside))
    commit_files(stage.folder, {"live/main.tf": text}, "Infrastructure")
    made = await create_template(stage.hub, stage.actor, stage.project.id, TemplateDraft.read({
        "name": "Infrastructure", "app": "terraform", "playbook": "live", "repository_id": stage.repository.id,
        "task_params": {"auto_approve": True},
    }))  # fmt: skip
    template = await Template.get(id=made["id"])

    async def ran(**params: bool) -> None:
        done = await stage.run(template, params=params)
        assert done["status"] == "success", await stage.text(done["id"])

    async def last() -> dict[str, object]:
        return (await drift.list_checks(stage.actor, stage.project.id, template.id))[0]

    await ran()  # a run that finds no drift open notes nothing
    assert await drift.list_checks(stage.actor, stage.project.id, template.id) == []
    await ran(drift=True)
    assert ((await last())["drifted"], (await last())["changes"]) == (False, 0)

    outside.write_text("changed by somebody")
    await ran(drift=True)
    found = await last()
    assert (found["drifted"], found["inventory_id"]) == (True, made["inventory_id"])
    assert found["resources"] == [{"name": "terraform_data.motd", "action": "change"}]
    outside.write_text("welcome")
    await ran(drift=True)
    assert (await last())["drifted"] is False

    outside.write_text("changed for good")
    await ran(drift=True)
    await ran()  # puts right what differs
    assert (await last())["drifted"] is False
    told = await Event.filter(object_type="template", description__startswith="Drift").order_by("id")
    assert [one.description.partition(" (")[0] for one in told] == [
        "Drift of Infrastructure opened: 1 to change", "Drift of Infrastructure closed",
        "Drift of Infrastructure opened: 1 to change", "Drift of Infrastructure closed",
    ]  # fmt: skip
