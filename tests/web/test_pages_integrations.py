"""Pages of integrations: made, connected, tried on a sample, called, and looked at afterwards."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

import pytest
from quart import Quart

from hub.context import Hub
from hub.models import Delivery, Integration, IntegrationMatcher, IntegrationValue, Key, Membership, Task, User
from hub.services.keys import read_secret
from hub.services.passwords import hash_password
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app

SECRET = "a secret that nobody guesses"
PUSH = {"ref": "refs/heads/main", "after": "abc123", "sender": {"login": "anna"}}


@pytest.fixture
def app(hub: Hub) -> Quart:
    return make_app(hub)


@pytest.fixture
async def root(scene: Scene) -> str:
    await scene.template("environment.sh", name="Deploy")
    return f"/project/{scene.project.id}/integrations"


async def made(reader: Reader, root: str, **members: str) -> Integration:
    """An integration, made by its form."""
    form = {
        "name": "On push", "auth_method": "github", "auth_secret_id": "new", "new_secret": SECRET, "active": "true",
    } | members  # fmt: skip
    template = (await reader.get(f"{root}/new")).place
    sheet = await reader.send(template, form)
    assert sheet.status == 303, sheet.text
    return await Integration.all().order_by("-id").first()  # type: ignore[return-value]  # one was just made


def alias(text: str) -> str:
    found = re.search(r"/api/integrations/([0-9a-f]+)<", text)
    assert found, "the page shows no address"
    return found[1]


async def push(app: Quart, address: str, body: object = PUSH, secret: str = SECRET) -> int:
    data = json.dumps(body).encode()
    proof = "sha256=" + hmac.new(secret.encode(), data, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": proof, "X-GitHub-Event": "push", "Content-Type": "application/json"}
    answer = await app.test_client().post(f"/api/integrations/{address}", data=data, headers=headers)
    return int(answer.status_code)


async def test_a_push_starts_what_the_pages_set_up(
    hub: Hub, scene: Scene, app: Quart, reader: Reader, root: str
) -> None:
    assert "No integrations yet" in (await reader.get(root)).text
    one = await made(reader, root)
    key = await Key.get(name="Webhook: On push")
    assert await read_secret(hub, key) == {"string": SECRET}
    assert one.auth_secret_id == key.id
    page = f"{root}/{one.id}"
    assert SECRET not in (await reader.get(f"{page}/settings")).text
    assert f'href="{page}"' in (await reader.get("/search?q=on+push")).text
    assert "Every request starts it" in (await reader.get(page)).text
    shown = await reader.follow(await reader.send(f"{page}/addresses", {}))
    assert "Payload URL" in shown.text
    assert "Gitea, Forgejo" in shown.text
    assert "Webhook: On push" in shown.text
    await reader.send(f"{page}/pushes", {})
    assert await IntegrationMatcher.filter(integration=one, key="X-GitHub-Event", value="push").exists()
    assert await push(app, alias(shown.text)) == 204
    assert await push(app, alias(shown.text), secret="wrong") == 401
    started, refused = await Delivery.all().order_by("id")
    task = await Task.get()
    listed = (await reader.get(f"{page}/deliveries")).text
    assert f'href="/project/{scene.project.id}/tasks/{task.id}"' in listed
    assert "The secret or signature is missing or wrong." in listed
    whole = (await reader.get(f"{page}/deliveries/{started.id}")).text
    assert "refs/heads/main" in whole
    assert "x-hub-signature-256" not in whole
    assert "Take it again" in whole
    assert "Take it again" not in (await reader.get(f"{page}/deliveries/{refused.id}")).text
    again = await reader.follow(await reader.send(f"{page}/deliveries/{started.id}/redeliver", {}))
    assert "this is the new delivery" in again.text
    assert await Task.all().count() == 2
    denied = await reader.follow(await reader.send(f"{page}/deliveries/{refused.id}/redeliver", {}))
    assert "did not prove who sent it" in denied.text
    assert "started" in (await reader.get(root)).text


async def test_rules_are_tried_before_they_are_saved(scene: Scene, reader: Reader, root: str) -> None:
    one = await made(reader, root)
    page = f"{root}/{one.id}/rules"
    form = {
        "matcher-0-source": "json", "matcher-0-key": "ref", "matcher-0-method": "equals",
        "matcher-0-value": "refs/heads/main", "value-0-source": "json", "value-0-key": "fact:commit",
        "value-0-variable": "commit", "value-0-use": "", "headers": "X-GitHub-Event: push",
        "body": json.dumps(PUSH), "do": "try",
    }  # fmt: skip
    tried = await reader.send(page, form)
    assert "It fits: a task would start." in tried.text
    assert "&#34;commit&#34;: &#34;abc123&#34;" in tried.text
    assert await IntegrationMatcher.all().count() == 0
    other = await reader.send(page, form | {"matcher-0-value": "refs/heads/dev"})
    assert "It does not fit" in other.text
    assert "refs/heads/main</code>" in other.text  # what stands there instead
    assert (await reader.send(page, form | {"headers": "nonsense"})).status == 400
    assert (await reader.send(page, form | {"do": "save"})).status == 303
    matcher, value = await IntegrationMatcher.get(), await IntegrationValue.get()
    assert (matcher.name, matcher.match_type, matcher.body_data_type) == ("ref", "body", "json")
    assert (value.name, value.variable, value.variable_type) == ("commit", "commit", "environment")
    kept = {**form, "do": "save", "matcher-0-id": str(matcher.id), "matcher-0-value": "refs/heads/next"}
    await reader.send(page, {name: text for name, text in kept.items() if not name.startswith("value-")})
    assert [one.value for one in await IntegrationMatcher.filter(id=matcher.id)] == ["refs/heads/next"]
    assert await IntegrationValue.all().count() == 0
    wrong = await reader.send(page, form | {"do": "save", "value-0-key": "jmespath:[["})
    assert wrong.status == 400
    assert "The key is not a JMESPath expression." in wrong.text
    assert await IntegrationMatcher.all().count() == 1  # all or nothing


async def test_settings_keep_what_their_form_does_not_ask(scene: Scene, reader: Reader, root: str) -> None:
    one = await made(reader, root)
    await Integration.filter(id=one.id).update(
        task_params={"environment": '{"region": "eu"}', "git_branch": "main", "version": "1.2"}
    )
    page, key = f"{root}/{one.id}/settings", str(one.auth_secret_id)
    form = {"name": "Renamed", "auth_method": "github", "auth_secret_id": key, "message": "By push", "active": "true"}
    assert (await reader.send(page, form)).status == 303
    await one.refresh_from_db()
    assert one.name == "Renamed"
    assert one.task_params == {
        "environment": '{"region": "eu"}', "git_branch": "main", "version": "1.2", "message": "By push",
    }  # fmt: skip
    short = await reader.send(page, form | {"auth_secret_id": "new", "new_secret": "short"})
    assert 'id="f-new_secret-error">Write a secret of at least 16 letters' in short.text
    await reader.send(f"{root}/{one.id}/active", {})
    await one.refresh_from_db()
    assert not one.active
    assert one.task_params["message"] == "By push"
    await reader.send(page, form | {"auth_method": "open"})
    assert "no proof is asked for" in (await reader.get(root)).text
    await reader.send(f"{root}/{one.id}/delete", {})
    assert not await Integration.exists(id=one.id)


async def test_several_listen_at_a_shared_address(scene: Scene, reader: Reader, root: str, app: Quart) -> None:
    one = await made(reader, root, searchable="true")
    shown = await reader.follow(await reader.send(f"{root}/addresses", {}))
    address = alias(shown.text)
    assert "has no condition" in (await reader.get(f"{root}/{one.id}")).text
    assert await push(app, address) == 422
    await reader.send(f"{root}/{one.id}/pushes", {})
    assert await push(app, address, {**PUSH, "after": "d"}) == 204
    found = re.search(rf"{root}/addresses/(\d+)/delete", shown.text)
    assert found
    await reader.send(found[0], {})
    assert await push(app, address) == 404


async def test_everybody_else_looks_and_changes_nothing(scene: Scene, reader: Reader, root: str, app: Quart) -> None:
    one = await made(reader, root)
    user = await User.create(created=scene.hub.clock(), username="guest", name="Guest", email="g@b.t",
                             password_hash=await hash_password(PASSWORD))  # fmt: skip
    await Membership.create(project=scene.project, user=user, role="guest")
    guest = Reader(app)
    assert (await guest.sign_in("guest", PASSWORD)).status == 303
    listed = (await guest.get(root)).text
    assert "On push" in listed
    assert "Last delivery" not in listed
    assert "data-row-add" not in (await guest.get(f"{root}/{one.id}/rules")).text
    for path in (f"{one.id}/active", f"{one.id}/addresses", f"{one.id}/pushes", "addresses", f"{one.id}/delete"):
        await guest.send(f"{root}/{path}", {})
    assert (await guest.get(f"{root}/{one.id}/deliveries")).status == 403
    await one.refresh_from_db()
    assert one.active
    assert await IntegrationMatcher.all().count() == 0
