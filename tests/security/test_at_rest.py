"""Secrets in the database: unreadable without the key ring, bound to their place, and never silently in the clear."""

from __future__ import annotations

import json

import pytest

from hub.boot import open_hub
from hub.errors import HubError, SettingsError, Unavailable
from hub.models import Key, Task, Template
from hub.services import keys, vaulting
from hub.services.environments import EnvironmentDraft, create_environment
from hub.services.keys import KeyDraft, create_key, read_secret
from hub.services.tasks.launch import TaskDraft, launch
from hub.settings import Settings
from hub.testing.booted import administrator
from hub.vault import new_key_text, read_ring, ring_file

CANARY = "cnry-at-rest-3e7d-value"


async def a_key(hub, project_id, name="x"):
    body = {"name": name, "type": "login_password", "login_password": {"login": "l", "password": f"{CANARY}-{name}"}}
    made = await create_key(hub, await administrator(), project_id, KeyDraft.read(body))
    return await Key.get(id=made["id"])


def stored(hub) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(hub.settings.data_dir.glob("hub.sqlite3*")))


async def test_every_kind_of_secret_is_sealed_when_it_is_written(hub, mine):
    """Also those that a later version adds: nothing of the canary is in the file, in whatever column."""
    actor = await administrator()
    await a_key(hub, mine.project)
    secrets = [{"operation": "create", "type": kind, "name": kind, "secret": CANARY} for kind in ("var", "env")]
    await create_environment(
        hub, actor, mine.project, EnvironmentDraft.read({"name": "g", "json": "{}", "secrets": secrets})
    )
    await Template.filter(id=mine.template).update(survey_vars=[{"name": "A", "title": "A", "type": "secret"}])
    for member in ("secret", "environment"):
        draft = TaskDraft(template_id=mine.template, **{member: json.dumps({"A": CANARY})})
        await launch(hub, actor, mine.project, draft)
    assert CANARY.encode() not in stored(hub)
    assert b"v1:" in stored(hub)
    report = await vaulting.check(hub)
    assert (report.current, report.broken) == (6, [])  # three keys, two tasks, and the proof of the ring


async def test_an_answer_that_is_sent_as_a_secret_is_kept_as_one(hub, mine):
    """Whatever the template says of the variable: who sends it knows what it is."""
    await Template.filter(id=mine.template).update(survey_vars=[{"name": "A", "title": "A"}])
    draft = TaskDraft(template_id=mine.template, secret=json.dumps({"A": CANARY}))
    made = await launch(hub, await administrator(), mine.project, draft)
    assert CANARY not in json.dumps(made, default=str)
    assert CANARY.encode() not in stored(hub)


async def test_the_password_of_a_variable_group_is_no_secret_in_the_clear(people, mine, hub):
    """A member of the wire that the hub has no use for; it must not keep or show what people put there."""
    owner = await people.somebody("owner", (mine.project, "owner"))
    made = await owner.made(f"/project/{mine.project}/environment", {"name": "g", "json": "{}", "password": CANARY})
    path = f"/project/{mine.project}/environment/{made['id']}"
    await owner.put(path, {"name": "g", "json": "{}", "password": CANARY})
    assert CANARY not in (await owner.get(path)).data.decode() + json.dumps(made)
    assert CANARY.encode() not in stored(hub)


async def test_a_sealed_text_moved_to_another_row_does_not_open(hub, mine):
    one, other = await a_key(hub, mine.project, "one"), await a_key(hub, mine.project, "other")
    await Key.filter(id=other.id).update(secret=one.secret)
    with pytest.raises(Unavailable):
        await read_secret(hub, await Key.get(id=other.id))
    task = await Task.get(id=mine.task)
    with pytest.raises(Unavailable):
        hub.vault.open(str(one.secret), f"task.secret.{task.id}".encode())
    assert (await vaulting.check(hub)).broken != []


@pytest.mark.parametrize(
    "change", ["", "v1:", "v0:k1:AAAA", "plain text", "v1:k1:", "v1:none:AAAA", "v1:k1:%%%", "flip"]
)
async def test_a_sealed_text_that_was_changed_does_not_open(hub, mine, change):
    key = await a_key(hub, mine.project)
    sealed = str(key.secret)
    if change == "flip":
        change = sealed[:-3] + ("A" if sealed[-3] != "A" else "B") + sealed[-2:]
    with pytest.raises(HubError) as refusal:
        hub.vault.open(change, f"key.secret.{key.id}".encode())
    assert CANARY not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_a_key_whose_secret_does_not_open_is_not_taken_as_empty(stage):
    """It fails closed: a task that needs it does not run without it."""
    key = await a_key(stage.hub, stage.project.id)
    other = await a_key(stage.hub, stage.project.id, "other")
    await Key.filter(id=key.id).update(secret=other.secret)
    await stage.repository.update_from_dict({"ssh_key_id": key.id}).save()
    task = await stage.run(await stage.template("hello.sh"))
    assert task["status"] == "error"
    assert "hello" not in (await stage.lines(task["id"]))


async def test_equal_secrets_look_different(hub, mine):
    one, other = await a_key(hub, mine.project), await a_key(hub, mine.project)
    assert one.secret != other.secret


async def test_a_database_without_its_key_ring_is_refused(plugins, tmp_path):
    settings = Settings(data_dir=tmp_path / "data", admin_password="x")
    async with open_hub(settings, plugins=plugins):
        pass
    ring = ring_file(settings.data_dir)
    ring.unlink()
    with pytest.raises(SettingsError, match="key ring is missing"):
        async with open_hub(settings, plugins=plugins):
            raise AssertionError("it opened")
    assert not ring.exists()
    with pytest.raises(SettingsError, match="another key"):
        async with open_hub(settings.model_copy(update={"vault_keys": f"k1:{new_key_text()}"}), plugins=plugins):
            raise AssertionError("it opened")


async def test_keys_are_no_keys_without_randomness():
    from hub.vault import parse_ring

    for text in ("", "k1:", "k1:AAAA", "k1:" + "A" * 43 + "=", "k1:" + "//////////////////////////////////////////8=",
                 "k1", "=", "k1:c2hvcnQ=,k1:c2hvcnQ=", "../x:" + "A" * 43 + "="):  # fmt: skip
        with pytest.raises(SettingsError):
            parse_ring(text)


async def test_the_files_of_the_hub_are_its_own(hub, mine):
    """Another user of the machine reads neither the database nor the ring."""
    data = hub.settings.data_dir
    assert data.stat().st_mode & 0o777 == 0o700
    for path in (ring_file(data), *data.glob("hub.sqlite3*")):
        assert path.stat().st_mode & 0o077 == 0, path
    ring_file(data).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        read_ring(data)


async def test_no_route_gives_a_secret_back(people, mine, hub):
    key = await a_key(hub, mine.project)
    owner = await people.somebody("owner", (mine.project, "owner"))
    for path in (f"/keys/{key.id}", "/keys", f"/keys/{key.id}/refs", f"/environment/{mine.environment}"):
        reply = await owner.get(f"/project/{mine.project}{path}")
        assert reply.status == 200
        assert CANARY.encode() not in reply.data
        assert str(key.secret).encode() not in reply.data
    assert keys.read_secret is read_secret
