"""Webhooks from the attacker's side: floods, large and deep bodies, secrets in the log, other projects."""

from __future__ import annotations

import hmac
import json

import pytest

from hub.errors import Forbidden, NotFound
from hub.models import Delivery, Integration, IntegrationAlias, IntegrationMatcher, IntegrationValue, Key, Task
from hub.services import deliveries, templates, webhook_pace
from hub.services.access import RUN_TASKS, grant_for
from hub.services.actor import Actor
from hub.services.keys import write_secret
from hub.services.tasks.launch import TaskDraft, launch
from hub.tally import memory

CANARY = "canary-7f3a9c"


async def hook(hub, things, *, alias="0123456789abcdef", **members) -> Integration:
    """An integration of a project, at an address."""
    key = await Key.create(project_id=things.project, name="hook", type="login_password")
    await write_secret(hub, key.id, {"login": "hook", "password": CANARY})
    given = {"name": "h", "auth_method": "token", "auth_header": "X-Proof", "auth_secret_id": key.id} | members
    made = await Integration.create(project_id=things.project, template_id=things.vault_template, **given)
    await IntegrationAlias.create(alias=alias, project_id=things.project, integration=made)
    return made


async def send(people, body=b"{}", alias="0123456789abcdef", **headers):
    return await people.nobody().call("POST", f"/api/integrations/{alias}", raw=body, **headers)


async def test_a_flood_is_slowed_down_and_told_how_long(hub, people, mine, monkeypatch):
    monkeypatch.setattr(webhook_pace, "PER_ALIAS", 3)  # a place every twenty seconds
    await hook(hub, mine)
    statuses = []
    for _ in range(webhook_pace.PER_ALIAS + 1):
        reply = await send(people)
        statuses.append(reply.status)
    assert statuses[:-1] == [401] * webhook_pace.PER_ALIAS
    assert reply.status == 429
    assert int(reply.headers["Retry-After"]) >= 1
    assert (await send(people, alias="ffffffffffffffff")).status == 404


async def test_guessing_addresses_is_slowed_down_too(people):
    for number in range(webhook_pace.PER_SENDER):
        await webhook_pace.count(people.hub, f"{number:016x}", "")
    reply = await people.nobody().call("POST", "/api/integrations/ffffffffffffffff", raw=b"",
                                       X_Forwarded_For="203.0.113.9")  # fmt: skip
    assert reply.status == 404
    assert len(people.hub.tally.full_at) <= memory.MOST


async def test_a_flood_of_strangers_does_not_push_real_deliveries_out(hub, people, mine):
    integration = await hook(hub, mine)
    assert (await send(people, X_Proof=CANARY)).status == 204
    for _ in range(deliveries.KEPT_REFUSED + 5):
        assert (await send(people, b"x" * 1000)).status == 401
    assert await Delivery.filter(integration_id=integration.id, outcome="refused").count() == deliveries.KEPT_REFUSED
    assert await Delivery.filter(integration_id=integration.id, outcome="started").count() == 1
    assert {one.body for one in await Delivery.filter(outcome="refused")} == {""}


async def test_old_deliveries_are_forgotten(hub, people, mine, monkeypatch):
    monkeypatch.setattr(deliveries, "KEPT", 3)
    await hook(hub, mine)
    for _ in range(5):
        assert (await send(people, X_Proof=CANARY)).status == 204
    rows = await Delivery.all().order_by("id")
    assert [one.task_ids for one in rows] == [[one.id] for one in (await Task.all().order_by("-id").limit(3))][::-1]


async def test_bodies_have_a_limit(hub, people, mine):
    await hook(hub, mine)
    assert (await send(people, b"x" * (1024 * 1024), X_Proof=CANARY)).status == 204
    reply = await send(people, b"x" * (1024 * 1024 + 1), X_Proof=CANARY)
    assert reply.status == 413
    assert "1 MiB" in reply.json["error"]
    reply = await send(people, b"x" * (1024 * 1024 + 1), X_Proof=CANARY, Content_Length="5")
    assert reply.status in {413, 400, 204}
    assert await Task.all().count() <= 4


@pytest.mark.parametrize("body", [b"[" * 900 + b"]" * 900, b"[" * 500_000, b'{"a":' * 900 + b"1" + b"}" * 900, b"\x00",
                                  b"\xff\xfe", b'"\\ud800"', b"NaN", b"1e999", b"9" * 5000, b""])  # fmt: skip
async def test_odd_bodies_break_nothing(hub, people, mine, body):
    integration = await hook(hub, mine)
    await IntegrationMatcher.create(
        integration=integration, name="m", match_type="body", method="unequals", body_data_type="json", value="x",
        key="jmespath:@",
    )  # fmt: skip
    await IntegrationValue.create(
        integration=integration, name="v", value_source="body", body_data_type="json", key="jmespath:@", variable="v"
    )
    reply = await send(people, body, X_Proof=CANARY)
    assert reply.status in {204, 422}, reply.data
    assert await Delivery.all().count() == 1


async def test_nothing_that_proves_the_sender_is_kept(hub, people, mine, admin):
    """As when authorization headers were saved with the payload."""
    integration = await hook(hub, mine)
    proof = {
        "X_Proof": CANARY, "Authorization": f"Bearer {CANARY}", "Cookie": f"a={CANARY}", "X_Gitlab_Token": CANARY,
        "X_Hub_Signature": CANARY, "X_Api_Key": CANARY, "Proxy_Authorization": CANARY, "X_Odd": f"see {CANARY}",
    }  # fmt: skip
    body = json.dumps({"ref": "kept", "token": CANARY}).encode()
    assert (await send(people, body, **proof)).status == 204
    assert (await send(people, body, **(proof | {"X_Proof": "wrong"}))).status == 401
    path = f"/project/{mine.project}/integrations/{integration.id}/deliveries"
    for row in await Delivery.all().values():
        assert CANARY not in str(row)
        whole = await admin.get(f"{path}/{row['id']}")
        assert CANARY.encode() not in whole.data
    kept = await Delivery.get(outcome="started")
    assert "kept" in kept.body
    assert "x-odd" in kept.headers
    assert not {"authorization", "cookie", "x-proof", "x-gitlab-token", "x-hub-signature"} & set(kept.headers)


async def test_answers_tell_nothing_of_the_integration(hub, people, mine):
    await hook(hub, mine, name="mine secret name")
    for headers in ({}, {"X_Proof": "wrong"}):
        reply = await send(people, **headers)
        assert reply.status == 401
        assert b"mine" not in reply.data
        assert b"X-Proof" not in reply.data


async def test_our_cookie_or_token_opens_no_webhook(people, hub, mine, admin):
    await hook(hub, mine)
    reply = await admin.call("POST", "/api/integrations/0123456789abcdef", raw=b"{}")
    assert reply.status == 401


async def test_a_key_of_another_project_is_not_used(hub, people, mine, theirs):
    """A row that names one, however it came to be, believes nobody."""
    integration = await hook(hub, mine)
    foreign = await Key.create(project_id=theirs.project, name="k", type="login_password")
    await write_secret(hub, foreign.id, {"login": "x", "password": "theirs"})
    await Integration.filter(id=integration.id).update(auth_secret_id=foreign.id)
    assert (await send(people, X_Proof="theirs")).status == 401


async def test_an_integration_may_run_tasks_of_its_own_project_and_nothing_else(hub, mine, theirs):
    integration = await hook(hub, mine)
    actor = Actor("integration", source_id=integration.id)
    grant = await grant_for(actor, mine.project)
    assert (grant.permissions, grant.admin) == (RUN_TASKS, False)
    with pytest.raises(NotFound):
        await launch(hub, actor, theirs.project, TaskDraft(template_id=theirs.vault_template))
    with pytest.raises(NotFound):
        await launch(hub, actor, mine.project, TaskDraft(template_id=theirs.vault_template))
    with pytest.raises(Forbidden):
        await templates.delete_template(hub, actor, mine.project, mine.template)
    for kind, source in (("schedule", integration.id), ("integration", None), ("integration", 4711), ("nobody", 1)):
        with pytest.raises(NotFound):
            await grant_for(Actor(kind, source_id=source), mine.project)


async def test_children_of_another_project_are_out_of_reach(hub, people, mine, theirs):
    foreign = await hook(hub, theirs)
    await send(people, X_Proof=CANARY)
    row = await Delivery.get()
    matcher = await IntegrationMatcher.create(integration=foreign, name="m", match_type="body", key="k", value="v")
    value = await IntegrationValue.create(integration=foreign, name="v", value_source="header", key="k")
    alias = await IntegrationAlias.get()
    own = await hook(hub, mine, alias="fedcba9876543210")
    owner = await people.somebody("owner", (mine.project, "owner"))
    for base in (
        f"/project/{mine.project}/integrations/{own.id}",
        f"/project/{mine.project}/integrations/{foreign.id}",
    ):
        for path in (f"matchers/{matcher.id}", f"values/{value.id}", f"deliveries/{row.id}"):
            assert (await owner.get(f"{base}/{path}")).status in {400, 404}, path
        for path in (f"matchers/{matcher.id}", f"values/{value.id}"):
            body = {"name": "x", "match_type": "body", "key": "x", "value": "x"}
            assert (await owner.put(f"{base}/{path}", body)).status == 404
            assert (await owner.delete(f"{base}/{path}")).status == 404
        assert (await owner.post(f"{base}/deliveries/{row.id}/redeliver")).status == 404
        await owner.delete(f"{base}/aliases/{alias.id}")
    await owner.delete(f"/project/{mine.project}/integrations/aliases/{alias.id}")
    assert await IntegrationAlias.filter(id=alias.id).exists()
    assert (await IntegrationMatcher.get(id=matcher.id)).name == "m"


async def test_values_from_outside_stay_data(hub, people, mine):
    """What looks like a command, a template or an option is the text of one variable, whose name the manager chose."""
    integration = await hook(hub, mine)
    await IntegrationValue.create(
        integration=integration, name="v", value_source="body", body_data_type="json", key="ref", variable="ref"
    )
    ref = "$(id); `id` {{ lookup('env','HOME') }} --upload-pack=x\nPATH=/evil"
    body = json.dumps({"ref": ref, "git_branch": "evil", "playbook": "evil.sh", "user_id": 1}).encode()
    assert (await send(people, body, X_Proof=CANARY)).status == 204
    task = await Task.filter(integration_id=integration.id).get()
    assert json.loads(task.environment) == {"ref": ref}
    assert (task.git_branch, task.playbook, task.user_id) == (None, "", None)


async def test_signatures_are_compared_in_constant_time(hub, people, mine, monkeypatch):
    compared = []
    original = hmac.compare_digest

    def noted(a, b):
        compared.append((a, b))
        return original(a, b)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    for number, method in enumerate(("github", "bitbucket", "hmac", "token", "gitlab", "basic")):
        await hook(hub, mine, alias=f"alias{number}", auth_method=method)
        before = len(compared)
        assert (await send(people, alias=f"alias{number}")).status == 401
        assert len(compared) > before, method
