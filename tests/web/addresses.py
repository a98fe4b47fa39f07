"""The addresses of all pages that are read, in a project that has one of everything they show."""

from __future__ import annotations

import re

from hub.models import (
    Channel,
    Delivery,
    Environment,
    Freeze,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Inventory,
    Notification,
    Role,
    Schedule,
    Template,
    User,
    View,
)
from hub.services import state_rows, state_texts
from hub.services.invites import InviteDraft, create_invite
from hub.services.state_rows import Version
from hub.testing.scene import Scene
from hub.web import pages


async def every_address(scene: Scene) -> list[str]:
    """Addresses of all pages that are read, with real ids."""
    template = await scene.template("hello.sh", survey_vars=[{"name": "who", "title": "Who", "type": "secret"}])
    await scene.launch(template)
    task = await scene.launch(template)
    ids = {"project_id": scene.project.id, "template_id": template.id, "task_id": task, "user_id": scene.actor.user_id,
           "item_id": 1, "view_id": 1, "app_id": "bash", "name": "create_template",
           "repository_id": scene.repository.id}  # fmt: skip
    await Inventory.create(project=scene.project, name="Hosts", type="static", inventory="localhost")
    space = await Inventory.create(project=scene.project, name="Space", type="terraform-workspace", inventory="default")
    ids["inventory_id"] = space.id
    ids["state_id"] = (await state_rows.add(
        scene.hub, Version(scene.project.id, space.id, None, state_texts.pack(b'{"version": 4, "serial": 1}'), 1, "")
    )).id  # fmt: skip
    await Environment.create(project=scene.project, name="Group", json='{"a": 1}', env='{"B": "2"}')
    await Schedule.create(project=scene.project, template=template, cron_format="0 3 * * *", active=True)
    await Freeze.create(project=scene.project, name="Nights", cron_format="0 22 * * *", minutes=60)
    await View.create(project=scene.project, title="Tab", position=0)
    draft = InviteDraft(username=scene.actor.username, role="guest")
    ids["token"] = (await create_invite(scene.hub, scene.actor, scene.project.id, draft))["token"]
    ids |= await _called(scene, template)
    rules = [page.rule for page in pages.PAGES if "GET" in page.methods]
    assert len(rules) > 50, "pages are known once an application was made; ask for it first"
    rules = [rule for rule in rules if not rule.endswith(("/file", "/files", "/download"))]  # what they give is no page
    asking = ("/look", "/browse", "/setup/<int:repository_id>")  # they wait for a worker, and nothing runs here
    rules = [rule for rule in rules if not rule.endswith(asking)]
    await Role.create(slug="own", name="Own", project=scene.project)
    await Role.create(slug="everywhere", name="Everywhere")
    robot = await User.create(created=scene.hub.clock(), username="robot", name="Robot", email="r@b.t", service=True)

    mine, hubs = [await _channel(scene, project_id) for project_id in (scene.project.id, None)]

    def filled(rule: str) -> str:
        found = {
            **ids,
            "slug": "everywhere" if rule.startswith("/roles") else "own",
            "channel_id": hubs if rule.startswith("/channels") else mine,
            "user_id": robot.id if rule.startswith("/service") else ids["user_id"],
        }
        return re.sub(r"<(?:int:)?(\w+)>", lambda part: str(found[part[1]]), rule)

    found = [filled(rule) for rule in rules]
    return [f"{one}?app=bash" if one.endswith("templates/new") else one for one in found]


async def _called(scene: Scene, template: Template) -> dict[str, int]:
    """An integration with an address, rules and a delivery."""
    one = await Integration.create(project=scene.project, name="Push", template=template, auth_method="github")
    await IntegrationAlias.create(alias="0123456789abcdef", project=scene.project, integration=one)
    await IntegrationMatcher.create(integration=one, name="ref", match_type="body", method="equals",
                                    body_data_type="json", key="ref", value="refs/heads/main")  # fmt: skip
    await IntegrationValue.create(integration=one, name="c", value_source="body", body_data_type="json",
                                  key="fact:commit", variable="c", variable_type="environment")  # fmt: skip
    came = await Delivery.create(project=scene.project, integration=one, created=scene.hub.clock(), outcome="started",
                                 headers={"content-length": "2"}, body="{}", task_ids=[1])  # fmt: skip
    return {"integration_id": one.id, "delivery_id": came.id}


async def _channel(scene: Scene, project_id: int | None) -> int:
    """A channel, and one notice in each state that has a look of its own."""
    now = scene.hub.clock()
    made = await Channel.create(
        project_id=project_id, name="Operations", notifier="slack", params={}, events=["task.failed"], created=now
    )
    for state in ("waiting", "sending", "sent", "failed", "skipped"):
        await Notification.create(
            channel=made, event="task.failed", notice={"sentence": "Deploy failed."}, state=state, error="It is deaf.",
            attempts=2, created=now, due=now,
        )  # fmt: skip
    return made.id
