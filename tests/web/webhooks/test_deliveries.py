"""The log of deliveries: read, taken again, and tried with a sample."""

from __future__ import annotations

import json

import pytest

from hub.models import Delivery, Integration, IntegrationValue, Task

from .sender import PUSH, matcher


@pytest.fixture
async def logged(hooks, admin):
    """An integration with one delivery; (its path, the integration, its alias)."""
    integration = await hooks.integration()
    alias = await hooks.alias(integration)
    await hooks.push(alias, X_Custom="kept")
    return f"/project/{hooks.scene.project.id}/integrations/{integration.id}", integration, alias


async def test_deliveries_are_listed_and_read(admin, logged, hooks):
    path, integration, _ = logged
    (row,) = await admin.read(f"{path}/deliveries")
    task = await Task.get()
    assert (row["outcome"], row["event"], row["task_ids"]) == ("started", "push", [task.id])
    whole = await admin.read(f"{path}/deliveries/{row['id']}")
    assert json.loads(whole["body"]) == PUSH
    assert whole["headers"]["x-custom"] == "kept"
    assert whole["complete"] is True
    assert (await admin.read(f"{path}/deliveries?before={row['id']}")) == []
    assert integration.id == row["integration_id"]


async def test_a_delivery_is_taken_again_without_its_proof(admin, logged, manager_of, runner_of):
    path, integration, _ = logged
    (row,) = await admin.read(f"{path}/deliveries")
    assert (await runner_of.post(f"{path}/deliveries/{row['id']}/redeliver")).status == 403
    again = await manager_of.made(f"{path}/deliveries/{row['id']}/redeliver", None)
    assert (again["outcome"], again["reason"]) == (
        "started", f"Taken again by manager (token), from delivery {row['id']}."
    )  # fmt: skip
    assert await Task.filter(integration_id=integration.id).count() == 2
    await Integration.filter(id=integration.id).update(active=False)
    assert (await admin.post(f"{path}/deliveries/{row['id']}/redeliver")).status == 409


@pytest.fixture
async def manager_of(people, scene):
    return (await people.somebody("manager", project_id=scene.project.id, role="manager"))[1]


@pytest.fixture
async def runner_of(people, scene):
    return (await people.somebody("runner", project_id=scene.project.id, role="task_runner"))[1]


async def test_what_was_refused_or_cut_is_not_taken_again(admin, hooks, logged):
    path, _, alias = logged
    await hooks.push(alias, X_Hub_Signature_256="sha256=0")
    await hooks.push(alias, PUSH | {"long": "x" * 70_000})
    for row in (await admin.read(f"{path}/deliveries"))[:2]:
        assert (await admin.post(f"{path}/deliveries/{row['id']}/redeliver")).status == 409
    big = await Delivery.filter(outcome="started").order_by("-id").first()
    assert big is not None
    assert len(big.body) == 64 * 1024


async def test_who_may_not_change_an_integration_reads_no_deliveries(logged, runner_of):
    path, _, _ = logged
    row = await Delivery.get()
    assert (await runner_of.get(f"{path}/deliveries")).status == 403
    assert (await runner_of.get(f"{path}/deliveries/{row.id}")).status == 403


async def test_a_sample_is_tried_and_starts_nothing(admin, hooks, logged):
    path, integration, _ = logged
    await matcher(integration, "ref", "refs/heads/main")
    await matcher(integration, "X-Event", "push", match_type="header")
    await IntegrationValue.create(
        integration=integration, name="who", value_source="body", body_data_type="json", key="fact:sender",
        variable="who", variable_type="environment",
    )  # fmt: skip
    said = (await admin.post(f"{path}/test", {"headers": {"X-Event": "ping"}, "body": PUSH})).json
    assert said["matched"] is False
    assert [one["matched"] for one in said["matchers"]] == [True, False]
    assert said["environment"] == {"who": "octocat"}
    assert said["facts"] == {"branch": "main", "commit": PUSH["after"], "sender": "octocat"}
    assert said["values"][0]["value"] == "octocat"
    said = (await admin.post(f"{path}/test", {"headers": {"x-event": "push"}, "body": json.dumps(PUSH)})).json
    assert said["matched"] is True
    assert await Task.all().count() == 1
    assert await Delivery.all().count() == 1


async def test_a_sample_says_what_would_hinder_the_task(admin, hooks, logged, scene):
    path, integration, _ = logged
    template = await scene.template("hello.yml", app="ansible")
    await Integration.filter(id=integration.id).update(template_id=template.id)
    await IntegrationValue.create(
        integration=integration, name="d", value_source="body", body_data_type="json", key="ref", variable="debug",
        variable_type="task",
    )  # fmt: skip
    said = (await admin.post(f"{path}/test", {"body": PUSH})).json
    assert said["matched"] is True
    assert "debug" in said["error"]
