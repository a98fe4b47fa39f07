"""Requests from outside, as forges and scripts really send them, until a task waits."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from quart import Quart

from hub.context import Hub
from hub.models import Delivery, IntegrationValue, Task
from hub.web.api import load_routes
from hub.web.api.mount import mount

from .sender import PUSH, SECRET, error, matcher, signature


async def test_a_push_of_github_starts_a_task(hooks, hub):
    integration = await hooks.integration(task_params={"message": "from GitHub", "environment": '{"a": "1", "b": "2"}'})
    for key, variable in (("after", "commit"), ("ref", "b"), ("number", "number"), ("missing", "missing")):
        await IntegrationValue.create(
            integration=integration, name=key, value_source="body", body_data_type="json", key=key, variable=variable
        )
    reply = await hooks.push(await hooks.alias(integration))
    assert (reply.status_code, await reply.get_data()) == (204, b"")
    task = await Task.get()
    assert reply.headers["X-Semaphore-Task-ID"] == str(task.id)
    assert reply.headers["X-Semaphore-Template-ID"] == str(hooks.template.id)
    assert reply.headers["X-Semaphore-Project-ID"] == str(hooks.scene.project.id)
    assert reply.headers["X-Semaphore-Integration-ID"] == str(integration.id)
    assert "X-Semaphore-Inventory-ID" not in reply.headers
    assert (task.integration_id, task.user_id, task.status) == (integration.id, None, "waiting")
    assert task.message == "from GitHub"
    assert json.loads(task.environment) == {
        "a": "1", "b": "refs/heads/main", "commit": PUSH["after"], "number": "12345678",
    }  # fmt: skip


async def test_the_task_really_runs_with_the_values(hooks, stage):
    integration = await hooks.integration()
    await IntegrationValue.create(
        integration=integration, name="c", value_source="body", body_data_type="json", key="commits.[0].id",
        variable="COMMIT_ID", variable_type="environment",
    )  # fmt: skip
    reply = await hooks.push(await hooks.alias(integration))
    task = await stage.until(int(reply.headers["X-Semaphore-Task-ID"]))
    assert task["status"] == "success"
    assert "COMMIT_ID=c1" in await stage.text(task["id"])


async def test_matchers_count_at_single_addresses_too_w25(hooks):
    integration = await hooks.integration()
    await matcher(integration, "ref", "refs/heads/main")
    await matcher(integration, "X-GitHub-Event", "push", match_type="header")
    alias = await hooks.alias(integration)
    reply = await hooks.push(alias, X_GitHub_Event="ping")
    assert reply.status_code == 422
    assert "fits no integration" in await error(reply)
    assert (await hooks.push(alias, PUSH | {"ref": "refs/heads/other"})).status_code == 422
    assert (await hooks.push(alias)).status_code == 204
    assert await Task.all().count() == 1


async def test_a_project_address_starts_every_searchable_one_that_fits(hooks):
    names = {}
    for name, ref in (("b", "main"), ("a", "main"), ("c", "other")):
        names[name] = await hooks.integration(name=name, searchable=True)
        await matcher(names[name], "fact:branch", ref)
    await hooks.integration(name="no matchers", searchable=True)
    await hooks.integration(name="not searchable")
    foreign = await hooks.integration(
        name="other secret", searchable=True, auth_secret_id=await hooks.key(password="x")
    )
    await matcher(foreign, "fact:branch", "main")
    off = await hooks.integration(name="off", searchable=True, active=False)
    await matcher(off, "fact:branch", "main")
    reply = await hooks.push(await hooks.alias())
    assert reply.status_code == 204
    started = [str(names["a"].id), str(names["b"].id)]
    assert reply.headers.getlist("X-Semaphore-Integration-ID") == started
    assert len(reply.headers.getlist("X-Semaphore-Task-ID")) == await Task.all().count() == 2
    reply = await hooks.push("0123456789abcdef", PUSH | {"ref": "refs/heads/none"})
    assert reply.status_code == 422
    reply = await hooks.push("0123456789abcdef", X_Hub_Signature_256="sha256=0")
    assert reply.status_code == 401


async def test_task_params_are_typed_and_laid_over_w25(hooks, scene):
    template = await scene.template("hello.yml", app="ansible")
    integration = await hooks.integration(
        template_id=template.id, task_params={"params": {"diff": True, "debug": True}}
    )
    for key, variable, source in (("X-Debug", "debug", "header"), ("X-Limit", "limit", "header"),
                                  ("X-None", "dry_run", "header"), ("number", "note", "body")):  # fmt: skip
        await IntegrationValue.create(
            integration=integration, name=key, value_source=source, body_data_type="json", key=key, variable=variable,
            variable_type="task",
        )  # fmt: skip
    reply = await hooks.push(await hooks.alias(integration), X_Debug="false", X_Limit="web1, web2")
    assert reply.status_code == 204, await reply.get_data()
    task = await Task.get()
    assert task.params == {"diff": True, "debug": False, "limit": ["web1", "web2"], "note": 12345678}


async def test_what_the_survey_or_a_param_refuses_is_told_in_the_log_alone(hooks, scene, admin):
    await hooks.template.update_from_dict(
        {"survey_vars": [{"name": "count", "title": "How many", "type": "int", "required": True}]}
    ).save()
    integration = await hooks.integration()
    reply = await hooks.push(await hooks.alias(integration))
    assert reply.status_code == 422
    assert "How many" not in await error(reply)
    (row,) = await admin.read(f"/project/{scene.project.id}/integrations/{integration.id}/deliveries")
    assert (row["outcome"], row["reason"], row["task_ids"]) == ("failed", "How many is required.", [])
    assert await Task.all().count() == 0


async def test_the_same_signed_body_starts_one_task_w61(hooks):
    alias = await hooks.alias(await hooks.integration())
    first = await hooks.push(alias)
    again = await hooks.push(alias, X_GitHub_Delivery="another")
    assert (first.status_code, again.status_code) == (204, 204)
    assert again.headers["X-Semaphore-Task-ID"] == first.headers["X-Semaphore-Task-ID"]
    assert await Task.all().count() == 1
    assert [one.outcome for one in await Delivery.all().order_by("id")] == ["started", "replayed"]


async def test_after_ten_minutes_the_same_body_is_another_delivery(hooks):
    alias = await hooks.alias(await hooks.integration())
    await hooks.push(alias)
    first = await Delivery.get()
    await Delivery.filter(id=first.id).update(created=first.created - timedelta(minutes=10, seconds=1))
    await hooks.push(alias)
    assert await Task.all().count() == 2


async def test_a_claim_that_nobody_ended_holds_off_for_a_minute_only(hooks):
    alias = await hooks.alias(await hooks.integration())
    await hooks.push(alias)
    first = await Delivery.get()
    await Delivery.filter(id=first.id).update(outcome="starting", task_ids=[])
    held = await hooks.push(alias)
    assert (held.status_code, "X-Semaphore-Task-ID" in held.headers) == (204, False)
    await Delivery.filter(id=first.id).update(created=first.created - timedelta(minutes=1, seconds=1))
    assert "X-Semaphore-Task-ID" in (await hooks.push(alias)).headers
    assert await Task.all().count() == 2


async def test_many_equal_signed_deliveries_at_once_start_one_task(hooks):
    import asyncio

    alias = await hooks.alias(await hooks.integration())
    replies = await asyncio.gather(*(hooks.push(alias) for _ in range(8)))
    assert {reply.status_code for reply in replies} == {204}
    assert await Task.all().count() == 1


async def test_senders_without_a_signature_may_repeat_themselves(hooks):
    alias = await hooks.alias(await hooks.integration(auth_method="token", auth_header="X-Proof"))
    for _ in range(2):
        assert (await hooks.send(alias, b"{}", X_Proof=SECRET)).status_code == 204
    assert await Task.all().count() == 2


async def test_the_form_that_github_can_send_is_read(hooks):
    integration = await hooks.integration()
    await matcher(integration, "ref", "refs/heads/main")
    body = urlencode({"payload": json.dumps(PUSH)}).encode()
    signed = {"X_Hub_Signature_256": f"sha256={signature(body)}", "Content_Type": "application/x-www-form-urlencoded"}
    assert (await hooks.send(await hooks.alias(integration), body, **signed)).status_code == 204


async def test_legacy_answers_hide_what_went_wrong(hooks, hub: Hub):
    quiet = replace(hub, settings=hub.settings.model_copy(update={"webhook_legacy_answers": True}))
    app = Quart("hub.tests.legacy")
    load_routes()
    mount(app, quiet)
    legacy = replace(hooks, app=app)
    integration = await hooks.integration()
    await matcher(integration, "ref", "refs/heads/main")
    alias = await hooks.alias(integration)
    for reply in (await legacy.push(alias, X_Hub_Signature_256=""), await legacy.push(alias, {"ref": "x"})):
        assert (reply.status_code, await reply.get_data()) == (204, b"")
    reply = await legacy.push("ffffffffffffffff")
    assert (reply.status_code, await reply.get_data()) == (200, b"")
    assert "X-Semaphore-Task-ID" in (await legacy.push(alias)).headers
