"""Requests from outside, as forges and scripts really send them, until a task waits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Delivery, Integration, IntegrationAlias, IntegrationMatcher, IntegrationValue, Key, Task
from hub.services.keys import write_secret
from hub.testing.scene import Scene
from hub.web.api import load_routes
from hub.web.api.mount import mount

SECRET = "It's a Secret to Everybody"
PUSH = {
    "ref": "refs/heads/main", "after": "6dcb09b5b57875f334f61aebed695e2e4193db5e", "number": 12345678,
    "sender": {"login": "octocat"}, "commits": [{"id": "c1"}],
}  # fmt: skip


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass
class Hooks:
    """Sends requests, and makes what they come to."""

    scene: Scene
    app: Quart
    template: Any

    async def key(self, *, type_: str = "login_password", **members: str) -> int:
        key = await Key.create(project=self.scene.project, name="Hook", type=type_)
        await write_secret(self.scene.hub, key.id, members or {"login": "hook", "password": SECRET})
        return key.id

    async def integration(self, **members: Any) -> Integration:
        given = {"name": "Push", "auth_method": "github", "template_id": self.template.id} | members
        if "auth_secret_id" not in given:
            given["auth_secret_id"] = await self.key()
        return await Integration.create(project=self.scene.project, **given)

    async def alias(self, integration: Integration | None = None, name: str = "0123456789abcdef") -> str:
        await IntegrationAlias.create(alias=name, project=self.scene.project, integration=integration)
        return name

    async def send(self, alias: str, body: bytes, *, method: str = "POST", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.app.test_client().open(f"/api/integrations/{alias}", method=method, data=body, headers=named)

    async def push(self, alias: str, payload: Any = None, **headers: str) -> Any:
        """Send as GitHub does."""
        body = json.dumps(PUSH if payload is None else payload).encode()
        signed = {"X_Hub_Signature_256": f"sha256={signature(body)}", "X_GitHub_Event": "push",
                  "Content_Type": "application/json"}  # fmt: skip
        return await self.send(alias, body, **(signed | headers))


@pytest.fixture
async def hooks(scene, app) -> Hooks:
    return Hooks(scene, app, await scene.template("environment.sh"))


async def error(reply: Any) -> str:
    return str(json.loads(await reply.get_data(as_text=False))["error"])


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


@pytest.mark.parametrize(
    ("method", "status"),
    [("GET", 405), ("HEAD", 405), ("OPTIONS", 204), ("PUT", 404), ("DELETE", 404), ("PATCH", 404)],
)
async def test_only_post_starts_anything_s18(hooks, method, status):
    alias = await hooks.alias(await hooks.integration(auth_method=""))
    for address in (alias, "ffffffffffffffff"):
        reply = await hooks.send(address, b"{}", method=method)
        assert reply.status_code == status
        assert reply.headers.get("Allow", "POST, OPTIONS") == "POST, OPTIONS"
    assert await Task.all().count() == 0


async def test_a_get_starts_something_where_it_is_allowed_and_proves_itself(hooks, hub):
    """What stray links cannot send is a header with the secret."""
    settings = hub.settings.model_copy(update={"webhook_get": True})
    app = Quart("hub.tests.links")
    load_routes()
    mount(app, replace(hub, settings=settings))
    links = replace(hooks, app=app)
    guarded = await hooks.alias(await hooks.integration(auth_method="token", auth_header="X-Proof"))
    unguarded = await hooks.alias(await hooks.integration(auth_method=""), "unguarded")
    assert (await links.send(guarded, b"", method="GET")).status_code == 401
    assert (await links.send(unguarded, b"", method="GET", X_Proof=SECRET)).status_code == 401
    assert (await links.send("ffffffffffffffff", b"", method="GET")).status_code == 404
    for method, status in (("HEAD", 405), ("OPTIONS", 204)):
        reply = await links.send(guarded, b"", method=method, X_Proof=SECRET)
        assert (reply.status_code, reply.headers["Allow"]) == (status, "POST, GET, OPTIONS")
    assert await Task.all().count() == 0
    started = await links.send(guarded, b"", method="GET", X_Proof=SECRET)
    assert started.status_code == 204
    assert await Task.filter(id=int(started.headers["X-Semaphore-Task-ID"])).exists()


def basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


BODY = json.dumps(PUSH).encode()
RIGHT = [
    ("github", {"X_Hub_Signature_256": f"sha256={signature(BODY)}"}),
    ("bitbucket", {"X_Hub_Signature": f"sha256={signature(BODY)}"}),
    ("hmac", {"X_Proof": signature(BODY)}),
    ("token", {"X_Proof": SECRET}),
    ("gitlab", {"X_Gitlab_Token": SECRET}),
    ("basic", {"Authorization": basic("hook", SECRET)}),
]


@pytest.mark.parametrize(("method", "headers"), RIGHT)
async def test_every_way_to_prove_oneself_lets_the_right_one_in(hooks, method, headers):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header="x-PROOF"))
    reply = await hooks.send(alias, BODY, **headers)
    assert (reply.status_code, await Task.all().count()) == (204, 1)


@pytest.mark.parametrize(("method", "headers"), RIGHT)
async def test_every_way_keeps_everybody_else_out(hooks, method, headers):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header="X-Proof"))
    ((name, value),) = headers.items()
    wrong = [{}, {name: ""}, {name: value + "x"}, {name: value[:-1]}, {name: "x\xff"}, {name: value.swapcase() + "="}]
    for given in wrong:
        reply = await hooks.send(alias, BODY, **given)
        assert reply.status_code == 401, given
        assert "does not prove" in await error(reply)
    if method in {"github", "bitbucket", "hmac"}:
        assert (await hooks.send(alias, BODY + b" ", **headers)).status_code == 401
    assert await Task.all().count() == 0


@pytest.mark.parametrize("method", ["github", "bitbucket", "hmac", "token", "gitlab", "basic"])
async def test_an_empty_secret_is_never_right_s14(hooks, method):
    """The reference let everybody in whose header was absent."""
    empty = signature(BODY, "")
    proofs = {"X_Hub_Signature_256": f"sha256={empty}", "X_Hub_Signature": f"sha256={empty}", "X_Gitlab_Token": ""}
    ssh = await Key.create(project=hooks.scene.project, name="s", type="ssh")
    await write_secret(hooks.scene.hub, ssh.id, {"login": "hook", "private_key": SECRET, "password": SECRET})
    none = await Key.create(project=hooks.scene.project, name="n", type="none")
    hollow = await Key.create(project=hooks.scene.project, name="e", type="login_password")
    for number, key_id in enumerate((None, ssh.id, none.id, hollow.id)):
        made = await hooks.integration(auth_method=method, auth_secret_id=key_id, auth_header="X-Proof")
        alias = await hooks.alias(made, f"alias{number}")
        for proof in ({}, {"X_Proof": ""}, {"X_Proof": empty}, {"Authorization": basic("", "")},
                      {"Authorization": basic("hook", "")}):  # fmt: skip
            assert (await hooks.send(alias, BODY, **(proofs | proof))).status_code == 401
    assert await Task.all().count() == 0


@pytest.mark.parametrize("method", ["hmac", "token"])
async def test_a_method_without_its_header_believes_nobody(hooks, method):
    alias = await hooks.alias(await hooks.integration(auth_method=method, auth_header=""))
    assert (await hooks.send(alias, BODY, X_Proof=SECRET)).status_code == 401


@pytest.mark.parametrize("method", ["none", "magic"])
async def test_an_unknown_method_believes_nobody(hooks, method):
    alias = await hooks.alias(await hooks.integration(auth_method=method))
    assert (await hooks.push(alias)).status_code == 401


async def test_a_secret_text_serves_as_well(hooks):
    key = await hooks.key(type_="string", string=SECRET)
    alias = await hooks.alias(await hooks.integration(auth_secret_id=key))
    assert (await hooks.push(alias)).status_code == 204


async def test_unknown_addresses_are_not_found(hooks):
    searchable = await hooks.alias(await hooks.integration(searchable=True, auth_method=""), "a1")
    off = await hooks.alias(await hooks.integration(active=False, auth_method=""), "a2")
    for alias in (searchable, off, "ffffffffffffffff", "x" * 51, "a%20b", "A1"):
        reply = await hooks.push(alias)
        assert reply.status_code == 404, alias
        assert await error(reply) == "There is no integration at this address."
    assert await Task.all().count() == 0


async def matcher(integration: Integration, key: str, value: str, **members: str) -> None:
    given = {"match_type": "body", "method": "equals", "body_data_type": "json"} | members
    await IntegrationMatcher.create(integration=integration, name=key, key=key, value=value, **given)


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
